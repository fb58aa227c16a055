"""The ways between a service, its requests and what changed, with the keys that a person presses."""

from __future__ import annotations

from driver import LARGE, Session, drive


def test_the_end_of_the_list_brings_more_and_the_top_follows_again() -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "enter", "r")
        await session.until("● live")
        assert "1,240 in 1h, 200 here" in session.text
        await session.press("G")
        await session.until("191–209 of 1,240")
        assert "held, g follows" in session.text
        await session.press("G")
        assert "1,240 of 1,240" in session.text
        await session.press("g")
        await session.until("200 here")
        assert "● live" in session.text

    drive(scenario)


def test_an_order_is_chosen_with_its_key() -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "enter", "r")
        for words in ("slowest first", "dearest first", "failing only, newest first", "newest first"):
            await session.press("o")
            await session.until(words)

    drive(scenario)


def test_a_filter_is_answered_by_the_daemon_when_it_is_kept() -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "enter", "r", "/", *"timeout")
        assert "among the rows here" in session.text
        await session.press("enter")
        await session.until("n 17 in 1h")
        assert "✖ timeout" in session.line("›")

    drive(scenario)


def test_from_a_service_to_what_changed_to_its_requests_and_to_one_of_them() -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "enter", "x")
        await session.until("▲ typical latency")
        await session.press("enter")
        await session.until("/version=v42 route=/v1/chat")
        assert "v41" not in session.text
        await session.press("enter")
        await session.until("── standing")
        assert "chat-assist  v42  /v1/chat" in session.text
        await session.press("escape", "escape", "escape")
        await session.until("what changed in chat-assist")

    drive(scenario, size=LARGE)


def test_a_metric_is_chosen_with_its_key() -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "enter", "x", "m")
        await session.until("▲ error rate 0.40% → 2.10%")

    drive(scenario)


def test_the_timeline_leads_to_the_sources() -> None:
    async def scenario(session: Session) -> None:
        await session.press("T")
        await session.until("what happened")
        await session.press(*"jjjj", "enter")
        await session.until("/data/broken.csv")
        assert session.app.frame.state.view == "sources"

    drive(scenario)


def test_a_digit_shows_the_features_of_a_request_alone() -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "enter", "r", "enter")
        await session.until("── standing")
        await session.press("1")
        await session.until("›conversation_turns")
        await session.press("j")
        assert "›has_tools" in session.text

    drive(scenario)

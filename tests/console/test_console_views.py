"""What the views never do: hide a name, forget a reason, or draw what they cannot say."""

from __future__ import annotations

import msgspec
import pytest
from driver import LARGE, SMALL, Session, drive
from fleet import FakeClient, fleet_view, service_view

from opsconsole import wire

LONG = "chat-assist-eu-central-production-canary"


def renamed(name: str, window: str) -> wire.ServiceView:
    view = service_view("chat-assist", window)
    models = ("gpt-4o-2024-11-20-finetuned-for-support", "gpt-4o-mini-2024-07-18-finetuned")
    return msgspec.structs.replace(
        view, service=LONG, total=msgspec.structs.replace(view.total, models=models), reasons=tuple("abcde")
    )


def test_no_fact_cuts_the_name_of_the_service() -> None:
    async def scenario(session: Session) -> None:
        head = session.text.splitlines()[1]
        assert LONG in head
        assert "req/s" in head
        assert "…" not in head

    drive(scenario, start_service=LONG, client=FakeClient(service_answer=renamed))


def test_reasons_that_have_no_room_are_counted() -> None:
    async def scenario(session: Session) -> None:
        assert "a  and 4 more" in session.text

    drive(scenario, start_service=LONG, client=FakeClient(service_answer=renamed))


def test_reasons_of_the_fleet_that_have_no_room_are_counted() -> None:
    def answer(window: str) -> wire.FleetView:
        view = fleet_view(window, names=("chat-assist",))
        return msgspec.structs.replace(
            view, services=tuple(msgspec.structs.replace(row, reasons=tuple("abcdef")) for row in view.services)
        )

    async def scenario(session: Session) -> None:
        assert "▲ d  and 2 more" in session.text

    drive(scenario, client=FakeClient(fleet_answer=answer))


@pytest.mark.parametrize(("size", "keys"), [(SMALL, ("1",)), (LARGE, ())], ids=["panel alone", "large screen"])
def test_versions_are_drawn_side_by_side_where_there_is_room(size: tuple[int, int], keys: tuple[str, ...]) -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "enter", *keys)
        for quantile in ("p99", "p50"):
            assert f"{quantile}  ⠤⠤⠤ v41 · ⠄⠄⠄ v42" in session.text

    drive(scenario, size=size)


def test_a_panel_without_data_takes_no_room_from_others() -> None:
    async def scenario(session: Session) -> None:
        await session.press("G", "enter")
        at = [i for i, row in enumerate(session.text.splitlines()) if row.startswith((" 1 latency", " 2 traffic"))]
        assert at[1] == at[0] + 1
        assert "1 latency  not logged" in session.text

    drive(scenario)


@pytest.mark.parametrize(("keys", "is_marked"), [(("j", "enter", "2"), True), (("enter", "2"), False)])
def test_only_a_live_window_has_a_bucket_that_is_not_over(keys: tuple[str, ...], is_marked: bool) -> None:
    async def scenario(session: Session) -> None:
        await session.press(*keys)
        assert ("┆" in session.text) is is_marked

    drive(scenario)

"""The page of an act: what is on it at every size, on any data, and what it costs on the line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from answers_release import canary_release, plan_of
from fleet import NOW
from hostile import PAYLOADS, client
from painting import frame_at

from benchmarks.byte_budget import MOST_STILL, Wire
from opsconsole import wire
from opsconsole.console import confirming
from opsconsole.console.frame import Frame
from opsconsole.console.grammar.keymap import Keymap
from opsconsole.console.lines import line_width, plain, whole
from opsconsole.console.place import Place
from opsconsole.console.proceeding import ActStage, Proceeding
from opsconsole.console.text import is_safe
from opsconsole.console.views import screen

SIZES = [(80, 24), (160, 50)]
ORDER = wire.OrderRequest(service="chat-assist", act="promote", version="v42")
REFUSED = (wire.Refusal(rule="evidence", why="88 requests of 100", remedy="wait a little"),)
MOVED = wire.Outcome(op_id="op-91c2d7", word="moved", told="bob was faster")


def frame_of(
    plan: wire.Plan, *, stage: ActStage = "confirming", typed: str = "", now_s: float = 2.0, **changes: Any
) -> Frame:
    """A frame on this plan, two seconds after it was opened."""
    token = "" if plan.refusals else plan.confirm_with
    prompt = replace(confirming.opened(token, "p", 0.0, 300.0), typed=typed)
    going = Proceeding(plan.order, "p", 0.0, again="p", stage=stage, plan=plan, confirming=prompt, **changes)
    frame = frame_at(Place("release", "chat-assist"))
    return replace(frame, state=replace(frame.state, mode="plan"), proceeding=going, now_s=now_s)


def rows(frame: Frame, size: tuple[int, int] = (80, 24)) -> list[str]:
    lines = screen.paint(frame, Keymap(), *size)
    assert [line_width(each) for each in lines] == [size[0]] * size[1]
    return [plain(each) for each in lines]


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x50"])
@pytest.mark.parametrize("scroll", [0, 5, 1_000])
def test_environment_change_evidence_and_prompt_are_always_on_it(size: tuple[int, int], scroll: int) -> None:
    crowded = plan_of(ORDER, warnings=tuple(f"warning {i}" for i in range(40)), requests=plan_of(ORDER).requests * 20)
    text = "\n".join(rows(frame_of(crowded, typed="chat", scroll=scroll), size))
    for needle in (
        "prod · promote v42 · chat-assist", "good for 5m", "now v41 90% · v42 10%  → then v42 100%", "40.2k", "0.72%",
        "2.11s", "type chat-assist to promote v42: chat▏",
    ):  # fmt: skip
        assert needle in text, needle
    assert ("more lines" in text) is (scroll < 100)


def test_what_would_be_sent_is_there_to_its_last_character() -> None:
    body = "  " + "x" * 700 + " end of body"
    plan = plan_of(ORDER, requests=(wire.TargetRequest(method="PATCH", where="https://h/" + "y" * 300, body=body),))
    shown = "".join("".join(row[13:].rstrip() for row in rows(frame_of(plan, scroll=i))[6:20]) for i in (0, 10, 20))
    assert "y" * 200 in shown
    assert "end of body" in shown
    assert "…" not in shown


def test_a_long_text_is_broken_and_nothing_of_it_is_lost() -> None:
    text = "  two blanks, " + "word" * 40 + " and  an end"
    assert "".join(plain(row) for row in whole(text, 30)).replace(" ", "") == text.replace(" ", "")
    assert all(line_width(row) <= 30 for row in whole(text, 30))


def test_what_is_typed_is_seen_to_its_end_however_long_the_name() -> None:
    name = "chat-assist-eu-central-production-canary-number-seventeen"
    plan = plan_of(ORDER, confirm_with=name)
    for typed in ("c", name[:30], name[:-1]):
        assert f"{typed[-20:]}▏" in rows(frame_of(plan, typed=typed))[-2]
    assert "Bksp mends" in rows(frame_of(plan, typed=name[:20] + "xx"))[-2]


@pytest.mark.parametrize(
    ("token", "asked"),
    [
        ("ba", "type ba: "),
        ("chat-assist", "type chat-assist: "),
        ("chat-assist-eu-central-production-canary-number-seventeen", "type the service's name: "),
    ],
)
def test_the_prompt_asks_for_what_has_to_be_typed_however_long_the_versions_are(token: str, asked: str) -> None:
    service = token if len(token) > 2 else "chat-assist"
    order = wire.OrderRequest(service=service, act="promote", version="2026.11.25-rc1-" + "f00d" * 12)
    assert f"{asked}▏" in rows(frame_of(plan_of(order, confirm_with=token)))[-2]


def test_a_refused_plan_has_its_remedies_first_and_no_prompt() -> None:
    text = rows(frame_of(plan_of(ORDER, refusals=REFUSED)))
    assert "✖ evidence: 88 requests of 100" in text[6]
    assert "→ wait a little" in text[7]
    assert "there is nothing to type" in text[-2]
    assert "any key closes" in text[-1]


def test_before_it_listens_it_asks_to_read() -> None:
    assert "read …" in rows(frame_of(plan_of(ORDER), now_s=0.1))[-2]


def test_a_text_that_no_keyboard_has_is_said_to_need_the_command() -> None:
    assert "use the command" in rows(frame_of(plan_of(ORDER, confirm_with="a\x1bb")))[-2]


def test_a_version_without_records_has_dashes() -> None:
    order = wire.OrderRequest(service="chat-assist", act="promote", version="v99")
    row = next(row for row in rows(frame_of(plan_of(order))) if row.startswith(" v99"))
    assert row.split() == ["v99", "–", "0", "–", "–", "–", "–"]


def test_a_world_that_moved_says_what_others_did_meanwhile() -> None:
    entry = wire.HistoryEntry(
        op_id="op-bob",
        at=NOW,
        actor="bob",
        act="promote",
        told="promote v42",
        before={},
        after={"v42": 1.0},
        word="done",
    )
    frame = frame_of(plan_of(ORDER), stage="done", outcome=MOVED)
    view = canary_release({"service": "chat-assist"}, history=(entry,))
    text = "\n".join(rows(replace(frame, answers={"release": view})))
    assert "13:04:12 bob: promote v42" in text
    assert "p plans anew" in text


def test_the_verdict_is_the_newest_there_is() -> None:
    done = wire.Outcome(
        op_id="op-91c2d7", word="done", told="replaced", verdict=wire.Verdict(effect="pending", why="too few")
    )
    view = canary_release({"service": "chat-assist"})
    assert view.watch is not None
    watch = msgspec.structs.replace(view.watch, op_id="op-91c2d7")
    for answer, word in ((view, "◌ pending"), (msgspec.structs.replace(view, watch=watch), "✔ effective")):
        frame = frame_of(plan_of(ORDER), stage="done", outcome=done)
        assert word in "\n".join(rows(replace(frame, answers={"release": answer})))


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x50"])
@pytest.mark.parametrize("stage", ["confirming", "sent", "done"])
def test_no_text_of_a_plan_or_an_outcome_controls_the_terminal(stage: ActStage, size: tuple[int, int]) -> None:
    poisoned = client()
    for first in range(0, len(PAYLOADS), 7):
        for _ in range(first):
            next(poisoned.numbers)
        plan = poisoned._walk(plan_of(ORDER, refusals=REFUSED if first % 2 else ()))
        outcome = poisoned._walk(msgspec.structs.replace(MOVED, refusals=REFUSED)) if stage == "done" else None
        bob = poisoned._walk(
            wire.Presence(console="b", user="bob", origin="o", view="v", service=plan.order.service, armed="promote")
        )
        for scroll in (0, 8, 16):
            frame = frame_of(plan, stage=stage, outcome=outcome, scroll=scroll, note=next(iter(PAYLOADS.values())))
            assert all(is_safe(row) for row in rows(replace(frame, present=(bob,)), size))
    bar = replace(
        frame, state=replace(frame.state, mode="arm"), arming=confirming.opened(PAYLOADS["csi move"], "R", 0, 9)
    )
    assert all(is_safe(row) for row in rows(bar, size))


def test_a_page_that_stands_still_costs_next_to_nothing_though_it_counts_down() -> None:
    for size in SIZES:
        line = Wire(*size)
        first = frame_of(plan_of(ORDER))
        line.send(first)
        sent = sum(line.send(replace(first, now_s=2.0 + second)) for second in range(1, 240))
        assert sent / 240 <= MOST_STILL / 4

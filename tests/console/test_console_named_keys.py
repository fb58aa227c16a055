"""Texts that name a key: they name the one that is configured, wherever they stand."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from answers_alerts import alert_view
from answers_incidents import incident, incident_view
from driver import Session, drive
from fleet import FakeClient, fleet_view
from painting import frame_at, text_of
from releasing import BRIEF, READ_ONLY, releasing

from opsconsole.console.frame import Frame
from opsconsole.console.grammar.actions import ACTIONS
from opsconsole.console.grammar.keymap import Keymap, remapped
from opsconsole.console.place import Place

MOVED = {
    "back": "Q", "clear": "Q", "role": "ö", "tell": "ä", "note": "ü", "open_explain": "ß", "open_alerts": "Ä",
    "open_sources": "Ö", "step_skip": "é", "step_note": "è", "step_abort": "ê", "arm": "Ü", "freeze": "Æ",
    "form_next": "ctrl-n", "scroll_down": "n", "copy_text": "c", "close_text": "x", "cancel_form": "ctrl-g",
    "form_before": "ctrl-p",
}  # fmt: skip
"""Action → another key, none of which is used."""
KEYMAP = remapped(MOVED, {})


def seen(frame: Frame) -> str:
    return text_of(replace(frame, keys=KEYMAP.names))


def test_every_action_with_a_key_has_a_name_for_it() -> None:
    assert set(Keymap().names) == {each.id for each in ACTIONS}


@pytest.mark.parametrize(
    ("frame", "told"),
    [
        (frame_at(Place("run").choosing(key="RUN-3")), "é skip · è note · ê abort · Q leave it"),
        (frame_at(Place("checklist").choosing(key="error-spike")), "1 about  c runs it"),
        (frame_at(Place("incidents", filter="nosuch")), "no incident matches; Q shows all"),
        (frame_at(Place(filter="nosuch")), "no service matches; Q shows all"),
        (frame_at(Place("drift", "chat-assist", filter="nosuch")), "nothing matches; Q shows all"),
    ],
)
def test_a_view_names_the_keys_that_are_configured(frame: Frame, told: str) -> None:
    assert told in seen(frame)


def test_a_page_with_nothing_on_it_names_the_keys_that_are_configured() -> None:
    bare = msgspec.structs.replace(incident_view({}), incident=incident(roles=(), updates=(), notes=()))
    text = seen(frame_at(Place("incident", panel=3).choosing(key="INC-7"), bare))
    assert "nobody has a role: ö takes one" in text
    assert "ä drafts one" in seen(frame_at(Place("incident", panel=5).choosing(key="INC-7"), bare))
    assert "ü writes one" in seen(frame_at(Place("incident", panel=6).choosing(key="INC-7"), bare))
    view = alert_view({"alert": "A-3"})
    alone = msgspec.structs.replace(view, alert=msgspec.structs.replace(view.alert, explained=()))
    assert "not looked for: ß looks" in seen(frame_at(Place("alert").choosing(key="A-3"), alone))


def test_what_opens_above_a_view_and_what_a_key_answers_name_them_too() -> None:
    async def scenario(session: Session) -> None:
        await session.press("Ä", "a")
        assert "^n does it · ^g" in session.bottom
        await session.press("ctrl+n")
        assert "^n once more does it" in session.text
        await session.press("ctrl+g", "enter", "4", "enter")
        assert "n k scroll · c copy · x close" in session.text
        await session.press("x", "Q", "Q", "Q", "Æ", "b")
        assert "in the past: Æ returns to now" in session.bottom

    drive(scenario, client=FakeClient(fleet_answer=lambda window: fleet_view(window)), keymap=KEYMAP)


def test_a_console_that_is_not_armed_names_the_key_that_arms_it() -> None:
    async def scenario(session: Session) -> None:
        await session.press("j", "b")
        assert "read-only: Ü arms this console" in session.bottom

    drive(scenario, client=releasing(permission=READ_ONLY, releases=(BRIEF,)), keymap=KEYMAP)


def test_the_first_key_of_going_back_takes_back_the_filter_first() -> None:
    async def scenario(session: Session) -> None:
        await session.press("Ä", "/", *"nosuch", "enter")
        assert "no alert matches; Q shows all" in session.text
        await session.press("Q")
        assert "A-3" in session.text

    drive(scenario, client=FakeClient(fleet_answer=lambda window: fleet_view(window)), keymap=KEYMAP)

"""Pages of what there is not: the daemon's word for it, where to go, and the way back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from driver import Session, drive
from fleet import FakeClient, fleet_view
from painting import frame_at, text_of

from opsconsole import wire
from opsconsole.console.place import Place
from opsconsole.errors import UsageError

NAMES = {"alert": "A-99", "incident": "INC-99", "run": "RUN-99", "checklist": "nosuch"}
LISTED = {"alert": "alerts", "incident": "incidents", "run": "checklists", "checklist": "checklists"}


@dataclass
class Knowing(FakeClient):
    """A daemon that knows nothing of these names, and answers when it may."""

    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def view(self, kind: str, parameters: Mapping[str, str], after: int = 0) -> wire.Answer:
        if NAMES.get(kind) in parameters.values():
            await self.may_answer.wait()
            raise UsageError(f"there is no {kind} {NAMES[kind]!r}", "There are: these and those.")
        return await super().view(kind, parameters, after)


@pytest.mark.parametrize("kind", NAMES)
def test_once_the_daemon_has_answered_it_is_said_that_there_is_none_and_where_to_look(kind: str) -> None:
    fake = Knowing(fleet_answer=lambda window: fleet_view(window, names=("chat-assist",)))

    async def scenario(session: Session) -> None:
        await session.press(":", *f"{kind} {NAMES[kind].lower()}", "enter")
        assert f"waiting for {kind} {NAMES[kind]}" in session.text
        fake.may_answer.set()
        await session.until(f"✖ there is no {kind} '{NAMES[kind]}'")
        assert "waiting for" not in session.text
        assert "There are: these and those." in session.text
        assert f":{LISTED[kind]} lists what there is" in session.text
        await session.press("escape")
        await session.until("chat-assist")
        assert NAMES[kind] not in session.text

    drive(scenario, client=fake)


def test_what_was_refused_of_one_page_is_not_said_of_the_next() -> None:
    class Slow(Knowing):
        async def view(self, kind: str, parameters: Mapping[str, str], after: int = 0) -> wire.Answer:
            if parameters.get("alert") == "A-2":
                await asyncio.Event().wait()
            return await super().view(kind, parameters, after)

    fake = Slow()
    fake.may_answer.set()

    async def scenario(session: Session) -> None:
        await session.press(":", *"alert A-99", "enter")
        await session.until("there is no alert 'A-99'")
        await session.press(":", *"alert A-2", "enter")
        assert "waiting for alert A-2" in session.text
        assert "there is no alert" not in session.text

    drive(scenario, client=fake)


@pytest.mark.parametrize("kind", ["alert", "incident", "run", "checklist"])
def test_what_was_open_before_is_not_shown_in_the_place_of_another(kind: str) -> None:
    place = Place(kind)  # type: ignore[arg-type]  # one of the views
    other = frame_at(place.choosing(key={"checklist": "error-spike"}.get(kind, "")))
    assert f"waiting for {kind} X-9" in text_of(frame_at(place.choosing(key="X-9"), other.answers[kind]))  # type: ignore[index]

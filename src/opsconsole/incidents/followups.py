"""What is to be done once an incident is over: found in notes, and found again when it was not done in time.

Always true here: a line of a note that says ``TODO:`` becomes a follow-up, whatever else it holds; a date is read as of
the day on which it was written, and the words that were no date stay in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from opsconsole import wire
from opsconsole.incidents.ledger import Incidents, is_open
from opsconsole.incidents.timers import review_due

_MARK = re.compile(r"\bTODO\b\s*:\s*(.*)", re.I)
_OWNER = re.compile(r"(?<![\w@])@([\w][\w.\-]{0,63})")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DUE = re.compile(
    r"\b(?:due|by|until)[:\s]+(?P<day>\d{4}-\d{2}-\d{2}|today|tomorrow|in\s+\d{1,3}\s*(?:d|days?|w|weeks?)|"
    + "|".join(f"{day[:3]}(?:{day[3:]})?" for day in _DAYS)
    + r")\b",
    re.I,
)


class Found(NamedTuple):
    """A follow-up as a line says it."""

    text: str
    owner: str = ""
    due: date | None = None


def harvest(note: str, written_on: date) -> list[Found]:
    """The follow-ups in a note, in its order: ``TODO: raise the limit @ann due friday``."""
    marked = (_MARK.search(line) for line in note.splitlines())
    return [read(found[1], written_on) for found in marked if found and found[1].strip()]


def read(text: str, written_on: date) -> Found:
    """Owner (``@name``) and day (``due friday``, ``by 2026-12-01``, ``in 3 days``) of one, taken out of its text."""
    owner, day = _OWNER.search(text), _DUE.search(text)
    due = _day(day["day"].lower(), written_on) if day else None
    rest = text
    if day and due is not None:
        rest = rest.replace(day[0], " ", 1)
    if owner:
        rest = rest.replace(owner[0], " ", 1)
    words = " ".join(rest.split()).rstrip(" ,;:-")
    return Found(words or text.strip(), owner[1].rstrip(".-") if owner else "", due)


def _day(word: str, today: date) -> date | None:
    """The day that a word means; None for a date that the calendar does not have."""
    if word in ("today", "tomorrow"):
        return today + timedelta(days=word == "tomorrow")
    if word.startswith("in"):
        n = int(re.sub(r"\D", "", word))
        return today + timedelta(days=7 * n if "w" in word else n)
    if word[0].isdecimal():
        try:
            return date.fromisoformat(word)
        except ValueError:
            return None
    wanted = next(i for i, day in enumerate(_DAYS) if day.startswith(word))
    return today + timedelta(days=(wanted - today.weekday() - 1) % 7 + 1)


def overdue(state: Incidents, now: datetime) -> tuple[wire.IncidentFinding, ...]:
    """Reviews and follow-ups that should have been done by now, the longest overdue first: for whoever tells people."""
    found = [finding for incident in state.by_id.values() for finding in _of(incident, now)]
    return tuple(sorted(found, key=lambda finding: (finding.due, finding.key)))


def _of(incident: wire.Incident, now: datetime) -> Iterator[wire.IncidentFinding]:
    due = review_due(incident)
    if due is not None and not is_open(incident) and incident.review != "reviewed" and now > due:
        commander = next((role.person for role in incident.roles if role.role == "commander"), "")
        yield _finding(incident, "review", f"review of {incident.incident} {incident.title}", commander, due, now)
    for each in incident.follow_ups:
        if each.done_at is None and each.due is not None:
            end = datetime.combine(each.due + timedelta(days=1), time(), UTC)
            if now >= end:
                yield _finding(incident, f"follow-up:{each.number}", each.text, each.owner, end, now)


def _finding(
    incident: wire.Incident, what: str, title: str, owner: str, due: datetime, now: datetime
) -> wire.IncidentFinding:
    return wire.IncidentFinding(
        key=f"{incident.incident}:{what}",
        incident=incident.incident,
        services=incident.services,
        title=title,
        owner=owner,
        due=due,
        overdue_s=(now - due).total_seconds(),
    )

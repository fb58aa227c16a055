"""What is due in an incident, and what is overdue: a pure function of its record and of the time.

Always true here: nothing is remembered but the record, so every console and every restart says the same; what was done
resets what it was due for; a severity that asks for nothing has no timer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import takewhile
from typing import NamedTuple

from opsconsole import wire
from opsconsole.incidents.ledger import holder, is_open, moment, worst

MINUTE = timedelta(minutes=1)
WARNING = timedelta(minutes=5)
"""So long before it is overdue, the next update is due."""
CALLED_OUT = timedelta(minutes=1)
"""So long is a call-out due; nobody answers it, so it is never overdue."""


class Cadence(NamedTuple):
    """What one severity asks for; None: nothing."""

    first_update: timedelta | None = None
    """The first message, from the opening on."""
    scope: timedelta | None = None
    """What is hit and how far it reaches, from the first message on."""
    update: timedelta | None = None
    """From one message to the next."""
    call_out: timedelta | None = None
    """The deputy says how long it has been going on."""
    handover: tuple[timedelta, timedelta] | None = None
    """A commander should hand over after the first, and has to after the second."""
    review_days: int | None = None
    review_business_days: int | None = None
    """Calendar days, or days from Monday to Friday, from the resolution on."""


_HANDOVER = (60 * MINUTE, 180 * MINUTE)
CADENCES: dict[wire.Severity, Cadence] = {
    "SEV-1": Cadence(5 * MINUTE, 5 * MINUTE, 20 * MINUTE, 10 * MINUTE, _HANDOVER, review_days=3),
    "SEV-2": Cadence(5 * MINUTE, 5 * MINUTE, 30 * MINUTE, 10 * MINUTE, _HANDOVER, review_business_days=5),
    "SEV-3": Cadence(),
    "SEV-4": Cadence(),
    "SEV-5": Cadence(),
}
"""PagerDuty's incident response documentation: first message within 5 minutes, scope within 5 more, updates at least
every 20 (SEV-1) to 30 minutes, a call-out every 10, a new commander after one hour and three at the most, the review
within 3 calendar days of a SEV-1 and 5 business days of a SEV-2."""


def timers(incident: wire.Incident, now: datetime) -> tuple[wire.IncidentTimer, ...]:
    """Every timer that runs: overdue ones first, then what is due, then what comes."""
    cadence = CADENCES[incident.severity]
    found = [timer for rule in _RULES for timer in rule(incident, cadence, now)]
    order = {"overdue": 0, "due": 1, "later": 2}
    return tuple(sorted(found, key=lambda each: (order[each.word], each.due_by)))


def due(incident: wire.Incident, now: datetime) -> tuple[wire.IncidentTimer, ...]:
    """Those that somebody has to do something about now."""
    return tuple(each for each in timers(incident, now) if each.word != "later")


def review_due(incident: wire.Incident) -> datetime | None:
    """When the review has to be there; None while it is not over, and where none is asked for."""
    resolved = moment(incident, "resolved")
    cadence = CADENCES[worst(incident)]
    if resolved is None or (cadence.review_days, cadence.review_business_days) == (None, None):
        return None
    if cadence.review_days is not None:
        return resolved + timedelta(days=cadence.review_days)
    return _business_days_after(resolved, cadence.review_business_days or 0)


def _business_days_after(start: datetime, days: int) -> datetime:
    """The same time of day so many days from Monday to Friday later."""
    at = start
    while days:
        at += timedelta(days=1)
        days -= at.weekday() < 5
    return at


def _timer(name: wire.TimerName, start: datetime, end: datetime, now: datetime, told: str) -> wire.IncidentTimer:
    word = "later" if now < start else "due" if now <= end else "overdue"
    return wire.IncidentTimer(name=name, word=word, due_from=start, due_by=end, told=told)  # type: ignore[arg-type]


def _began(incident: wire.Incident) -> datetime:
    """Since when messages are owed: it was opened or opened again, or became this serious."""
    since = incident.reopened_at or incident.opened_at
    major = list(takewhile(lambda change: CADENCES[change.severity].first_update, reversed(incident.severities)))
    return max(since, major[-1].at) if major else since


def _sent(incident: wire.Incident) -> list[wire.IncidentUpdate]:
    """Messages since then; those to executives alone tell nobody who waits."""
    began = _began(incident)
    return [each for each in incident.updates if each.at >= began and each.audience != "executive"]


Rule = Callable[[wire.Incident, Cadence, datetime], Iterator[wire.IncidentTimer]]


def _update(incident: wire.Incident, cadence: Cadence, now: datetime) -> Iterator[wire.IncidentTimer]:
    if not is_open(incident) or cadence.first_update is None or cadence.update is None:
        return
    sent = _sent(incident)
    if not sent:
        began = _began(incident)
        yield _timer("first update", began, began + cadence.first_update, now, "tell people that it is looked into")
        return
    last = sent[-1].at
    by = last + cadence.update
    yield _timer("update", by - WARNING, by, now, "send an update, and say when the next one comes")


def _scope(incident: wire.Incident, cadence: Cadence, now: datetime) -> Iterator[wire.IncidentTimer]:
    if not is_open(incident) or cadence.scope is None:
        return
    sent = _sent(incident)
    if sent and all(each.stage == "investigating" for each in sent):
        first = sent[0].at
        yield _timer("scope", first, first + cadence.scope, now, "say what is hit and how far it reaches")


def _final_update(incident: wire.Incident, cadence: Cadence, now: datetime) -> Iterator[wire.IncidentTimer]:
    resolved = incident.milestones.get("resolved")
    if is_open(incident) or cadence.first_update is None or resolved is None or incident.review == "reviewed":
        return
    if not any(each.stage == "resolved" and each.at >= _began(incident) for each in incident.updates):
        told = "say that it is over, and whether data was lost"
        yield _timer("final update", resolved.set_at, resolved.set_at + cadence.first_update, now, told)


def _call_out(incident: wire.Incident, cadence: Cadence, now: datetime) -> Iterator[wire.IncidentTimer]:
    if not is_open(incident) or cadence.call_out is None:
        return
    began = _began(incident)
    times = (now - began) // cadence.call_out
    at = began + times * cadence.call_out
    if times < 1 or now - at >= CALLED_OUT:
        at, times = at + cadence.call_out, times + 1
    minutes = times * cadence.call_out // MINUTE
    yield _timer("call-out", at, at + CALLED_OUT, now, f"call out: {minutes} minutes")


def _hand_over(incident: wire.Incident, cadence: Cadence, now: datetime) -> Iterator[wire.IncidentTimer]:
    commander = holder(incident, "commander")
    if not is_open(incident) or cadence.handover is None or commander is None:
        return
    should, has_to = cadence.handover
    told = f"hand the command over: {commander.person} has it since {commander.since:%H:%M}"
    yield _timer("handover", commander.since + should, commander.since + has_to, now, told)


def _review(incident: wire.Incident, cadence: Cadence, now: datetime) -> Iterator[wire.IncidentTimer]:
    by = review_due(incident)
    resolved = moment(incident, "resolved")
    if by is not None and resolved is not None and incident.review != "reviewed":
        yield _timer("review", resolved, by, now, f"write the review: opsconsole incident review {incident.incident}")


_RULES: tuple[Rule, ...] = (_update, _scope, _final_update, _call_out, _hand_over, _review)

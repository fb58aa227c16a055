"""Working an incident: every act is checked here, and then an event in the journal.

Always true here: what is refused is refused before anything is written; two people who act at once are both in the
journal, in its order; numbers are given under one lock, so no two incidents have the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from threading import RLock
from typing import Any

from opsconsole import wire
from opsconsole.clock import Clock
from opsconsole.errors import UsageError
from opsconsole.incidents import followups, milestones, severities
from opsconsole.incidents.ledger import OPENED, Incidents, after, holder, is_open, moment
from opsconsole.journal.book import Append, Book

AUTOMATION = "incidents"
"""Who writes down what evidence says."""
MOST_SERVICES = 50
_LIMITS = {"title": 200, "name": 100, "word": 2_000, "note": 10_000}
"""Characters of a title, of a name, of a reason or a reference, of a note."""


class Conduct:
    """The incidents of one home, and the only way to change them; any thread may act."""

    def __init__(self, append: Append, state: Incidents, clock: Clock, tell: Callable[[], None] = lambda: None) -> None:
        """``state`` is what followed from the journal so far; ``tell`` is called after each event."""
        self._book: Book[Incidents] = Book(append, after, state, tell)
        self._clock = clock
        self._lock = RLock()
        """Held from a check to the event that rests on it."""

    @property
    def state(self) -> Incidents:
        return self._book.state

    def incident(self, incident: str) -> wire.Incident:
        """Raises UsageError when there is none of this name."""
        found = self.state.by_id.get(incident.upper())
        if found is None:
            known = ", ".join(list(self.state.by_id)[-5:]) or "none yet"
            raise UsageError(f"there is no incident {incident!r}", f"The newest: {known}.")
        return found

    def _note(self, actor: str, incident: wire.Incident, kind: str, **data: Any) -> wire.Incident:
        service = incident.services[0] if len(incident.services) == 1 else ""
        self._book.note(actor, f"incident.{kind}", incident=incident.incident, service=service, **data)
        return self.state.by_id[incident.incident]

    # The record ---------------------------------------------------------------------------------------------------

    def open(self, actor: str, asked: wire.OpenIncident) -> wire.Incident:
        """Raises UsageError for an alert that an open incident has already."""
        title = _line("the title", asked.title, "title")
        if not title:
            raise UsageError("the incident has no title", "Say what is wrong, in one line.")
        services = _services(asked.services)
        with self._lock:
            if asked.alert and (other := self.state.working_on("alert", asked.alert)):
                raise UsageError(f"{other} works on the alert {asked.alert} already", f"Join it: {other}.")
            links = [{"kind": "alert", "ref": _line("the alert", asked.alert, "word")}] if asked.alert else []
            incident = self.state.next_id
            self._book.note(
                actor,
                OPENED,
                incident=incident,
                service=services[0] if len(services) == 1 else "",
                title=title,
                services=services,
                severity=severities.chosen(asked.severities),
                why=severities.doubt(asked.severities, _text("why", asked.why, "word")),
                links=links,
            )
            return self.state.by_id[incident]

    def rename(self, actor: str, asked: wire.RenameIncident) -> wire.Incident:
        with self._lock:
            incident = self.incident(asked.incident)
            title = _line("the title", asked.title, "title") if asked.title else incident.title
            services = _services(asked.services) if asked.services else incident.services
            return self._note(actor, incident, "renamed", title=title, services=services)

    def set_severity(self, actor: str, asked: wire.SetSeverity) -> wire.Incident:
        if not asked.severities:
            raise UsageError("no severity is named", "Name one, or two when unsure: the higher is taken.")
        why = severities.doubt(asked.severities, _text("why", asked.why, "word"))
        incident = self.incident(asked.incident)
        return self._note(actor, incident, "severity_set", severity=severities.chosen(asked.severities), why=why)

    def note(self, actor: str, asked: wire.AddNote) -> wire.Incident:
        """Write a note down, and the follow-ups that its ``TODO:`` lines name."""
        text = _text("the note", asked.text, "note")
        if not text:
            raise UsageError("the note is empty", "Write what you saw, did or decided.")
        found = followups.harvest(text, self._clock.now().date())
        return self._note(
            actor,
            self.incident(asked.incident),
            "noted",
            text=text,
            is_cause=asked.is_cause,
            follow_ups=[_follow_up(each.text, each.owner, each.due) for each in found],
        )

    def link(self, actor: str, asked: wire.AddLink, result_sha256: str = "") -> wire.Incident:
        """Link something; the same link again changes nothing.

        Raises UsageError for a range that is none.
        """
        ref = _text("what is linked", asked.ref, "note")
        if not ref:
            raise UsageError("nothing is named that could be linked", "Name an alert, a release, a run, a view, SQL.")
        if asked.start and asked.end and asked.end <= asked.start:
            raise UsageError(f"{asked.end.isoformat()} is not after {asked.start.isoformat()}", "Correct the range.")
        made = {
            "kind": asked.kind,
            "ref": ref,
            "service": _line("the service", asked.service, "name"),
            "start": asked.start.isoformat() if asked.start else None,
            "end": asked.end.isoformat() if asked.end else None,
            "result_sha256": result_sha256,
            "note": _text("the note", asked.note, "word"),
        }
        with self._lock:
            incident = self.incident(asked.incident)
            for each in incident.links:
                if asked.kind in ("alert", "release", "checklist") and (each.kind, each.ref) == (asked.kind, ref):
                    return incident
            return self._note(actor, incident, "linked", link=made)

    # People -------------------------------------------------------------------------------------------------------

    def change_role(self, actor: str, person: str, asked: wire.ChangeRole) -> wire.Incident:
        """Take, offer, accept or leave a role; ``person`` is who asks, in one word.

        Raises UsageError for an offer of what one does not have, and for accepting what was not offered.
        """
        with self._lock:
            incident = self.incident(asked.incident)
            held = holder(incident, asked.role)
            if asked.act in ("offer", "leave") and (held is None or held.person != person):
                who = held.person if held else "nobody"
                raise UsageError(f"{who} is {asked.role}, not {person}", f"Take it: role {asked.role} --take.")
            if asked.act == "accept" and (held is None or held.offered_to != person):
                raise UsageError(f"{asked.role} was not offered to {person}", f"Take it: role {asked.role} --take.")
            to = _line("to whom", asked.to, "name") if asked.act == "offer" else person
            if not to:
                raise UsageError(f"nobody is named who is to be {asked.role}", "Name the person.")
            if asked.act == "take" and held is not None and held.person == person:
                return incident
            kind = {"take": "taken", "offer": "offered", "accept": "accepted", "leave": "left"}[asked.act]
            return self._note(
                actor, incident, f"role_{kind}", role=asked.role, person="" if asked.act == "leave" else to
            )

    # Milestones ---------------------------------------------------------------------------------------------------

    def set_milestone(self, actor: str, asked: wire.SetMilestone) -> wire.Incident:
        """Raises UsageError for one before the impact's start, in the future, or that resolves what is open."""
        with self._lock:
            incident = self.incident(asked.incident)
            if asked.milestone == "resolved" and (is_open(incident) or asked.is_withdrawn):
                raise UsageError(
                    "an incident is resolved, or opened again, and not by its milestone",
                    f"opsconsole incident resolve {incident.incident}, or reopen.",
                )
            at = None if asked.is_withdrawn else self._past(asked.at)
            if at is not None:
                milestones.require_order(incident, asked.milestone, at)
            return self._milestone(
                actor, incident, asked.milestone, at, source="human", why=_text("why", asked.why, "word")
            )

    def _milestone(
        self, actor: str, incident: wire.Incident, milestone: wire.Milestone, at: datetime | None, **more: str
    ) -> wire.Incident:
        data = {"evidence": "", "why": "", **more}
        return self._note(
            actor, incident, "milestone_set", milestone=milestone, at=at.isoformat() if at else None, **data
        )

    def observe(self, evidence: milestones.Evidence) -> dict[str, tuple[str, ...]]:
        """Set what evidence says of open incidents.

        Returns, by incident, what was left to people because it contradicts the impact's start that one of them set.
        """
        contradicted: dict[str, tuple[str, ...]] = {}
        for known in self.state.open:
            for milestone in milestones.SOURCES:
                seen = milestones.news(self.state.by_id[known.incident], milestone, evidence)
                if seen is not None and (trouble := self._observed(known.incident, milestone, seen)):
                    contradicted[known.incident] = (*contradicted.get(known.incident, ()), trouble)
        return contradicted

    def _observed(self, name: str, milestone: wire.Milestone, seen: milestones.Seen) -> str:
        """Set one by evidence; why not, where it contradicts a person's word."""
        with self._lock:
            incident = self.state.by_id[name]
            start = incident.milestones.get("impact_start")
            by_evidence = {"source": "auto", "evidence": seen.command}
            if start is not None and start.source == "auto" and start.at and seen.at < start.at:
                incident = self._milestone(AUTOMATION, incident, "impact_start", seen.at, **by_evidence)
            if trouble := milestones.out_of_order(incident, milestone, seen.at):
                return f"evidence: {trouble}; correct one of them"
            self._milestone(AUTOMATION, incident, milestone, seen.at, **by_evidence)
            return ""

    def resolve(self, actor: str, asked: wire.ResolveIncident) -> wire.Incident:
        """Raises UsageError for one that is resolved, and for a moment that cannot be."""
        with self._lock:
            incident = self.incident(asked.incident)
            if not is_open(incident):
                raise UsageError(
                    f"{incident.incident} is {incident.status} already", "Correct when: incident milestone."
                )
            at = self._past(asked.at)
            milestones.require_order(incident, "resolved", at)
            return self._note(actor, incident, "resolved", at=at.isoformat(), why=_text("why", asked.why, "word"))

    def reopen(self, actor: str, asked: wire.ReopenIncident) -> wire.Incident:
        """Raises UsageError for one that is open."""
        with self._lock:
            incident = self.incident(asked.incident)
            if is_open(incident):
                raise UsageError(f"{incident.incident} is open", "Nothing has to be done.")
            return self._note(actor, incident, "reopened", why=_text("why", asked.why, "word"))

    def _past(self, at: datetime | None) -> datetime:
        now = self._clock.now()
        if at is not None and at > now:
            raise UsageError(f"{at.isoformat()} has not come yet", "Name a moment that has.")
        return at or now

    # Afterwards ---------------------------------------------------------------------------------------------------

    def change_follow_up(self, actor: str, asked: wire.ChangeFollowUp) -> wire.Incident:
        """Add a follow-up, or change or finish one. Raises UsageError for one that there is not."""
        text, owner = _line("the follow-up", asked.text, "word"), _line("the owner", asked.owner, "name")
        with self._lock:
            incident = self.incident(asked.incident)
            if not asked.number:
                if not text:
                    raise UsageError("the follow-up says nothing", "Write what is to be done.")
                return self._note(actor, incident, "followup_added", **_follow_up(text, owner, asked.due))
            known = next((each for each in incident.follow_ups if each.number == asked.number), None)
            if known is None:
                raise UsageError(
                    f"{incident.incident} has no follow-up {asked.number}", f"It has {len(incident.follow_ups)}."
                )
            if text or owner or asked.due:
                made = _follow_up(text or known.text, owner or known.owner, asked.due or known.due)
                incident = self._note(actor, incident, "followup_changed", number=known.number, **made)
            if asked.is_done and known.done_at is None:
                incident = self._note(actor, incident, "followup_done", number=known.number)
            return incident

    def draft_review(self, actor: str, incident: wire.Incident) -> wire.Incident:
        """A review was written: it is a draft from then on."""
        with self._lock:
            known = self.incident(incident.incident)
            return self._note(actor, known, "review_drafted") if known.review == "none" else known

    def finish_review(self, actor: str, incident: wire.Incident) -> wire.Incident:
        """Raises UsageError while the incident is open."""
        with self._lock:
            known = self.incident(incident.incident)
            if is_open(known):
                raise UsageError(f"{known.incident} is open", f"First: incident resolve {known.incident}.")
            return known if known.review == "reviewed" else self._note(actor, known, "reviewed")

    def log_update(self, actor: str, asked: wire.SendRequest, notifiers: Iterable[str]) -> wire.Incident:
        """Write down what was said to whom."""
        return self._note(
            actor,
            self.incident(asked.incident),
            "updated",
            stage=asked.stage,
            audience=asked.audience,
            template=asked.template,
            text=asked.text,
            notifiers=list(notifiers),
        )


def warnings(incident: wire.Incident, here: Iterable[wire.Presence]) -> tuple[str, ...]:
    """What is not as it should be about the people, in words."""
    found = []
    command = holder(incident, "commander")
    is_major = any(each.severity == incident.severity and each.is_major for each in wire.SEVERITIES)
    if command is None and is_major and is_open(incident):
        found.append("nobody is commander")
    if command is not None:
        seconds = [each.role for each in incident.roles if each.person == command.person and each.role != "commander"]
        others = {each.user for each in here} | {each.person for each in incident.roles}
        if seconds and others - {command.person}:
            found.append(f"{command.person} is commander and {', '.join(seconds)}: others are here to take that")
    for change in incident.role_history[-len(wire.INCIDENT_ROLES) :]:
        held = holder(incident, change.role)
        is_current = held is not None and held.since == change.at
        if change.how == "taken" and change.before and is_current:
            found.append(f"{change.person} took {change.role} from {change.before} without a handover")
    found += [
        f"{role.person} offers {role.role} to {role.offered_to}, who has not said yes"
        for role in incident.roles
        if role.offered_to
    ]
    start = moment(incident, "impact_start")
    for name, entry in incident.milestones.items():
        if start is not None and entry.at is not None and entry.at < start:
            found.append(f"{name} is before the impact's start")
    return tuple(found)


def _follow_up(text: str, owner: str, due: Any) -> dict[str, str]:
    return {"text": text, "owner": owner, "due": due.isoformat() if due else ""}


def _line(what: str, text: str, limit: str) -> str:
    """One line of text; raises UsageError for one that is too long."""
    return " ".join(_text(what, text, limit).split())


def _text(what: str, text: str, limit: str) -> str:
    if len(text) > _LIMITS[limit]:
        raise UsageError(f"{what} is longer than {_LIMITS[limit]:,} characters", "Say it shorter.")
    return text.strip()


def _services(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) > MOST_SERVICES:
        raise UsageError(f"{len(names)} services are more than {MOST_SERVICES}", "Name those that matter.")
    made = tuple(dict.fromkeys(_line("a service", name, "name") for name in names))
    return tuple(name for name in made if name)

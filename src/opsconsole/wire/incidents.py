"""What crosses the socket about incidents: the record, its timers and its timeline.

Always true here: an incident is what the journal's events make of it; whatever was edited keeps what it was before; a
milestone that nobody and nothing set is absent.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

from opsconsole.wire.base import HealthWord, Struct, View
from opsconsole.wire.checklists import Suggestion
from opsconsole.wire.messages import IncidentUpdate
from opsconsole.wire.presence import Presence

# What there are words for -----------------------------------------------------------------------------------------

Severity = Literal["SEV-1", "SEV-2", "SEV-3", "SEV-4", "SEV-5"]
IncidentStatus = Literal["investigating", "identified", "mitigating", "monitoring", "resolved", "reviewed"]
"""investigating: the cause is not known; identified: it is; mitigating: a release was made against it; monitoring:
users are well again; resolved: a person said that it is over; reviewed: what is to be learnt is written down."""
IncidentRole = Literal["commander", "deputy", "scribe", "comms", "operator"]
"""commander: decides and gives out work; deputy: keeps the time, takes over; scribe: writes down; comms: tells those
who are not here; operator: acts."""
Milestone = Literal["impact_start", "detected", "acknowledged", "identified", "mitigated", "resolved"]

MILESTONES: tuple[Milestone, ...] = ("impact_start", "detected", "acknowledged", "identified", "mitigated", "resolved")
INCIDENT_ROLES: tuple[IncidentRole, ...] = ("commander", "deputy", "scribe", "comms", "operator")


class SeverityMeaning(Struct, frozen=True, kw_only=True):
    """What a severity stands for, and what is done then."""

    severity: Severity
    meaning: str
    response: str
    is_major: bool
    """Does it need a commander and messages to people?"""


SEVERITIES: tuple[SeverityMeaning, ...] = (
    SeverityMeaning(
        severity="SEV-1",
        meaning="Critical: most users cannot use a service, answers are dangerous or leak data, or data is being lost.",
        response="Page everybody who can help, name a commander, tell the public within minutes.",
        is_major=True,
    ),
    SeverityMeaning(
        severity="SEV-2",
        meaning="Serious: many users are hurt, or a service is about to fail for most of them.",
        response="Page, name a commander, tell the public.",
        is_major=True,
    ),
    SeverityMeaning(
        severity="SEV-3",
        meaning="Some users are hurt a little, or nobody yet but soon if nothing is done; the service does its work.",
        response="The service's owners work on it now; it becomes SEV-2 when it grows.",
        is_major=False,
    ),
    SeverityMeaning(
        severity="SEV-4",
        meaning="A defect that users can live with: slower, dearer or worse answers within what was promised.",
        response="The service's owners work on it in working hours.",
        is_major=False,
    ),
    SeverityMeaning(
        severity="SEV-5",
        meaning="A blemish that hurts nobody.",
        response="A ticket.",
        is_major=False,
    ),
)
"""Worst first. After PagerDuty's severity levels; who is unsure between two takes the higher, and argues later."""

# The record -------------------------------------------------------------------------------------------------------


class SeverityChange(Struct, frozen=True, kw_only=True):
    severity: Severity
    at: datetime
    by: str
    why: str = ""


class RoleHeld(Struct, frozen=True, kw_only=True):
    """Who has a role now."""

    role: IncidentRole
    person: str
    since: datetime
    offered_to: str = ""
    """To whom it is being handed over; they have it once they say so."""


class RoleChange(Struct, frozen=True, kw_only=True):
    role: IncidentRole
    how: Literal["taken", "offered", "accepted", "left"]
    person: str
    """Who has it then; of an offer, who is to have it."""
    before: str = ""
    """Who had it."""
    at: datetime
    by: str


class MilestoneEntry(Struct, frozen=True, kw_only=True):
    """One value that a milestone was given."""

    milestone: Milestone
    at: datetime | None
    """None: it was taken back."""
    source: Literal["auto", "human"]
    """By evidence, or by a person; evidence never moves what a person set."""
    evidence: str = ""
    """A command that shows it, or words."""
    why: str = ""
    set_at: datetime
    set_by: str


class IncidentNote(Struct, frozen=True, kw_only=True):
    number: int
    """Of its event in the journal."""
    at: datetime
    by: str
    text: str
    is_cause: bool = False
    """It names the cause."""


class FollowUp(Struct, frozen=True, kw_only=True):
    """Something that is to be done once the incident is over."""

    number: int
    """Within the incident, from 1 on."""
    text: str
    owner: str = ""
    due: date | None = None
    source: Literal["person", "note"] = "person"
    """``note``: harvested from a line that says ``TODO:``."""
    at: datetime
    by: str
    done_at: datetime | None = None
    done_by: str = ""


LinkKind = Literal["alert", "release", "checklist", "view", "query"]


class IncidentLink(Struct, frozen=True, kw_only=True):
    """Something that belongs to the incident."""

    kind: LinkKind
    ref: str
    """An alert's id, an operation of a release, a run of a checklist, the name of a view, or an SQL statement."""
    service: str = ""
    start: datetime | None = None
    end: datetime | None = None
    """Range of a view."""
    result_sha256: str = ""
    """Of a query's rows as they were then, as JSON."""
    note: str = ""
    at: datetime
    by: str


class Incident(Struct, frozen=True, kw_only=True):
    """One incident, as the journal tells it."""

    incident: str
    """``INC-7``."""
    title: str
    services: tuple[str, ...]
    severity: Severity
    status: IncidentStatus
    opened_at: datetime
    opened_by: str
    why: str = ""
    """Why it was opened."""
    reopened_at: datetime | None = None
    """When last; None where it never was."""
    severities: tuple[SeverityChange, ...] = ()
    """Oldest first; so are all that follow."""
    roles: tuple[RoleHeld, ...] = ()
    role_history: tuple[RoleChange, ...] = ()
    milestones: dict[str, MilestoneEntry] = msgspec.field(default_factory=dict)
    """Name → the entry that holds; it may say that the milestone was taken back."""
    milestone_history: tuple[MilestoneEntry, ...] = ()
    links: tuple[IncidentLink, ...] = ()
    notes: tuple[IncidentNote, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    updates: tuple[IncidentUpdate, ...] = ()
    review: Literal["none", "draft", "reviewed"] = "none"
    """none: nobody has written one yet."""
    reviewed_at: datetime | None = None
    reviewed_by: str = ""


# What is asked for ------------------------------------------------------------------------------------------------


class OpenIncident(Struct, frozen=True, kw_only=True):
    title: str
    services: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    """That it may be: the highest is taken; SEV-3 where none is named."""
    why: str = ""
    alert: str = ""
    """Id of the alert that it is opened from."""


class RenameIncident(Struct, frozen=True, kw_only=True):
    incident: str
    title: str = ""
    """Empty: as it was."""
    services: tuple[str, ...] = ()
    """None: as they were."""


class SetSeverity(Struct, frozen=True, kw_only=True):
    incident: str
    severities: tuple[Severity, ...]
    """That it may be: the highest is taken."""
    why: str = ""


class ChangeRole(Struct, frozen=True, kw_only=True):
    incident: str
    role: IncidentRole
    act: Literal["take", "offer", "accept", "leave"]
    to: str = ""
    """Of an offer: to whom."""


class SetMilestone(Struct, frozen=True, kw_only=True):
    incident: str
    milestone: Milestone
    at: datetime | None = None
    """None: now."""
    is_withdrawn: bool = False
    why: str = ""


class AddNote(Struct, frozen=True, kw_only=True):
    incident: str
    text: str
    is_cause: bool = False


class AddLink(Struct, frozen=True, kw_only=True):
    incident: str
    kind: LinkKind
    ref: str
    service: str = ""
    start: datetime | None = None
    end: datetime | None = None
    note: str = ""


class ChangeFollowUp(Struct, frozen=True, kw_only=True):
    """Add one, or change the one of this number."""

    incident: str
    number: int = 0
    """0: a new one."""
    text: str = ""
    owner: str = ""
    due: date | None = None
    is_done: bool = False


class ResolveIncident(Struct, frozen=True, kw_only=True):
    incident: str
    at: datetime | None = None
    """When it was over; None: now."""
    why: str = ""


class ReopenIncident(Struct, frozen=True, kw_only=True):
    incident: str
    why: str


class Responded(Struct, frozen=True, kw_only=True):
    """What became of it."""

    incident: Incident
    told: str
    warnings: tuple[str, ...] = ()


# What is shown ----------------------------------------------------------------------------------------------------

TimerName = Literal["first update", "scope", "update", "final update", "call-out", "handover", "review"]


class IncidentTimer(Struct, frozen=True, kw_only=True):
    """Something that is to be done in time."""

    name: TimerName
    word: Literal["later", "due", "overdue"]
    due_from: datetime
    """It is due from here …"""
    due_by: datetime
    """… and overdue after this."""
    told: str


class IncidentLine(Struct, frozen=True, kw_only=True):
    """One line of an incident's timeline."""

    at: datetime
    kind: str
    """Of the event in the journal."""
    service: str
    actor: str
    text: str
    command: str
    """Shows the data behind it."""


class ServiceNow(Struct, frozen=True, kw_only=True):
    """How a service of the incident does, in the last minutes."""

    service: str
    state: HealthWord
    reasons: tuple[str, ...] = ()
    requests: int = 0
    error_rate: float | None = None
    p99_ms: float | None = None
    usd_per_hour: float | None = None
    n_judged: int = 0
    """Requests whose outcome was logged: what the error rate is of."""
    n_timed: int = 0
    """Requests whose latency was logged."""
    window: str = ""
    end: datetime | None = None
    """The minutes that all of it is of, and their end."""


class IncidentBrief(Struct, frozen=True, kw_only=True):
    """One incident in a list."""

    incident: str
    title: str
    services: tuple[str, ...]
    severity: Severity
    status: IncidentStatus
    opened_at: datetime
    resolved_at: datetime | None
    commander: str
    due: tuple[IncidentTimer, ...]
    """What is due or overdue now."""
    open_follow_ups: int
    review: Literal["none", "draft", "reviewed"]


class IncidentFinding(Struct, frozen=True, kw_only=True):
    """Something about an incident that should have been done by now."""

    key: str
    """The same for the same thing: ``INC-7:review``, ``INC-7:follow-up:2``."""
    incident: str
    services: tuple[str, ...]
    title: str
    owner: str
    due: datetime
    overdue_s: float


class IncidentsReply(Struct, frozen=True, kw_only=True):
    """Every incident, the newest first, and what of them is overdue."""

    incidents: tuple[IncidentBrief, ...]
    findings: tuple[IncidentFinding, ...] = ()


class IncidentView(View, frozen=True, kw_only=True):
    """One incident with everything around it; its axis is its span."""

    incident: Incident
    timers: tuple[IncidentTimer, ...]
    """What is due and overdue, then what comes."""
    warnings: tuple[str, ...]
    timeline: tuple[IncidentLine, ...]
    """Oldest first."""
    matched: int
    """Lines that there are; more than those in the answer when it was cut: the newest are kept."""
    services: tuple[ServiceNow, ...] = ()
    running: tuple[str, ...] = ()
    """What goes on at its services by itself: rollouts, changes that are watched, checklists."""
    suggested: tuple[Suggestion, ...] = ()
    """Checklists whose triggers hold at its services, while it is open, and that do not run on it."""
    here: tuple[Presence, ...] = ()
    """Who looks at it, or at one of its services."""

"""Runs of checklists: how they stand, what may be done about them, and what is shown of them.

Always true here: what a machine found is told from what somebody said; what is stale says so in words; what may be done
is listed by the daemon, so that every client offers the same.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

from opsconsole.wire.base import QueryValue, Struct, View
from opsconsole.wire.checklists import Checklist, ChecklistProblem, Suggestion
from opsconsole.wire.releases import Plan

StepWord = Literal[
    "active", "waiting", "acting", "verifying", "failed", "verified", "ticked", "decided", "approved", "skipped",
    "undone",
]  # fmt: skip
"""active: it is its turn; waiting: for something to hold; acting: sent, and not known yet what became of it; verifying:
done, and looked at; verified: a machine found it so; ticked: somebody said so."""
PASSED: frozenset[StepWord] = frozenset({"verified", "ticked", "decided", "approved", "skipped"})

Which = Literal["precondition", "expect", "verify", "until", "undo", "stop"]
RunPhase = Literal["running", "aborting", "ended"]
StepVerb = Literal[
    "look", "tick", "fail", "retry", "skip", "decide", "plan", "act", "send", "approve", "deny", "note", "join",
    "abort",
]  # fmt: skip


class Party(Struct, frozen=True, kw_only=True):
    """Who did something in a run."""

    who: str
    """The person in one word."""
    account: str = ""
    """The Unix account that they came by."""
    is_known: bool = False
    """On a shared account: did they come with the key of a known person?"""


class Finding(Struct, frozen=True, kw_only=True):
    """What a machine found."""

    which: Which
    ok: bool | None
    """None: it cannot be told, which never passes."""
    told: str
    at: datetime
    query: str = ""
    """What was asked: a signal's words, or SQL."""


class Exhibit(Struct, frozen=True, kw_only=True):
    """One piece of evidence, with what it takes to find it again."""

    kind: Literal["sql", "signal", "panel", "plan", "outcome", "message"]
    query: str
    """SQL, a signal's words, a command."""
    parameters: dict[str, QueryValue] = msgspec.field(default_factory=dict)
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[QueryValue, ...], ...] = ()
    """The first ones."""
    told: str = ""
    """In one line."""
    digest: str = ""
    """SHA-256 of all that was answered, in hexadecimal."""
    at: datetime


class Op(Struct, frozen=True, kw_only=True):
    """One thing that a run did to the world."""

    key: str
    """Run, step and attempt: it is done once at the most."""
    kind: Literal["release", "notice"]
    step: str
    attempt: int
    op_id: str = ""
    """Of the release gate's plan."""
    service: str = ""
    undoes: str = ""
    """The key of what it takes back."""
    told: str = ""
    before: dict[str, float] = msgspec.field(default_factory=dict)
    """The routing that it found, …"""
    after: dict[str, float] = msgspec.field(default_factory=dict)
    """… and the one that it asked for."""
    word: str = ""
    """Its outcome's; empty until it is known."""
    at: datetime


class Progress(Struct, frozen=True, kw_only=True):
    """How one step stands."""

    word: StepWord = "active"
    attempt: int = 1
    entered_at: datetime
    since: datetime
    """When it was entered, or began to be verified: from here `within` counts."""
    ended_at: datetime | None = None
    heard_at: datetime
    """When anything was last heard of it."""
    by: Party | None = None
    note: str = ""
    choice: str = ""
    """Of a decision: the option's key."""
    findings: tuple[Finding, ...] = ()
    evidence: tuple[Exhibit, ...] = ()


class RunNote(Struct, frozen=True, kw_only=True):
    at: datetime
    actor: str
    step: str
    text: str


class Run(Struct, frozen=True, kw_only=True):
    """One run of a checklist."""

    id: str
    """``RUN-7``."""
    checklist: Checklist
    """As it was when the run began."""
    sha256: str
    """Of the file's content."""
    params: dict[str, str]
    incident: str = ""
    parent: str = ""
    """The run that it is a part of, and …"""
    parent_step: str = ""
    """… its step there, …"""
    parent_attempt: int = 0
    """… at which attempt."""
    started_at: datetime
    started_by: str
    ended_at: datetime | None = None
    phase: RunPhase = "running"
    word: str = ""
    """How it ended: ``done``, ``aborted``."""
    why: str = ""
    current: str = ""
    """Id of the step whose turn it is."""
    roles: dict[str, Party] = msgspec.field(default_factory=dict)
    steps: dict[str, Progress] = msgspec.field(default_factory=dict)
    """Step → how it stands, of those that were entered, in that order."""
    ops: tuple[Op, ...] = ()
    """What it did, in that order."""
    notes: tuple[RunNote, ...] = ()
    stopped: str = ""
    """The stop condition that holds, in words."""


class RunTally(Struct, frozen=True, kw_only=True):
    """Verified is not ticked."""

    verified: int = 0
    ticked: int = 0
    skipped: int = 0
    failed: int = 0
    decided: int = 0
    open: int = 0
    """Steps that were not entered or have not ended."""


class RunRequest(Struct, frozen=True, kw_only=True):
    """Begin a run."""

    checklist: str
    params: dict[str, str] = msgspec.field(default_factory=dict)
    incident: str = ""


class StepRequest(Struct, frozen=True, kw_only=True):
    """Do something about a step."""

    run: str
    verb: StepVerb = "look"
    step: str = ""
    """The step that is meant, so that nothing is done to another one; of a list that is confirmed: which."""
    undoes: str | None = None
    """Of skip: the key of the operation whose undoing is not wanted, empty for the step itself, so that nothing else is
    skipped when somebody aborted meanwhile; None where whatever comes next is meant."""
    option: str = ""
    """Of decide: the option's key."""
    text: str = ""
    """A reason, a note, a role's name."""
    typed: str = ""
    """Of act and approve: what was typed."""
    op_id: str = ""
    """Of act: the plan's."""
    console: str = ""
    """The console that asks; a console that is armed may act."""


# What is shown ----------------------------------------------------------------------------------------------------


class ChecklistEntry(Struct, frozen=True, kw_only=True):
    """One checklist that can be run."""

    id: str
    title: str
    version: int
    path: str
    """Its file; ``library/…`` for those that come with opsconsole."""
    is_own: bool
    """Is it this home's, and not the library's?"""
    owner: str
    severity: tuple[str, ...]
    steps: int
    last_reviewed: date | None
    last_run: datetime | None
    last_drilled: datetime | None
    stale: tuple[str, ...]
    """Why it is amber, in words; empty when it is fresh."""
    problems: int
    """Errors of its file: it is not run while there are any."""


class RunBrief(Struct, frozen=True, kw_only=True):
    """One run, in a line."""

    id: str
    checklist: str
    title: str
    phase: str
    word: str
    step: str
    """Title of the step whose turn it is."""
    started_at: datetime
    started_by: str
    incident: str
    tally: RunTally
    flags: tuple[str, ...]


class ChecklistsView(View, frozen=True, kw_only=True):
    """Every checklist and the runs of late, newest first."""

    checklists: tuple[ChecklistEntry, ...]
    runs: tuple[RunBrief, ...]
    suggested: tuple[Suggestion, ...] = ()
    """Of the service that is asked about; empty where none is."""


class ChecklistView(View, frozen=True, kw_only=True):
    """One checklist."""

    entry: ChecklistEntry
    checklist: Checklist | None
    """None where its file cannot be understood."""
    text: str
    """The file itself."""
    problems: tuple[ChecklistProblem, ...]


class RunView(View, frozen=True, kw_only=True):
    """One run, and what can be done about it now."""

    run: Run
    tally: RunTally
    verbs: tuple[StepVerb, ...]
    """What may be done about the step whose turn it is."""
    waits: str
    """What is waited for, in words; empty when it is somebody's turn."""
    flags: tuple[str, ...]
    """``over its timebox of 3m by 40s``; nothing is ended by them."""
    undoing: str
    """Key of the operation that is to be undone next, while the run is aborted."""
    message: str
    """Of a message: its text with the parameters filled in."""
    confirm: str
    """Of an approval: what has to be typed."""
    child: str
    """The run of the sub-checklist whose turn it is."""


class StepReply(Struct, frozen=True, kw_only=True):
    """How the run stands now."""

    view: RunView
    plan: Plan | None = None
    """Of plan: exactly what would be done; nothing is."""

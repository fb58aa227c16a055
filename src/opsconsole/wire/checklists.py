"""What a checklist is made of: the same structs in its file, in the journal and on the wire.

Always true here: a checklist is complete in itself, so that a run which has begun goes on whatever becomes of the file;
a duration is text such as ``90s``, ``15m`` or ``1h30m``; an empty text means that nothing was said.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

from opsconsole.wire.base import Struct

StepType = Literal["check", "manual", "decision", "action", "wait", "comms", "approval", "subchecklist"]
Tolerance = Literal["bool", "range", "regex", "rows", "compare"]
Style = Literal["read-do", "do-confirm"]

END = "end"
"""Where a ``goto`` leads that ends the list."""
RESTORE = "restore"
"""The undoing of an action by setting the routing again that was there before it."""


class Branch(Struct, frozen=True, kw_only=True):
    """Where to go on."""

    goto: str
    """A step's id, or ``end``."""


class Probe(Struct, frozen=True, kw_only=True):
    """A question that a machine answers: holds, does not hold, or cannot be told."""

    sql: str = ""
    """One SELECT over the store; `$name` is a parameter of the run and is bound, never pasted."""
    signal: str = ""
    """Or a named signal: `error_rate($service) < 0.01 over 10m within 15m`."""
    type: Tolerance = "bool"
    """How the first cell of the answer, or the number of its rows, is judged."""
    range: tuple[float, ...] = ()
    """Of `range`: the least and the largest value that hold."""
    regex: str = ""
    """Of `regex`: what the text has to contain."""
    rows: str = ""
    """Of `rows`: how many there have to be, `>= 1`."""
    compare: str = ""
    """Of `compare`: what the value has to be, `< 0.01`."""
    within: str = ""
    """How long it may take until it holds; at once where nothing is said."""
    poll: str = "10s"
    """Between two looks while it is waited for."""
    on_timeout: Branch | None = None
    """Where to go on when it did not hold in time; else where `on_fail` says."""


class EvidenceWish(Struct, frozen=True, kw_only=True):
    """What is put into the record when the step begins: exactly one of these."""

    sql: str = ""
    """The rows of a SELECT."""
    signal: str = ""
    """The value of a named signal."""
    panel: str = ""
    """A view of the console, as a link to it at this moment."""
    range: str = ""
    """Of a panel: how far back it looks."""


class Option(Struct, frozen=True, kw_only=True):
    """One way to decide."""

    key: str
    """The key that chooses it."""
    label: str
    """What it is, in a word or two."""
    consequence: str = ""
    """What follows from it, and what it costs."""
    goto: str = ""
    """Where it leads; the next step where nothing is said."""


class Undo(Struct, frozen=True, kw_only=True):
    """What takes an action back; the word `restore` alone sets the routing again that was there before it."""

    action: str
    """`restore`, or an action."""
    with_: dict[str, str] = msgspec.field(default_factory=dict, name="with")
    """What that action needs to know."""
    verify: Probe | None = None
    """What has to hold again afterwards."""


class Retry(Struct, frozen=True, kw_only=True):
    """How often a check that failed is made again by itself. Actions are never repeated by themselves."""

    times: int
    """At the most."""
    every: str = "30s"
    """The pause before each."""


class SilenceRule(Struct, frozen=True, kw_only=True):
    """When a step of which nothing is heard is flagged; it is never ended."""

    flag_after: str
    """How long."""


class Step(Struct, frozen=True, kw_only=True):
    """One step."""

    id: str
    """Short and unique: what a `goto`, a command and the journal name it by; its heading's where nothing is said."""
    type: StepType
    """What is done, and by whom: the table above."""
    title: str = ""
    """Of its heading."""
    text: str = ""
    """What stands under its heading, for people."""
    section: str = ""
    """The heading above it; at most nine killer steps stand under one."""
    killer: bool = True
    """Is it one of the few that must not be missed?"""
    timebox: str = ""
    """How long it should take; a step that takes longer is flagged."""
    role: str = ""
    """Who does it."""
    preconditions: tuple[Probe, ...] = ()
    """What has to hold before it begins."""
    evidence: tuple[EvidenceWish, ...] = ()
    """What is put into the record when it begins; `auto` is what an action always leaves: plan, answer, outcome."""
    expect: Probe | None = None
    """What has to hold for the step to count as verified."""
    verify: Probe | None = None
    """What has to hold after an action or a manual step."""
    goto: str = ""
    """Where to go on afterwards; the next step where nothing is said."""
    on_fail: Branch | None = None
    """Where to go on when it fails; else somebody decides."""
    retry: Retry | None = None
    """How often a check that failed is made again by itself."""
    on_silence: SilenceRule | None = None
    """When nothing was heard of it for so long, it is flagged."""
    options: tuple[Option, ...] = ()
    """Of a decision."""
    action: str = ""
    """Of an action: `release.rollback`."""
    with_: dict[str, str] = msgspec.field(default_factory=dict, name="with")
    """What the action, or the sub-checklist, needs to know; `$name` is a parameter of the run."""
    undo: Undo | None = None
    """What takes the action back."""
    until: Probe | None = None
    """Of a wait: what is waited for, …"""
    for_: str = msgspec.field(default="", name="for")
    """… or how long."""
    audience: str = ""
    """Of a message: `internal`, `external` or `executive`."""
    message: str = ""
    """Its text; `$name` is a parameter of the run."""
    to: tuple[str, ...] = ()
    """Names of notifiers; without any it is shown, to be sent by hand."""
    distinct_from: str = ""
    """Of an approval: the role whose holder cannot give it."""
    type_to_confirm: str = ""
    """Of an approval: what has to be typed."""
    expires: str = ""
    """Of an approval: how long it holds."""
    checklist: str = ""
    """Of a sub-checklist: its id."""


class Param(Struct, frozen=True, kw_only=True):
    """What has to be known when a run begins."""

    type: Literal["service", "version", "model", "text", "number", "duration", "enum"] = "text"
    """What it is; a `service` has to be known."""
    required: bool = False
    """Is there no run without it?"""
    values: tuple[str, ...] = ()
    """Of `enum`."""
    default: str = ""
    """What it is where nothing is said."""
    sql: str = ""
    """A SELECT whose first cell is the default: the newest version, say."""
    about: str = ""
    """For whoever is asked for it."""


class RoleRule(Struct, frozen=True, kw_only=True):
    """Who takes part."""

    need: Literal["required", "optional"] = "optional"
    """One that is required is taken by whoever begins the run, unless it has to be somebody else."""
    distinct_from: str = ""
    """A role whose holder cannot have this one."""


class AbortRule(Struct, frozen=True, kw_only=True):
    """When a run is ended early; what was done is undone, in reverse order, and looked at again."""

    on: tuple[Literal["user", "stop_condition"], ...] = ("user",)
    """Somebody says so, or a stop condition holds."""
    do: Literal["undo_executed"] = "undo_executed"
    """There is nothing else to choose."""


class Checklist(Struct, frozen=True, kw_only=True):
    """A procedure."""

    api_version: Literal["opsconsole/v1"] = msgspec.field(default="opsconsole/v1", name="apiVersion")
    """Of the format."""
    kind: Literal["Checklist"] = "Checklist"
    """Of the file."""
    id: str
    """Stable and unique; the file may be called otherwise."""
    version: int = 1
    """Grows with each change."""
    title: str
    """What people call it."""
    style: Style = "read-do"
    """Read a step, then do it; or do the work, then confirm each step."""
    severity: tuple[str, ...] = ()
    """Of the incidents that it is for: `[SEV-1, SEV-2]`."""
    owner: str = ""
    """Who keeps it true."""
    last_reviewed: date | None = None
    """When somebody last read it and found it true."""
    stale_after: str = "90d"
    """So long after its last review, or its last drill, it is shown in amber."""
    about: str = ""
    """What stands above the first step."""
    triggers: tuple[Probe, ...] = ()
    """When one of these holds, this list is the one to take: `checklist list SERVICE` and an incident's page say so."""
    params: dict[str, Param] = msgspec.field(default_factory=dict)
    """What has to be known when a run begins: `$name` in SQL, signals and texts."""
    roles: dict[str, RoleRule] = msgspec.field(default_factory=dict)
    """Who takes part, beside the `operator`, who is whoever begins the run."""
    timers: dict[str, str] = msgspec.field(default_factory=dict)
    """What a run is flagged for, unless it belongs to an incident, which has timers of its own: `first_comms: 5m`, no
    message so long after it began; `update_every: 20m`, none for so long after the last."""
    abort: AbortRule = msgspec.field(default_factory=AbortRule)
    """When a run is ended early."""
    stop_conditions: tuple[Probe, ...] = ()
    """When one of these holds, the run is flagged; with `abort: {on: [stop_condition]}` it is aborted."""
    steps: tuple[Step, ...]
    """In Markdown: the headings."""

    def step(self, name: str) -> Step:
        """Raises KeyError."""
        return {step.id: step for step in self.steps}[name]


class Suggestion(Struct, frozen=True, kw_only=True):
    """A checklist whose trigger holds now."""

    checklist: str
    title: str
    service: str
    told: str
    """The trigger, in words with numbers."""
    command: str
    """How it is begun."""


class ChecklistProblem(Struct, frozen=True, kw_only=True):
    """One thing that is wrong with a checklist's file."""

    path: str
    line: int
    message: str
    remedy: str
    is_error: bool = True
    """False: it can be run all the same."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


class LintText(Struct, frozen=True, kw_only=True):
    path: str
    text: str


class LintRequest(Struct, frozen=True, kw_only=True):
    """Look these over; without any, every checklist that there is."""

    texts: tuple[LintText, ...] = ()


class LintReply(Struct, frozen=True, kw_only=True):
    paths: tuple[str, ...]
    """What was looked over."""
    problems: tuple[ChecklistProblem, ...]


class TemplateRequest(Struct, frozen=True, kw_only=True):
    """A new checklist to begin with."""

    id: str


class TemplateReply(Struct, frozen=True, kw_only=True):
    text: str

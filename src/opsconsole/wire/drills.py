"""What is told of drills: which there are, and how one went.

Always true here: a duration is in seconds of the drill's own time, and None where what it ends with never happened; a
score can be computed again from the scenario and the event log whose SHA-256 it names.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from opsconsole.wire.base import Axis, Struct

ExpectationWord = Literal["met", "late", "missed", "not judged"]


class DrillProblem(Struct, frozen=True, kw_only=True):
    """Something that is wrong with a scenario."""

    path: str
    line: int
    message: str
    remedy: str
    is_error: bool = True


class DrillEntry(Struct, frozen=True, kw_only=True):
    """A scenario in a line."""

    id: str
    title: str
    version: int
    difficulty: int
    mode: str
    minutes: float
    checklists: tuple[str, ...]
    path: str
    is_own: bool
    problems: int
    """Errors in its file."""


class DrillsReply(Struct, frozen=True, kw_only=True):
    drills: tuple[DrillEntry, ...]


class DrillLintReply(Struct, frozen=True, kw_only=True):
    paths: tuple[str, ...]
    problems: tuple[DrillProblem, ...]


# How one went -----------------------------------------------------------------------------------------------------


class ExpectationScore(Struct, frozen=True, kw_only=True):
    """What came of one expectation."""

    id: str
    title: str
    objective: str
    points: float
    earned: float
    word: ExpectationWord
    t: float | None = None
    by: str = ""
    what: str = ""
    """The event that met it, in words."""


class LapseScore(Struct, frozen=True, kw_only=True):
    """Something that should not have been done, was asked for, or was needed."""

    id: str
    title: str
    points: float
    """Lost: 0 or more."""
    t: float
    by: str = ""
    what: str = ""


class ObjectiveScore(Struct, frozen=True, kw_only=True):
    id: str
    title: str
    earned: float
    points: float


class PersonScore(Struct, frozen=True, kw_only=True):
    """What one person did."""

    person: str
    acts: int
    earned: float
    """Points of expectations that they met."""
    lost: float
    wrong: int
    """Changes of what serves that nothing asked for."""


class DrillDurations(Struct, frozen=True, kw_only=True):
    """From the first fault that is no decoy, where nothing else is said."""

    fault_t: float | None = None
    """When it began, since the drill's start."""
    alerted_s: float | None = None
    """To the first alert."""
    detect_s: float | None = None
    """To the first thing that a person did about it."""
    acknowledge_s: float | None = None
    """From the first alert, or the first message, to the acknowledgement or the incident."""
    identify_s: float | None = None
    """To the cause being named."""
    mitigate_s: float | None = None
    """To users being well again, for two minutes at the least."""
    resolve_s: float | None = None
    first_message_s: float | None = None
    """From the incident's opening to the first message about it."""
    longest_silence_s: float | None = None
    """Between two messages, or the last one and the end."""
    messages: int = 0


class HarmScore(Struct, frozen=True, kw_only=True):
    """What users suffered and what it cost: as it was, without faults (twin), and without anybody's doing (worst)."""

    requests: int
    bad: int
    bad_twin: int
    bad_worst: int
    usd: float
    usd_twin: float
    usd_worst: float
    saved: float | None
    """Of the harm that would have been done, the part that was not; negative where it was made worse."""
    points: float
    earned: float


class StepTally(Struct, frozen=True, kw_only=True):
    """Steps of checklists, by what they ended as."""

    verified: int = 0
    ticked: int = 0
    decided: int = 0
    skipped: int = 0
    failed: int = 0


class CadenceScore(Struct, frozen=True, kw_only=True):
    every_s: float
    kept: int
    due: int
    points: float
    earned: float


class ShownVersion(Struct, frozen=True, kw_only=True):
    """What players' panels showed of a version; one value for each bucket."""

    version: str
    requests: tuple[int, ...]
    errors: tuple[int, ...]
    p99_ms: tuple[float | None, ...]
    usd: tuple[float | None, ...]


class ShownService(Struct, frozen=True, kw_only=True):
    """What players' panels showed of a service."""

    service: str
    axis: Axis
    versions: tuple[ShownVersion, ...]
    twin_errors: tuple[float | None, ...] = ()
    """What its share of failures would have been without faults; empty where nobody knows."""
    twin_usd: tuple[float | None, ...] = ()


class DrillScore(Struct, frozen=True, kw_only=True):
    """How a drill went."""

    scenario: str
    version: int
    title: str
    seed: int
    beat_s: int
    scenario_sha256: str
    log_sha256: str
    app_version: str
    score: float
    """0 to 100: points that were earned less those that were lost, of those that could be earned."""
    earned: float
    lost: float
    possible: float
    length_s: float
    checklists: tuple[str, ...]
    expectations: tuple[ExpectationScore, ...]
    lapses: tuple[LapseScore, ...]
    objectives: tuple[ObjectiveScore, ...]
    people: tuple[PersonScore, ...]
    durations: DrillDurations
    harm: HarmScore
    steps: StepTally
    cadence: CadenceScore | None = None
    wrong_changes: int = 0
    """Changes of what serves, by people, that no expectation asks for."""
    steady_before: bool | None = None
    steady_after: bool | None = None


class TimelineRow(Struct, frozen=True, kw_only=True):
    """One line of what happened."""

    t: float
    at: datetime
    who: str
    what: str
    is_hidden: bool = False
    """Players did not see it."""


class DrillReport(Struct, frozen=True, kw_only=True):
    """What is read afterwards."""

    score: DrillScore
    timeline: tuple[TimelineRow, ...]
    shown: tuple[ShownService, ...]
    """As players saw it; empty where it was not kept."""
    marks: tuple[tuple[datetime, str], ...]
    """Moments that are drawn across the charts."""
    questions: tuple[str, ...]
    strengths: tuple[str, ...]
    improvements: tuple[str, ...]
    followups: tuple[str, ...]
    """As people wrote them down, with their owners."""
    notes: tuple[str, ...] = ()
    """What the facilitator wrote down."""
    history: tuple[tuple[str, float], ...] = ()
    """Earlier scores of the same scenario and version: (when it was played, score)."""
    unreadable: tuple[str, ...] = ()
    """Earlier runs whose score cannot be read."""


class DrillPapers(Struct, frozen=True, kw_only=True):
    """A report, and the files that are made of it."""

    name: str
    """Of the run."""
    report: DrillReport
    markdown: str
    html: str


class DrillHistory(Struct, frozen=True, kw_only=True):
    """Run → how it went, the oldest first."""

    scores: dict[str, DrillScore]


class DrillDone(Struct, frozen=True, kw_only=True):
    """What a headless run left behind."""

    directory: str
    score: DrillScore
    spoken: tuple[dict[str, str | int | float], ...] = msgspec.field(default=())
    """Lines of the script that were refused, or failed."""


# Around it -------------------------------------------------------------------------------------------------------


class DrillScored(Struct, frozen=True, kw_only=True):
    """What a live home is told of a drill that is over: its checklists were rehearsed."""

    checklists: tuple[str, ...]
    score: float
    scenario: str
    version: int
    run: str


class RecordRequest(Struct, frozen=True, kw_only=True):
    """Make a scenario of an incident."""

    incident: str
    services: tuple[str, ...] = ()
    """Whose traffic is recorded, beside that of the incident's own."""


class DrillRecorded(Struct, frozen=True, kw_only=True):
    id: str
    path: str
    records: int


class DrillReplayed(Struct, frozen=True, kw_only=True):
    """A headless run that was played once more."""

    run: str
    events: int
    differs_at: int | None
    """The first line of the event log that is another one; None where all are the same."""
    was: str
    now: str
    score: float


class DrillExported(Struct, frozen=True, kw_only=True):
    path: str
    sha256: str


class DrillServed(Struct, frozen=True, kw_only=True):
    """A drill that runs, and where its consoles find it."""

    run: str
    home: str
    scenario: str = ""
    """Its file, for whoever starts it; nobody else is told."""

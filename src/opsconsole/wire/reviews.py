"""What crosses the socket about the review of an incident: what it did, how long what took, and the files it becomes.

Always true here: a duration whose ends are not both known is None; an impact is in whole buckets, and what was not
measured is None and not 0.
"""

from __future__ import annotations

from datetime import datetime

from opsconsole.wire.base import Axis, Lines, Struct
from opsconsole.wire.incidents import Incident, IncidentLine


class ReviewRequest(Struct, frozen=True, kw_only=True):
    incident: str
    is_reviewed: bool = False
    """The review is finished, and says so from now on."""


class IncidentMetrics(Struct, frozen=True, kw_only=True):
    """Raw durations of this one incident; a mean over several of them says nothing (Davidovič, 2021)."""

    detect_s: float | None
    """From the impact's start to its detection."""
    acknowledge_s: float | None
    """From detection on."""
    identify_s: float | None
    """From the impact's start on, as are the next two."""
    mitigate_s: float | None
    resolve_s: float | None
    first_update_s: float | None
    """From its opening to the first message."""
    longest_silence_s: float | None
    """Between two messages, from the opening to the end; None where there was none."""


class Impact(Struct, frozen=True, kw_only=True):
    """What it did to the users of one service, in whole buckets of the axis; None where nothing was measured."""

    service: str
    start: datetime
    stop: datetime
    requests: int
    errors: int
    error_rate: float | None
    error_rate_before: float | None
    """In as long a time before."""
    excess_errors: float | None
    """Errors beyond what the rate before would have given."""
    worst_p99_ms: float | None
    usd: float | None
    usd_before: float | None
    budget_usd_per_month: float | None
    budget_share: float | None
    """``usd`` over the month's budget."""
    command: str
    """Shows these numbers."""


class ReviewSeries(Struct, frozen=True, kw_only=True):
    """What the charts of one service are drawn from."""

    service: str
    axis: Axis
    lines: Lines
    command: str


class IncidentReview(Struct, frozen=True, kw_only=True):
    """Everything that is to be learnt from."""

    incident: Incident
    environment: str
    made_at: datetime
    due_at: datetime | None
    """When the review is due; None where none has to be."""
    metrics: IncidentMetrics
    impacts: tuple[Impact, ...]
    series: tuple[ReviewSeries, ...]
    timeline: tuple[IncidentLine, ...]


class ReviewFiles(Struct, frozen=True, kw_only=True):
    """The review, and the two files that it becomes."""

    review: IncidentReview
    markdown: str
    html: str

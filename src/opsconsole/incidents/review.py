"""What an incident did, in numbers: sums over whole buckets of the services' own lines.

Always true here: a number that no record gave is None; money and errors are compared with as long a time before, and
only where the lines reach so far back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from opsconsole import wire
from opsconsole.incidents.ledger import moment
from opsconsole.incidents.timeline import range_command

MARGIN = 0.5
"""Part of the impact's length that a chart shows before and after it."""
LEAST_MARGIN = timedelta(minutes=10)


def impact_span(incident: wire.Incident, now: datetime) -> tuple[datetime, datetime]:
    """From the impact's start (or what is known first) until users were well again (or it was over, or now)."""
    first = next(
        (at for at in (moment(incident, name) for name in ("impact_start", "detected")) if at), incident.opened_at
    )
    last = moment(incident, "mitigated") or moment(incident, "resolved") or now
    return first, max(last, first)


def shown_span(incident: wire.Incident, now: datetime) -> tuple[datetime, datetime]:
    """What the charts show: the impact and the resolution, with a margin; never beyond now."""
    first, last = impact_span(incident, now)
    last = max(last, moment(incident, "resolved") or last)
    margin = max((last - first) * MARGIN, LEAST_MARGIN)
    return min(first, incident.opened_at) - margin, min(last + margin, now)


def cut(axis: wire.Axis, lines: wire.Lines, start: datetime, end: datetime) -> tuple[wire.Axis, wire.Lines]:
    """The buckets that touch a range."""
    step = timedelta(seconds=axis.step_s)
    first = max(0, (start - axis.start) // step)
    stop = min(axis.buckets, max(first, -((axis.start - end) // step)))
    kept = slice(first, stop)
    return (
        wire.Axis(start=axis.start + first * step, step_s=axis.step_s, buckets=max(0, stop - first)),
        wire.Lines(
            requests=lines.requests[kept],
            errors=lines.errors[kept],
            p50_ms=lines.p50_ms[kept],
            p99_ms=lines.p99_ms[kept],
            usd=lines.usd[kept],
        ),
    )


def impact(
    service: str,
    axis: wire.Axis,
    lines: wire.Lines,
    start: datetime,
    stop: datetime,
    budget_usd_per_month: float | None,
) -> wire.Impact:
    """Of one service between two moments, beside as long a time before."""
    before_axis, before = cut(axis, lines, start - (stop - start), start)
    _, during = cut(axis, lines, start, stop)
    is_whole = before_axis.start <= start - (stop - start) and before_axis.buckets > 0
    requests, errors = sum(during.requests), sum(during.errors)
    rate, rate_before = _rate(during), _rate(before) if is_whole else None
    usd = _sum(during.usd)
    return wire.Impact(
        service=service,
        start=start,
        stop=stop,
        requests=requests,
        errors=errors,
        error_rate=rate,
        error_rate_before=rate_before,
        excess_errors=None if rate_before is None else max(0.0, errors - rate_before * requests),
        worst_p99_ms=max((each for each in during.p99_ms if each is not None), default=None),
        usd=usd,
        usd_before=_sum(before.usd) if is_whole else None,
        budget_usd_per_month=budget_usd_per_month,
        budget_share=usd / budget_usd_per_month if usd is not None and budget_usd_per_month else None,
        command=range_command("service", service, start, stop + timedelta(minutes=1)),
    )


def _rate(lines: wire.Lines) -> float | None:
    """Errors of the requests; None where there were none."""
    requests = sum(lines.requests)
    return sum(lines.errors) / requests if requests else None


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None

"""Cost: by model, version, user, route and API key; over time; against the month's budget."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from opsconsole import wire
from opsconsole.daemon.views.reading import Reading
from opsconsole.signals.spend import forecast, project
from opsconsole.store import spending
from opsconsole.store.queries import TimeAxis
from opsconsole.store.spending import SeriesRow

MOST_STACKS = 5
HISTORY = timedelta(days=28)
"""How far back days are read for the spread of a day's spending."""
OTHER, NONE = "(other)", "(none)"


def cost_view(reading: Reading) -> wire.CostView:
    service = reading.asked.service
    extents = reading.asked_extents()
    axis, end, is_live = reading.axis(extents)
    series = spending.of_series(reading.connection, axis, service)
    total = _total(series)
    spend = _spend(reading, axis, end, total)
    return wire.CostView(
        service=service,
        total=total,
        requests=sum(row[3] for row in series),
        spend=spend,
        budget=_budget(reading, end, spend),
        breakdowns=_breakdowns(reading, axis, end, series, total),
        stacks=_stacks(series, axis),
        unpriced_models=_unpriced(series),
        markers=reading.first_seen(service, axis.start, axis.end) if service else (),
        **reading.frame(axis, end, is_live=is_live),
    )


def _total(series: Sequence[SeriesRow]) -> wire.Cost:
    known = sum(row[6] for row in series)
    usd = sum(row[5] or 0.0 for row in series) if known else None
    return wire.Cost(
        usd=usd,
        usd_per_request=usd / known if usd is not None else None,
        n_known=known,
        unpriced_tokens=sum(row[7] for row in series),
    )


def _spend(reading: Reading, axis: TimeAxis, end: datetime, total: wire.Cost) -> wire.Spend:
    """Of one service or of all together."""
    midnight = end.replace(hour=0, minute=0, second=0, microsecond=0)
    names = [reading.asked.service] if reading.asked.service else list(reading.extents)
    todays = [reading.questions.spent(name, midnight, end) for name in names]
    months = [reading.questions.spent(name, midnight.replace(day=1), end) for name in names]
    first = min((month[2] for month in months if month[2]), default=None)
    return project(
        now=end,
        window_s=(end - axis.start).total_seconds(),
        covered_s=(end - first).total_seconds() if first else 0.0,
        window_usd=total.usd,
        today_usd=_added(today[0] for today in todays),
        month_to_date_usd=_added(month[0] for month in months),
        unpriced_tokens=sum(month[1] for month in months),
    )


def _added(amounts: Iterable[float | None]) -> float | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


def _budget(reading: Reading, end: datetime, spend: wire.Spend) -> wire.Budget:
    """A service's own; for all together the sum, where every service that costs something has one."""
    service, settings = reading.asked.service, reading.context.settings.services
    names = [service] if service else list(reading.extents)
    budgets = [settings[name].budget_usd_per_month if name in settings else None for name in names]
    midnight = end.replace(hour=0, minute=0, second=0, microsecond=0)
    days = spending.by_day(reading.connection, midnight - HISTORY, midnight, service)
    return forecast(
        now=end,
        spent_usd=spend.month_to_date_usd,
        usd_per_hour=spend.usd_per_hour,
        month_end_usd=spend.month_end_usd,
        days_usd=[usd for _, usd in days[1:]],  # the first day of a log is rarely a whole one
        budget_usd=None if not budgets or None in budgets else sum(each for each in budgets if each is not None),
    )


def _breakdowns(
    reading: Reading, axis: TimeAxis, end: datetime, series: Sequence[SeriesRow], total: wire.Cost
) -> tuple[wire.CostBreakdown, ...]:
    stop = end if reading.asked.as_of is not None else axis.end
    found, since = spending.by_dimension(reading.connection, axis.start, stop, reading.asked.service)
    for place, name in enumerate(("model", "version")):
        found[name] = _by_series(series, place)
    return tuple(
        wire.CostBreakdown(
            dimension=name,
            slices=tuple(_with_share(each, total.usd) for each in found[name][: spending.MOST_SLICES]),
            n_values=len(found[name]),
            exact_from=since if name in ("user_key", "route", "api_key_id") else None,
        )
        for name in wire.COST_DIMENSIONS
    )


def _by_series(series: Sequence[SeriesRow], place: int) -> list[wire.CostSlice]:
    """By model (0) or version (1)."""
    groups: dict[str, list[SeriesRow]] = {}
    for row in series:
        groups.setdefault(str(row[place]) or NONE, []).append(row)
    return spending.ranked(
        [
            spending.cost_slice(
                name,
                sum(row[3] for row in found),
                sum(row[4] for row in found),
                _added(row[5] for row in found),
                sum(row[7] for row in found),
            )
            for name, found in groups.items()
        ]
    )


def _with_share(each: wire.CostSlice, usd: float | None) -> wire.CostSlice:
    return msgspec.structs.replace(each, share=each.usd / usd if each.usd is not None and usd else None)


def _stacks(series: Sequence[SeriesRow], axis: TimeAxis) -> tuple[wire.CostStack, ...]:
    """Money of each bucket by model: the dearest by name, the others together."""
    names = [each.value for each in _by_series(series, 0) if each.usd is not None]
    named = names if len(names) <= MOST_STACKS else names[: MOST_STACKS - 1]
    lines: dict[str, list[float | None]] = {}
    for row in series:
        label = (row[0] or NONE) if (row[0] or NONE) in named else OTHER
        if row[5] is None or not 0 <= row[2] < axis.buckets:
            continue
        line = lines.setdefault(label, [None] * axis.buckets)
        line[row[2]] = (line[row[2]] or 0.0) + row[5]
    ordered = [name for name in (*named, OTHER) if name in lines]
    return tuple(wire.CostStack(label=name, usd=tuple(lines[name])) for name in ordered)


def _unpriced(series: Sequence[SeriesRow]) -> tuple[tuple[str, int], ...]:
    tokens: dict[str, int] = {}
    for row in series:
        if row[7]:
            tokens[row[0] or NONE] = tokens.get(row[0] or NONE, 0) + row[7]
    return tuple(sorted(tokens.items(), key=lambda each: (-each[1], each[0])))

"""Money, and who spends it: hours that cost too much, requests that become dearer, budgets, and API keys.

Always true here: the hour that is not over is not judged; an hour with requests of unknown cost is not known, and not
cheap; a change of cost comes with what it consists of (volume, mix, tokens, cache, price), in USD that add up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsconsole.alerts.facts import Reading
from opsconsole.daemon.observing.look import Look, Seen
from opsconsole.signals.attribution import Spent, attribute
from opsconsole.signals.cost import AnomalySettings, dearer, latest
from opsconsole.signals.keys import KeySettings, unusual_keys
from opsconsole.signals.outlook import outlook
from opsconsole.signals.words import name, percent
from opsconsole.store import watching

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HISTORY_HOURS = 8 * 168
"""Eight weeks say how a week goes."""
KEY_HOURS = 14 * 24 + 25
TOKENS = ("input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
CENT = 0.01

Hours = NDArray[np.float64]
Row = tuple[Any, ...]


class Spending:
    """Looks at hours."""

    def money(self, look: Look) -> Iterator[Seen]:
        """Whole hours of every service."""
        end = look.now.replace(minute=0, second=0, microsecond=0)
        start = end - HISTORY_HOURS * HOUR
        by_service: dict[str, list[Row]] = {}
        for row in watching.spent(look.connection, start, end):
            by_service.setdefault(row[0], []).append(row)
        for service, extent in look.extents.items():
            first = max(start, extent.first_at.replace(minute=0, second=0, microsecond=0))
            yield from self._of_service(look, service, by_service.get(service, []), first, end)

    def _of_service(self, look: Look, service: str, rows: list[Row], first: datetime, end: datetime) -> Iterator[Seen]:
        n = max(int((end - first) / HOUR), 0)
        usd, requests = _hours(rows, first, n)
        if n == 0 or np.isnan(usd).all():
            for signal in ("cost-hour", "cost-per-request", "budget"):
                yield Seen(subject=service, signal=signal, unknown="no hour of known cost")
            return
        yield self._anomaly(look, service, usd, rows, end)
        yield self._dearer(service, usd, requests, end)
        yield self._budget(look, service, usd, first, end)

    def _anomaly(self, look: Look, service: str, usd: Hours, rows: list[Row], end: datetime) -> Seen:
        signal = "cost-hour"
        rule = look.rules_of(service).get("cost-anomaly")
        floor = rule.floor_usd if rule is not None else 0.0
        found = latest(usd, AnomalySettings(z=rule.threshold if rule is not None else 3.5, floor=floor))
        if found.verdict == "too little known" or found.z is None or found.value is None or found.expected is None:
            return Seen(subject=service, signal=signal, unknown="fewer than 12 hours of known cost before this one")
        is_worth = found.value - found.expected > floor
        told = f"${found.value:.2f} in the hour to {end:%H:%M} UTC, ${found.expected:.2f} expected"
        if found.verdict == "anomaly":
            told += f" ({_consists_of(rows, end)})"
        return Seen(
            subject=service,
            signal=signal,
            readings=(
                Reading(
                    value=found.z if is_worth else 0.0,
                    threshold=max(found.bar or 0.0, 1e-9),
                    n=int(np.count_nonzero(~np.isnan(usd))),
                    told=told,
                    start=end - HOUR,
                    stop=end,
                ),
            ),
        )

    def _dearer(self, service: str, usd: Hours, requests: Hours, end: datetime) -> Seen:
        signal = "cost-per-request"
        found = dearer(usd, requests)
        if found.value is None:
            return Seen(subject=service, signal=signal, unknown="fewer than 12 hours of known cost")
        since = end - (len(usd) - (found.since or 0)) * HOUR
        times = f"{found.ratio:.2f}×" if found.ratio is not None else "as much as"
        return Seen(
            subject=service,
            signal=signal,
            readings=(
                Reading(
                    value=found.value,
                    n=int(np.count_nonzero(~np.isnan(usd))),
                    told=f"a request costs {times} what was expected, since about {since:%m-%d %H:%M} UTC",
                    start=since,
                    stop=end,
                ),
            ),
        )

    def _budget(self, look: Look, service: str, usd: Hours, first: datetime, end: datetime) -> Seen:
        signal, budget = "budget", look.setting(service).budget_usd_per_month
        if budget is None:
            return Seen(subject=service, signal=signal, unknown="services.NAME.budget_usd_per_month is not set")
        month = max(int((end.replace(day=1, hour=0) - first) / HOUR), 0)
        spent = float(np.nansum(usd[month:]))
        found = outlook(usd, first, end, spent, budget)
        if found is None or found.overrun is None:
            return Seen(subject=service, signal=signal, unknown="fewer than 6 whole days of known cost")
        return Seen(
            subject=service,
            signal=signal,
            readings=(
                Reading(
                    value=found.overrun,
                    n=len(usd),
                    told=f"${spent:,.2f} of ${budget:,.0f} spent, pace {found.pace or 0.0:.2f}, "
                    f"${found.expected_usd:,.0f} by the month's end: overrun {percent(found.overrun)} likely",
                    start=end - DAY,
                    stop=end,
                ),
            ),
        )

    # API keys -----------------------------------------------------------------------------------------------------

    def keys(self, look: Look) -> Iterator[Seen]:
        """Use of API keys, hour by hour."""
        end = look.now.replace(minute=0, second=0, microsecond=0)
        start = end - KEY_HOURS * HOUR
        used: dict[str, dict[str, Hours]] = {}
        paid: dict[str, dict[str, Hours]] = {}
        for service, key, hour, requests, usd in watching.keys(look.connection, start, end):
            place = int(hour) - int(start.timestamp()) // 3600
            used.setdefault(service, {}).setdefault(key, np.zeros(KEY_HOURS))[place] += requests
            if usd is not None:
                paid.setdefault(service, {}).setdefault(key, np.zeros(KEY_HOURS))[place] += usd
        for service, extent in look.extents.items():
            known = min(KEY_HOURS, int((end - extent.first_at) / HOUR))
            if service not in used or known < 1:
                for signal in ("key-use", "key-new"):
                    yield Seen(subject=service, signal=signal, unknown="api_key_id is not logged, or for less than 1 h")
                continue
            yield from self._keys_of(look, service, used[service], paid.get(service, {}), known, end)

    def _keys_of(
        self,
        look: Look,
        service: str,
        used: Mapping[str, Hours],
        paid: Mapping[str, Hours],
        known: int,
        end: datetime,
    ) -> Iterator[Seen]:
        rules = look.rules_of(service)
        floor = rules["key-use"].floor_usd if "key-use" in rules else 1.0
        settings = KeySettings(usd_floor=floor)
        readings: dict[str, list[Reading]] = {"key-use": [], "key-new": []}
        for use in unusual_keys(used, paid, known, settings):
            found = use.finding
            unit = "requests" if use.what != "spend" else "USD"
            readings["key-new" if use.what == "new" else "key-use"].append(
                Reading(
                    value=(found.value or 0.0) if use.what == "new" else (found.z or 0.0),
                    n=int(used[use.key][-1]),
                    detail=use.key if use.what != "spend" else f"{use.key} spend",
                    told=f"key {name(use.key)}: {found.value or 0.0:,.0f} {unit} in the hour to {end:%H:%M} UTC, "
                    f"{found.expected or 0.0:,.0f} expected",
                    start=end - HOUR,
                    stop=end,
                    params={"key": use.key},
                )
            )
        for signal, each in readings.items():
            if signal == "key-new" and known <= settings.lookback_hours:
                yield Seen(subject=service, signal=signal, unknown="the log reaches back less than two weeks")
                continue
            yield Seen(subject=service, signal=signal, readings=tuple(each))

    def ages(self, look: Look) -> Iterator[Seen]:
        """Since when each API key is in use."""
        keys: dict[str, list[Reading]] = {}
        for service, key, first, last in watching.keys_since(look.connection):
            since, until = first.replace(tzinfo=UTC), last.replace(tzinfo=UTC)
            if look.now - until < 7 * DAY:
                days = (look.now - since) / DAY
                told = f"key {name(key)} is in use since {since:%Y-%m-%d}, {days:.0f} days"
                reading = Reading(value=days, n=1, detail=key, told=told, params={"key": key})
                keys.setdefault(service, []).append(reading)
        for service in look.extents:
            found = tuple(keys.get(service, ()))
            yield Seen(
                subject=service,
                signal="key-age",
                readings=found,
                unknown="" if found else "api_key_id is not logged",
            )


def _hours(rows: list[Row], first: datetime, n: int) -> tuple[Hours, Hours]:
    """(USD, requests) of n consecutive hours; USD is NaN where a request of the hour has no known cost."""
    usd, requests, unpriced = np.zeros(n), np.zeros(n), np.zeros(n)
    known = np.zeros(n)
    begin = int(first.timestamp()) // 3600
    for _, hour, _, count, cost, n_known, tokens, *_ in rows:
        place = int(hour) - begin
        if 0 <= place < n:
            requests[place] += count
            usd[place] += cost or 0.0
            known[place] += n_known or 0
            unpriced[place] += tokens or 0
    is_known = (known > 0) & (unpriced == 0)
    return np.where(is_known, usd, np.where(requests == 0, 0.0, np.nan)), requests


def _consists_of(rows: list[Row], end: datetime) -> str:
    """The change of the last hour beside the mean hour of the day before it, in USD that add up."""
    last = int(end.timestamp()) // 3600 - 1
    now, before = ({}, {})  # type: dict[str, list[Row]], dict[str, list[Row]]
    for row in rows:
        if row[1] == last:
            now.setdefault(row[2], []).append(row)
        elif last - 24 <= row[1] < last:
            before.setdefault(row[2], []).append(row)
    hours = len({row[1] for each in before.values() for row in each}) or 1
    split = attribute(_spent(before, hours), _spent(now, 1))
    terms = sorted(split.terms.items(), key=lambda each: -abs(each[1]))
    told = ", ".join(f"{term} {usd:+.2f}" for term, usd in terms if abs(usd) >= CENT)
    change = split.after_usd - split.before_usd
    first = next(iter(split.by_key), "")
    return (
        f"${change:+.2f} against the day before: {told or 'no term of a cent'}; most of it {name(first or 'unnamed')}"
    )


def _spent(models: Mapping[str, list[Row]], hours: int) -> dict[str, Spent]:
    """An hour's mean of each model."""
    spent: dict[str, Spent] = {}
    for model, rows in models.items():
        requests = round(sum(row[3] for row in rows) / hours)
        usd = sum(row[4] or 0.0 for row in rows) / hours if any(row[5] for row in rows) else None
        tokens = {kind: round(sum(row[7 + i] or 0 for row in rows) / hours) for i, kind in enumerate(TOKENS)}
        spent[model] = Spent(max(requests, 1 if usd else 0), usd, {kind: n for kind, n in tokens.items() if n})
    return spent

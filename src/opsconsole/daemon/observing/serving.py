"""How a service serves: failures and slow answers against its SLO, providers, limits, queues, and silence.

Always true here: failures that the caller brought about are nobody's but the caller's; a service whose outcomes are not
logged has no error rate, and a rule about it says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsconsole import bins
from opsconsole.alerts.facts import PROVIDER, Reading
from opsconsole.alerts.rules import Rule
from opsconsole.daemon.observing.look import Look, Seen
from opsconsole.daemon.observing.minutes import Minutes
from opsconsole.durations import exact
from opsconsole.signals import slo
from opsconsole.signals.intervals import wilson
from opsconsole.signals.quantiles import quantile
from opsconsole.signals.silence import silence
from opsconsole.signals.words import duration, percent
from opsconsole.store import watching

Z_SURE = 3.29
"""Two-sided 99.9 %."""
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BURNS = ("1h", "6h", "1d", "3d")
USUAL_FROM, USUAL_TO = timedelta(hours=25), timedelta(hours=1)
"""What is usual is learnt from the day that ended an hour ago."""
LEAST_USUAL = 1000
MOST_CLASSES = 3


class Serving:
    """Looks at how requests fare."""

    def __init__(self, minutes: Minutes) -> None:
        self._minutes = minutes
        self._slow = _SlowMinutes()
        self._usual: dict[str, dict[int, int]] = {}

    # Objectives ---------------------------------------------------------------------------------------------------

    def burning(self, look: Look) -> Iterator[Seen]:
        """Error budgets of availability, and of latency where a service promises one."""
        for service in look.extents:
            promised = look.setting(service).slo
            bad, total = self._minutes.outcomes(service)
            yield from self._burns(
                look, service, "errors", promised.availability, bad, total,
                unknown="" if total.any() else "outcomes are not logged", words="failed",
            )  # fmt: skip
            if promised.latency_ms is None:
                yield from self._unburnt(look, service, "services.NAME.slo.latency_ms is not set")
                continue
            edge = slo.edge(promised.latency_ms)
            slow, answers = self._slow.of(look, service, edge.code)
            yield from self._burns(
                look, service, "latency", promised.latency_share, slow, answers,
                unknown="" if answers.any() else "latency is not logged", words=f"slower than {duration(edge.ms)}",
            )  # fmt: skip

    def _unburnt(self, look: Look, service: str, why: str) -> Iterator[Seen]:
        for window in BURNS:
            yield Seen(subject=service, signal=f"latency-burn-{window}", unknown=why)

    def _burns(
        self,
        look: Look,
        service: str,
        what: str,
        objective: float,
        bad: NDArray[Any],
        total: NDArray[Any],
        *,
        unknown: str,
        words: str,
    ) -> Iterator[Seen]:
        promised = slo.Objective(objective)
        for window in BURNS:
            name = f"{what}-burn-{window}"
            rule = look.rules_of(service).get(name)
            if rule is None:
                continue
            if unknown:
                yield Seen(subject=service, signal=name, unknown=unknown)
                continue
            (burn,) = slo.burning(bad, total, promised, [_burn_rule(rule, promised)])
            if burn.long.rate is None:
                yield Seen(subject=service, signal=name, unknown="no requests")
                continue
            # Without requests in the short window it is over as far as anybody can tell, unless it went silent.
            rate = min(burn.long.rate, burn.short.rate) if burn.short.rate is not None else 0.0
            yield Seen(
                subject=service,
                signal=name,
                readings=(
                    Reading(
                        value=rate / promised.budget,
                        threshold=burn.error_rate / promised.budget,
                        n=burn.long.total,
                        p_value=burn.p_value,
                        told=f"{percent(burn.long.rate)} {words} in {exact(burn.long.minutes * 60)}, "
                        f"{percent(burn.short.rate or 0.0)} in {exact(burn.short.minutes * 60)} "
                        f"({burn.long.rate / promised.budget:.1f}× the budget of {objective:.10g})",
                        start=look.minute - burn.long.minutes * MINUTE,
                        stop=look.minute,
                    ),
                ),
            )

    # Silence ------------------------------------------------------------------------------------------------------

    def silent(self, look: Look) -> Iterator[Seen]:
        """Services whose records should be coming, and are not."""
        for service, extent in look.extents.items():
            if look.not_live:
                yield Seen(subject=service, signal="silence", unknown=look.not_live)
                continue
            counts = self._minutes.requests(service, extent.first_at + MINUTE)
            found = silence(counts)
            if found.state == "too little known" or found.longest_before is None:
                yield Seen(subject=service, signal="silence", unknown="records have been arriving for less than 4 h")
                continue
            since = look.minute - found.silent_minutes * MINUTE
            yield Seen(
                subject=service,
                signal="silence",
                readings=(
                    Reading(
                        value=found.silent_minutes / max(found.longest_before, 10 / 3),
                        n=int(counts.sum()),
                        p_value=found.p_value,
                        told=f"no records for {found.silent_minutes} min, since {since:%H:%M} UTC "
                        f"({found.expected or 0.0:.0f} expected; longest silence before: {found.longest_before} min)",
                        start=since - 5 * MINUTE,
                        stop=look.minute,
                    ),
                ),
            )

    # Providers and limits -----------------------------------------------------------------------------------------

    def provided(self, look: Look) -> Iterator[Seen]:
        """Providers, over every service that they serve; and limits that a service runs into."""
        start = look.minute - 30 * MINUTE
        served = watching.models(look.connection, start, look.now)
        failed = watching.failures(look.connection, start, look.now)
        calls = _by_provider(self._minutes, served, None)
        faults = _by_provider(self._minutes, failed, "provider")
        for provider, services in calls.items():
            for signal, minutes in (("provider", 5), ("provider-slow", 30)):
                yield self._provider(look, provider, services, faults.get(provider, {}), signal, minutes)
        yield from self._throttled(look, failed)

    def _provider(
        self,
        look: Look,
        provider: str,
        calls: Mapping[str, list[tuple[int, int, str]]],
        faults: Mapping[str, list[tuple[int, int, str]]],
        signal: str,
        minutes: int,
    ) -> Seen:
        since = int((look.minute - minutes * MINUTE).timestamp()) // 60
        n_of = {service: sum(n for at, n, _ in found if at >= since) for service, found in calls.items()}
        bad_of = {service: sum(n for at, n, _ in found if at >= since) for service, found in faults.items()}
        n, bad = sum(n_of.values()), sum(bad_of.values())
        bad = min(bad, n)
        subject = f"{PROVIDER}{provider}"
        hurt = tuple(sorted(service for service, k in bad_of.items() if k)) or tuple(sorted(n_of))
        if not n:
            return Seen(subject=subject, signal=signal, services=hurt, unknown="no requests")
        kinds: dict[str, int] = {}
        for found in faults.values():
            for at, k, kind in found:
                if at >= since:
                    kinds[kind] = kinds.get(kind, 0) + k
        first = ", ".join(f"{kind} {k}" for kind, k in sorted(kinds.items(), key=lambda each: -each[1])[:MOST_CLASSES])
        return Seen(
            subject=subject,
            signal=signal,
            services=hurt,
            readings=(
                Reading(
                    value=wilson(bad, n, Z_SURE)[0],
                    n=n,
                    told=f"{percent(bad / n)} of {n:,} requests failed there in {minutes} min"
                    + (f" ({first}) at {len(hurt)} service{'s' if len(hurt) > 1 else ''}" if bad else ""),
                    start=look.minute - minutes * MINUTE,
                    stop=look.minute,
                ),
            ),
        )

    def _throttled(self, look: Look, failed: Mapping[str, NDArray[Any]]) -> Iterator[Seen]:
        since = int((look.minute - 15 * MINUTE).timestamp()) // 60
        limited: dict[str, int] = {}
        for service, model, minute, error_class, n in _rows_of(
            failed, "service", "model", "minute", "error_class", "n"
        ):
            if minute >= since and self._minutes.blamed(service, model, error_class).kind == "limited":
                limited[service] = limited.get(service, 0) + n
        for service in look.extents:
            _, total = self._minutes.outcomes(service)
            if not total.any():
                yield Seen(subject=service, signal="throttled", unknown="outcomes are not logged")
                continue
            n = max(int(self._minutes.requests(service)[-15:].sum()), limited.get(service, 0))
            refused = limited.get(service, 0)
            yield Seen(
                subject=service,
                signal="throttled",
                readings=(
                    Reading(
                        value=wilson(refused, n, Z_SURE)[0] if n else 0.0,
                        n=n,
                        told=f"{percent(refused / n) if n else '0%'} refused for a limit in 15 min",
                        start=look.minute - 15 * MINUTE,
                        stop=look.minute,
                    ),
                ),
            )

    # Latency that nobody promised ---------------------------------------------------------------------------------

    def learn(self, look: Look) -> Iterator[Seen]:
        """What latency is usual."""
        self._usual = watching.histogram(
            look.connection, "latency_ms", look.now - USUAL_FROM, look.now - USUAL_TO, level="hour"
        )
        return iter(())

    def shifted(self, look: Look) -> Iterator[Seen]:
        """More slow answers than usual; and requests that wait longer than they are worked on."""
        found = watching.waits(look.connection, look.minute - 30 * MINUTE, look.minute - 15 * MINUTE, look.now)
        for service in look.extents:
            yield _shift(look, service, self._usual.get(service, {}), found.latency.get(service, {}))
            yield _queueing(look, service, found.queue_late.get(service, {}), found.latency_late.get(service, {}))


def _burn_rule(rule: Rule, promised: slo.Objective) -> slo.BurnRule:
    """The rule's threshold as a share of the budget in its window."""
    minutes = rule.window_s // 60
    return slo.BurnRule(
        rule.severity, rule.threshold * minutes / promised.period_minutes, minutes, max(rule.short_s // 60, 1)
    )


class _SlowMinutes:
    """Slow answers by minute, of the services that promise a latency; asked for like the other minutes."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int], tuple[datetime, NDArray[Any], NDArray[Any]]] = {}

    def of(self, look: Look, service: str, edge: int) -> tuple[NDArray[Any], NDArray[Any]]:
        key = service, edge
        known = self._found.get(key)
        length = slo.LONGEST_MINUTES
        end = look.minute
        if known is None or end - known[0] > timedelta(minutes=length // 2):
            slow, n = np.zeros(length, dtype=np.int64), np.zeros(length, dtype=np.int64)
            depth = length
        else:
            gone = max(int((end - known[0]) / MINUTE), 0)
            slow, n = (np.concatenate((each[gone:], np.zeros(gone, dtype=np.int64))) for each in known[1:])
            depth = min(15 + gone, length)
        first = end - depth * MINUTE
        found = watching.slower(look.connection, service, edge, first, end)
        slow[-depth:], n[-depth:] = 0, 0
        places = found["minute"].astype(np.int64) - (int(end.timestamp()) // 60 - length)
        slow[places], n[places] = found["slow"], found["n"]
        self._found[key] = end, slow, n
        return slow, n


def _by_provider(
    minutes: Minutes, found: Mapping[str, NDArray[Any]], owner: str | None
) -> dict[str, dict[str, list[tuple[int, int, str]]]]:
    """Provider (else model) → service → (minute, requests, kind of failure) of what is the provider's."""
    grouped: dict[str, dict[str, list[tuple[int, int, str]]]] = {}
    if owner is None:
        counted = _rows_of(found, "service", "model", "minute", "counted")
        rows: Iterable[tuple[Any, ...]] = ((service, model, minute, "", n) for service, model, minute, n in counted)
    else:
        rows = _rows_of(found, "service", "model", "minute", "error_class", "n")
    for service, model, minute, error_class, n in rows:
        if not model:
            continue
        kind = ""
        if owner is not None:
            blamed = minutes.blamed(service, model, error_class)
            if blamed.owner != owner:
                continue
            kind = blamed.kind
        name = minutes.provider(service, model) or model
        grouped.setdefault(name, {}).setdefault(service, []).append((minute, n, kind))
    return grouped


def _rows_of(columns: Mapping[str, NDArray[Any]], *names: str) -> Iterator[tuple[Any, ...]]:
    return zip(*(columns[name].tolist() for name in names), strict=True)


def _shift(look: Look, service: str, usual: Mapping[int, int], now: Mapping[int, int]) -> Seen:
    signal = "latency-shift"
    n_usual, n = sum(usual.values()), sum(now.values())
    if n_usual < LEAST_USUAL:
        return Seen(subject=service, signal=signal, unknown=f"fewer than {LEAST_USUAL:,} latencies in the day before")
    if not n:
        return Seen(subject=service, signal=signal, unknown="no latencies in the last half hour")
    codes = np.array(sorted(usual))
    upto = np.cumsum([usual[code] for code in codes.tolist()])
    at = int(codes[min(int(np.searchsorted(upto, 0.99 * n_usual)), len(codes) - 1)])
    share = (sum(k for code, k in usual.items() if code > at) + 1) / (n_usual + 1)
    slow = sum(k for code, k in now.items() if code > at)
    p_value = float(slo.chance(np.array([slow]), np.array([n]), share)[0])
    edge_ms = bins.bounds(at, bins.LATENCY_SCHEMA)[1]
    return Seen(
        subject=service,
        signal=signal,
        readings=(
            Reading(
                value=slow / n / share,
                n=n,
                p_value=p_value,
                told=f"{percent(slow / n)} take longer than {duration(edge_ms)}, usually {percent(share)}",
                start=look.minute - 30 * MINUTE,
                stop=look.minute,
            ),
        ),
    )


def _queueing(look: Look, service: str, queue: Mapping[int, int], latency: Mapping[int, int]) -> Seen:
    signal = "queueing"
    waited, took = _median(queue), _median(latency)
    if waited is None or not took:
        return Seen(subject=service, signal=signal, unknown="queue_ms or latency_ms is not logged")
    return Seen(
        subject=service,
        signal=signal,
        readings=(
            Reading(
                value=waited / took,
                n=sum(queue.values()),
                told=f"half of the requests wait {duration(waited)} of the {duration(took)} that they take",
                start=look.minute - 15 * MINUTE,
                stop=look.minute,
            ),
        ),
    )


def _median(counted: Mapping[int, int]) -> float | None:
    found = quantile(np.array([*counted]), np.array([*counted.values()]), 0.5, bins.LATENCY_SCHEMA) if counted else None
    return found.value if found is not None else None

"""Versions against the ones before them, and what comes in and goes out against the baseline.

Always true here: a version is held against what a console's panels hold it against; what is found of a version that
came later is its own cause, so that its failures, its slowness, its cost and its drift are one alert.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

import duckdb

from opsconsole import bins, wire
from opsconsole.alerts.facts import Reading
from opsconsole.daemon.drifting import FoundDrift
from opsconsole.daemon.measure import Measured
from opsconsole.daemon.observing.look import Look, Seen
from opsconsole.signals.health import VersionFacts, peer_of
from opsconsole.signals.quality import same_rate
from opsconsole.signals.quantiles import quantile, quantile_interval
from opsconsole.signals.words import duration, name, percent
from opsconsole.store.queries import Extent, Questions, SpanMemory, time_axis

HOUR = timedelta(hours=1)
QUANTILES: tuple[tuple[str, float], ...] = (("p99", 0.99), ("p50", 0.5))
OUTPUTS = frozenset({"prediction", "finish_reason", "output_tokens"})
"""Features that say what came out; ``confidence`` has a rule of its own, all others say what came in."""
SIGNALS = ("version-errors", "version-latency", "version-cost")
DRIFT_SIGNALS = ("drift-inputs", "drift-outputs", "drift-confidence", "drift-quality")

QUIET = "no records in the last hour"

DriftOf = Callable[[duckdb.DuckDBPyConnection, str, datetime, datetime, Extent], FoundDrift]


class Comparing:
    """Looks at versions."""

    def __init__(self, spans: SpanMemory, drift_of: DriftOf) -> None:
        self._spans = spans
        self._drift_of = drift_of
        self._newer: dict[str, frozenset[str]] = {}
        """Service → versions that are held against another one."""

    def versions(self, look: Look) -> Iterator[Seen]:
        questions = Questions(look.connection, self._spans)
        axis = time_axis(look.now - HOUR, look.now)
        measured = Measured(axis, questions.traffic(axis), questions.histograms(axis, up_to="latency_ms"))
        deployments = questions.deployments()
        for service in look.extents:
            seen = dict(questions.first_seen(service))
            facts = [
                measured.facts(deployments[each][1], (each,), "", seen.get(deployments[each][1]))
                for each in measured.deployments
                if deployments[each][0] == service
            ]
            yield from self._of_service(look, service, facts, (axis.start, look.now))

    def _of_service(
        self, look: Look, service: str, facts: Sequence[VersionFacts], window: tuple[datetime, datetime]
    ) -> Iterator[Seen]:
        pairs = [(this, peer) for this in facts if this.label and (peer := peer_of(this, facts)) is not None]
        self._newer[service] = frozenset(this.label for this, _ in pairs)
        judges = (_errors, _latency, _cost)
        for signal, judge in zip(SIGNALS, judges, strict=True):
            if not pairs:
                yield Seen(subject=service, signal=signal, unknown="one version serves, or none is named")
                continue
            readings = tuple(reading for this, peer in pairs for reading in judge(this, peer, window))
            yield Seen(subject=service, signal=signal, readings=readings)

    # Drift --------------------------------------------------------------------------------------------------------

    def drift(self, look: Look) -> Iterator[Seen]:
        for service, extent in look.extents.items():
            if not look.wants(service, "input-drift", "output-drift", "confidence-drift", "data-quality"):
                continue
            if extent.last_at < look.now - HOUR:
                # A window that ends at the newest record is what views have under the same name: it is left to them.
                yield from (Seen(subject=service, signal=each, unknown=QUIET) for each in DRIFT_SIGNALS)
                continue
            axis = time_axis(look.now - HOUR, look.now)
            found = self._drift_of(look.connection, service, axis.start, axis.end, extent).drift
            judged = [each for each in found.findings if each.verdict in ("drift", "ok")]
            if not judged:
                for signal in DRIFT_SIGNALS:
                    why = f"no features, or too few values, to hold against {found.baseline.label}"
                    yield Seen(subject=service, signal=signal, unknown=why)
                continue
            readings: dict[str, list[Reading]] = {signal: [] for signal in DRIFT_SIGNALS}
            for finding in judged:
                if finding.verdict == "drift":
                    for signal, reading in self._drifted(service, finding, (axis.start, look.now)):
                        readings[signal].append(reading)
            for signal, each in readings.items():
                yield Seen(subject=service, signal=signal, readings=tuple(each))

    def _drifted(
        self, service: str, finding: wire.DriftFinding, window: tuple[datetime, datetime]
    ) -> Iterator[tuple[str, Reading]]:
        """The shape of a feature, and its quality, are findings of their own."""
        is_shape = any(reason.startswith("shape") for reason in finding.reasons)
        others = [reason for reason in finding.reasons if not reason.startswith("shape")]
        version = finding.version if finding.version in self._newer.get(service, ()) else ""
        of = f"{name(finding.version)} " if finding.version else ""

        def reading(value: float, told: str) -> Reading:
            return Reading(
                value=value,
                n=finding.n,
                p_value=finding.p_value,
                detail=f"{finding.version} {finding.feature}".strip(),
                version=version,
                told=f"{of}{name(finding.feature)} {told}",
                start=window[0],
                stop=window[1],
            )

        if is_shape:
            moved = f", median ×{finding.median_ratio:.2f}" if finding.median_ratio is not None else ""
            signal = (
                "drift-outputs"
                if finding.feature in OUTPUTS
                else "drift-confidence"
                if finding.feature == "confidence"
                else "drift-inputs"
            )
            yield signal, reading(finding.effect or 0.0, f"drifted ({finding.effect or 0.0:.3f}{moved})")
        if others:
            yield "drift-quality", reading(1.0, ", ".join(others))


def _errors(this: VersionFacts, peer: VersionFacts, window: tuple[datetime, datetime]) -> Iterator[Reading]:
    if not this.counted or not peer.counted:
        return
    mine, theirs = this.errors / this.counted, peer.errors / peer.counted
    yield _reading(
        this,
        window,
        value=mine - theirs,
        n=min(this.counted, peer.counted),
        p_value=same_rate(peer.errors, peer.counted, this.errors, this.counted),
        told=f"{name(this.label)} fails {percent(mine)}, {name(peer.label)} {percent(theirs)}",
    )


def _latency(this: VersionFacts, peer: VersionFacts, window: tuple[datetime, datetime]) -> Iterator[Reading]:
    """The worse of the quantiles: this version's lower bound over the other's upper one."""
    found: list[tuple[float, str, int]] = []
    for word, q in QUANTILES:
        mine, theirs = (_quantile(each, q) for each in (this, peer))
        if mine is None or theirs is None or theirs[2] <= 0:
            continue
        told = f"{name(this.label)} {word} {duration(mine[0])}, {name(peer.label)} {duration(theirs[0])}"
        found.append((mine[1] / theirs[2], told, min(mine[3], theirs[3])))
    if found:
        value, told, n = max(found)
        yield _reading(this, window, value=value, n=n, told=told)


def _quantile(facts: VersionFacts, q: float) -> tuple[float, float, float, int] | None:
    """(value, lower bound, upper bound, n)."""
    found = quantile(facts.latency_codes, facts.latency_counts, q, bins.LATENCY_SCHEMA)
    bounds = quantile_interval(facts.latency_codes, facts.latency_counts, q, bins.LATENCY_SCHEMA)
    return None if found is None or bounds is None else (found.value, bounds[0], bounds[1], found.n)


def _cost(this: VersionFacts, peer: VersionFacts, window: tuple[datetime, datetime]) -> Iterator[Reading]:
    if not this.usd_per_request or not peer.usd_per_request:
        return
    times = this.usd_per_request / peer.usd_per_request
    yield _reading(
        this,
        window,
        value=times,
        n=min(this.n_known_cost, peer.n_known_cost),
        told=f"{name(this.label)} costs ${this.usd_per_request:.3g} a request, {times:.1f}× {name(peer.label)}",
    )


def _reading(
    this: VersionFacts,
    window: tuple[datetime, datetime],
    *,
    value: float,
    n: int,
    told: str,
    p_value: float | None = None,
) -> Reading:
    return Reading(
        value=value, n=n, told=told, detail=this.label, version=this.label, p_value=p_value,
        start=window[0], stop=window[1], params={"version": this.label},
    )  # fmt: skip

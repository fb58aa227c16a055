"""Drift of one service's window: which baseline it is held against, and what the calibrated rule says.

Always true here: without a pinned baseline the comparison says that it chose one by itself; the dispersion φ is
measured on ordinary windows of the same length before the one that is judged, and scaled to the number of values,
because variation that all requests of a block share grows with their number while independent variation does not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from math import inf
from types import MappingProxyType
from typing import Literal, NamedTuple

import duckdb

from opsconsole import bins, wire
from opsconsole.durations import rounded
from opsconsole.signals.counts import OTHER, FeatureCounts
from opsconsole.signals.dispersion import dispersion
from opsconsole.signals.drift import Comparison, DriftSettings, judge_all
from opsconsole.store import baselines
from opsconsole.store.queries import Extent, Questions

_BLOCKS = 24
_AUTO_BASELINE = timedelta(days=7)
_LEAST_BLOCKS = 8
_MINUTE_S, _HOUR_S = 60, 3600

Key = tuple[str, Literal["numeric", "categorical"]]


class FoundDrift(NamedTuple):
    """The findings, and the counts behind each, by (feature, version)."""

    drift: wire.Drift
    comparisons: Mapping[tuple[str, str], Comparison] = MappingProxyType({})


class _Tally:
    """Counts of features under construction."""

    def __init__(self) -> None:
        self._bins: dict[Key, dict[int | str, int]] = defaultdict(lambda: defaultdict(int))
        self._nulls: dict[Key, int] = defaultdict(int)

    def add(self, name: str, kind: str, code: int, category: str | None, n: int) -> None:
        if kind == "numeric":
            self._bins[name, "numeric"][code] += n
        elif code == bins.NULL:
            self._nulls[name, "categorical"] += n
        else:
            self._bins[name, "categorical"][category if category is not None else OTHER] += n

    def counts(self) -> dict[str, FeatureCounts]:
        keys = sorted({*self._bins, *self._nulls})
        return {
            name: FeatureCounts(kind, dict(self._bins[name, kind]), self._nulls[name, kind])  # type: ignore[arg-type]
            for name, kind in keys
        }


class _Reference(NamedTuple):
    baseline: wire.Baseline
    counts: dict[str, FeatureCounts]
    """Of every version together."""
    version: str | None = None
    """The one version that it stands for, if it does."""
    of_version: Mapping[str, dict[str, FeatureCounts]] = MappingProxyType({})
    """A baseline that nobody chose holds each version against its own past, where that is long enough."""

    def for_version(self, version: str, feature: str, least: int) -> FeatureCounts | None:
        own = self.of_version.get(version, {}).get(feature)
        return own if own is not None and own.n >= least else self.counts.get(feature)


def drift_of(
    connection: duckdb.DuckDBPyConnection,
    service: str,
    start: datetime,
    end: datetime,
    extent: Extent,
    settings: DriftSettings,
) -> FoundDrift:
    """Findings for every version of the service between start and end, with what they rest on."""
    questions = Questions(connection)
    reference, start = _reference(connection, questions, service, start, end, extent)
    if not reference.counts:
        return FoundDrift(wire.Drift(baseline=reference.baseline))
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    for version, name, kind, code, category, _, n in questions.distributions(service, start, end):
        tallies[version].add(name, kind, code, category, n)
    noise = _dispersions(questions, service, start, end, extent, reference.version)
    versions: dict[str, dict[str, Comparison]] = {}
    for version, tally in sorted(tallies.items()):
        compared: dict[str, Comparison] = {}
        for feature, window in tally.counts().items():
            before = reference.for_version(version, feature, settings.min_n) or FeatureCounts(window.kind, {})
            if before.kind == window.kind:
                compared[feature] = Comparison(before, window, *_scaled(noise, feature, window))
        versions[version] = compared
    findings, n_tests = judge_all(versions, settings)
    drift = wire.Drift(baseline=reference.baseline, findings=findings, n_tests=n_tests)
    return FoundDrift(drift, {key: each for version, found in versions.items() for key, each in _keyed(version, found)})


def _keyed(version: str, found: dict[str, Comparison]) -> Iterable[tuple[tuple[str, str], Comparison]]:
    return (((feature, version), each) for feature, each in found.items())


def _reference(
    connection: duckdb.DuckDBPyConnection,
    questions: Questions,
    service: str,
    start: datetime,
    end: datetime,
    extent: Extent,
) -> tuple[_Reference, datetime]:
    """The baseline, and where the judged window then begins (later, if the baseline is the window's own first half)."""
    if pinned := baselines.pinned(connection, service):
        baseline = wire.Baseline(kind=pinned.kind, label=pinned.label, set_at=pinned.set_at, set_by=pinned.set_by)
        tally = _Tally()
        for count in baselines.counts_of(connection, pinned.baseline_id):
            tally.add(*count)
        return _Reference(baseline, tally.counts(), version=pinned.label if pinned.kind == "version" else None), start
    since = max(extent.first_at, start - _AUTO_BASELINE)
    if start - since >= (end - start) / 2:
        label = f"the {rounded(start - since)} before (auto)"
        return _auto(questions, service, since, start, label), start
    begin = max(start, extent.first_at)
    half = begin + (min(end, extent.last_at) - begin) / 2
    return _auto(questions, service, begin, half, "the window's first half (auto)"), half


def _auto(questions: Questions, service: str, start: datetime, end: datetime, label: str) -> _Reference:
    whole = _Tally()
    versions: dict[str, _Tally] = defaultdict(_Tally)
    for version, name, kind, code, category, _, n in questions.distributions(service, start, end):
        whole.add(name, kind, code, category, n)
        versions[version].add(name, kind, code, category, n)
    counts = whole.counts()
    if not counts:
        return _Reference(wire.Baseline(kind="none", label="no features logged"), counts)
    return _Reference(
        wire.Baseline(kind="auto", label=label),
        counts,
        of_version={version: tally.counts() for version, tally in versions.items()},
    )


def _dispersions(
    questions: Questions, service: str, start: datetime, end: datetime, extent: Extent, version: str | None
) -> dict[str, tuple[float | None, float, float]]:
    """Feature → (φ, ν, mean values in a window's length) from the blocks before the window.

    Blocks are as long as the window; where the past is too short for that, they are shorter, and the values of as many
    as make up a window are counted together.
    """
    window_s = max(int((end - start).total_seconds()), _MINUTE_S)
    past_s = max(int((start - extent.first_at).total_seconds()), 0)
    block_s = max(min(window_s, past_s // _LEAST_BLOCKS), _MINUTE_S)
    grain_s = _HOUR_S if block_s >= _HOUR_S else _MINUTE_S
    block_s = block_s // grain_s * grain_s
    last = int(start.timestamp()) // block_s * block_s
    first = max(last - _BLOCKS * block_s, int(extent.first_at.timestamp()) // block_s * block_s)
    if last <= first:
        return {}
    blocks: dict[int, _Tally] = defaultdict(_Tally)
    begin, until = (datetime.fromtimestamp(at, tz=start.tzinfo) for at in (first, last))
    for found_version, name, kind, code, category, block, n in questions.distributions(
        service, begin, until, block_s=block_s
    ):
        if version is None or found_version == version:
            blocks[block].add(name, kind, code, category, n)
    series: dict[str, list[FeatureCounts]] = defaultdict(list)
    for _, tally in sorted(blocks.items()):
        for feature, counts in tally.counts().items():
            series[feature].append(counts)
    return {
        feature: (*dispersion(counts), _mean(block.n for block in counts) * window_s / block_s)
        for feature, counts in series.items()
    }


def _scaled(
    noise: dict[str, tuple[float | None, float, float]], feature: str, window: FeatureCounts
) -> tuple[float | None, float]:
    """φ for a window of another number of values than the blocks had: its excess over 1 is proportional to n."""
    phi, nu, per_block = noise.get(feature, (None, inf, 0.0))
    if phi is None or not per_block:
        return None, inf
    return 1 + (phi - 1) * window.n / per_block, nu


def _mean(values: Iterable[int]) -> float:
    found = list(values)
    return sum(found) / len(found) if found else 0.0

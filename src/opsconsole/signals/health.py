"""State in a word, and why: of a version beside the one before it, and of a service over its versions.

Always true here: a word worse than ok comes with a reason in words with numbers, worst first; a comparison speaks only
when the two confidence intervals are apart by more than the tolerance; "ok" is only said where outcomes were logged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsconsole import bins, wire
from opsconsole.signals.intervals import difference, wilson
from opsconsole.signals.quantiles import quantile, quantile_interval
from opsconsole.signals.words import duration, name, percent

Judgement = tuple[wire.HealthWord, tuple[str, ...]]
Found = Iterator[tuple[wire.HealthWord, str]]
Codes = NDArray[np.integer[Any]]

MOST_REASONS = 12
"""Of a service with a hundred versions nobody reads more."""

SEVERITY: dict[wire.HealthWord, int] = {"fail": 0, "warn": 1, "unknown": 2, "ok": 3, "quiet": 4}


def _no_codes() -> Codes:
    return np.empty(0, dtype=np.int16)


@dataclass(frozen=True)
class HealthSettings:
    """When a number is called worse than it should be."""

    min_requests: int = 20
    """Fewer requests, or fewer known outcomes, are too few to say."""
    fail_error_rate: float = 0.05
    """Fail when the error rate's lower bound (Wilson, 95 %) is above."""
    warn_error_rate: float = 0.01
    """Warn when the error rate's lower bound is above."""
    warn_error_difference: float = 0.01
    """Warn when the lower bound of the difference to the version before (Newcombe, 95 %) is above."""
    min_failing_share: float = 0.02
    """Share of the service's requests from which on a failing version makes the whole service fail."""
    min_compared: int = 100
    """Values that both versions need before latency or cost are compared."""
    warn_latency: tuple[tuple[str, float, float], ...] = (("p99", 0.99, 1.5), ("p50", 0.5, 1.2))
    """(name, quantile, ratio): warn when this version's lower bound is above ratio times the other's upper bound."""
    warn_cost_ratio: float = 1.3
    """Warn when a request costs more than this times the other's."""


@dataclass(frozen=True, eq=False)
class VersionFacts:
    """What is judged: one version in the window, or (with an empty label) all of them together."""

    label: str
    requests: int
    errors: int
    counted: int
    """Requests whose outcome is known: neither pending nor unknown."""
    top_error: str = ""
    """The most frequent error class."""
    latency_codes: Codes = field(default_factory=_no_codes)
    latency_counts: Codes = field(default_factory=_no_codes)
    """Parallel: bins (LATENCY_SCHEMA) and how many requests are in each."""
    usd_per_request: float | None = None
    n_known_cost: int = 0
    """Requests whose cost is known."""
    first_at: datetime | None = None
    """First seen ever, not only in the window: it tells which of two versions is the newer."""


def peer_of(this: VersionFacts, versions: Sequence[VersionFacts]) -> VersionFacts | None:
    """What a version is measured against: of the others that are not newer, the one with the largest share.

    So a canary is measured against the stable version, and a version fully rolled out against what it replaced, but
    no version is called slow because its successor is faster. Where first times are not known, every other one counts.
    """
    others = [
        other
        for other in versions
        if other.label != this.label
        and not (this.first_at is not None and other.first_at is not None and other.first_at > this.first_at)
    ]
    return max(others, key=lambda other: (other.requests, other.label), default=None)


def judge_version(
    this: VersionFacts,
    peer: VersionFacts | None = None,
    findings: Sequence[wire.DriftFinding] = (),
    settings: HealthSettings | None = None,
) -> Judgement:
    """State of one version; ``findings`` may hold those of other versions too."""
    settings = settings or HealthSettings()
    if this.requests == 0:
        return "quiet", ()
    if this.requests < settings.min_requests:
        return "unknown", (f"{_label(this)}only {this.requests} requests",)
    found = [*_errors(this, settings)]
    if peer is not None:
        found += [
            *_error_difference(this, peer, settings),
            *_latency(this, peer, settings),
            *_cost(this, peer, settings),
        ]
    found += _drift(this, findings)
    if not found:
        return _nothing_found(this, settings)
    found.sort(key=lambda pair: SEVERITY[pair[0]])
    return found[0][0], tuple(reason for _, reason in found)


def judge_service(
    total: VersionFacts,
    versions: Sequence[VersionFacts],
    findings: Sequence[wire.DriftFinding] = (),
    settings: HealthSettings | None = None,
) -> Judgement:
    """State of a service: its own over all versions, made worse by any version that fails or warns.

    Reasons come worst first, and of equally bad ones those of the version with the most traffic; a version that few
    requests reach makes a service warn but not fail.
    """
    if len(versions) == 1:
        return judge_version(versions[0], None, findings, settings)
    word, reasons = judge_version(total, settings=settings)
    ranked = [(SEVERITY[word], -1.0, reason) for reason in reasons]
    for version in versions:
        state, why = judge_version(version, peer_of(version, versions), findings, settings)
        share = version.requests / max(total.requests, 1)
        if state == "fail" and share < (settings or HealthSettings()).min_failing_share:
            state = "warn"
        if state in ("fail", "warn"):
            ranked += [(SEVERITY[state], -share, reason) for reason in why]
            word = min(word, state, key=SEVERITY.__getitem__)
    ranked.sort(key=lambda row: row[:2])
    shown = tuple(reason for *_, reason in ranked[:MOST_REASONS])
    return word, shown if len(ranked) <= MOST_REASONS else (*shown, f"and {len(ranked) - MOST_REASONS} more")


def _nothing_found(this: VersionFacts, settings: HealthSettings) -> Judgement:
    if this.counted == 0:
        return "unknown", (f"{_label(this)}outcomes not logged",)
    if this.counted < settings.min_requests:
        return "unknown", (f"{_label(this)}only {this.counted} outcomes known",)
    return "ok", ()


def _label(facts: VersionFacts) -> str:
    return f"{name(facts.label)} " if facts.label else ""


def _other(facts: VersionFacts) -> str:
    return name(facts.label) if facts.label else "unnamed"


def _errors(this: VersionFacts, settings: HealthSettings) -> Found:
    if this.counted < settings.min_requests:
        return
    low = wilson(this.errors, this.counted)[0]
    limits: tuple[tuple[float, wire.HealthWord], ...] = (
        (settings.fail_error_rate, "fail"),
        (settings.warn_error_rate, "warn"),
    )
    for limit, word in limits:
        if low > limit:
            first = f" ({name(this.top_error)} first)" if this.top_error else ""
            yield word, f"{_label(this)}errors {percent(this.errors / this.counted)}{first}"
            return


def _error_difference(this: VersionFacts, peer: VersionFacts, settings: HealthSettings) -> Found:
    if min(this.counted, peer.counted) < settings.min_requests:
        return
    low, _ = difference(peer.errors, peer.counted, this.errors, this.counted)
    if low > settings.warn_error_difference:
        rates = percent(this.errors / this.counted), percent(peer.errors / peer.counted)
        yield "warn", f"{_label(this)}fails more: {rates[0]} vs {_other(peer)} {rates[1]}"


def _latency(this: VersionFacts, peer: VersionFacts, settings: HealthSettings) -> Found:
    schema = bins.LATENCY_SCHEMA
    for word, q, tolerated in settings.warn_latency:
        mine = quantile(this.latency_codes, this.latency_counts, q, schema)
        theirs = quantile(peer.latency_codes, peer.latency_counts, q, schema)
        if mine is None or theirs is None or min(mine.n, theirs.n) < settings.min_compared or theirs.value <= 0:
            continue
        low = quantile_interval(this.latency_codes, this.latency_counts, q, schema)
        high = quantile_interval(peer.latency_codes, peer.latency_counts, q, schema)
        if low and high and low[0] > tolerated * high[1]:
            values = f"({duration(mine.value)} vs {duration(theirs.value)})"
            yield "warn", f"{_label(this)}{word} {mine.value / theirs.value:.1f}× {_other(peer)} {values}"


def _cost(this: VersionFacts, peer: VersionFacts, settings: HealthSettings) -> Found:
    if min(this.n_known_cost, peer.n_known_cost) < settings.min_compared:
        return
    if not this.usd_per_request or not peer.usd_per_request:
        return
    times = this.usd_per_request / peer.usd_per_request
    if times > settings.warn_cost_ratio:
        yield "warn", f"{_label(this)}costs {times:.1f}× {_other(peer)} per request"


def _drift(this: VersionFacts, findings: Sequence[wire.DriftFinding]) -> Found:
    mine = [finding for finding in findings if finding.version == this.label and finding.verdict == "drift"]
    if not mine:
        return
    worst = mine[0]
    has_shape = any(reason.startswith("shape") for reason in worst.reasons)
    what = f"drifted ({worst.effect or 0:.2f})" if has_shape else worst.reasons[0]
    more = f" +{len(mine) - 1}" if len(mine) > 1 else ""
    yield "warn", f"{_label(this)}{name(worst.feature)} {what}{more}"

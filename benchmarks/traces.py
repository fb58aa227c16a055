"""Which pages and tickets two real traces would have raised, with the defaults.

Always true here: where a trace lacks what a rule needs, nothing is made up for it, but for the price of a GPU's hour.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import nab
from benchmarks.ground import shared_data
from opsconsole.signals import cost, silence
from opsconsole.signals.slo import RULES, Objective, burning, replayed

Counts = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - times of both traces name no zone
GPU_USD_PER_HOUR = 2.0
"""What the image trace's seconds are billed at, since it logs no cost: a rented GPU."""
QUIET_MINUTES = 360
"""What fires again within six hours of its end is the same alert."""
ONE_SLO = Objective(0.99)
STRICT_SLO = Objective(0.999)


@dataclass(frozen=True)
class Page:
    """What would have reached somebody."""

    at: str
    rule: str
    words: str


def azure() -> list[Page]:
    """Two services of one hour: times and tokens, without outcome and cost. Silence alone could be judged of them, and
    a source is not missed before it has been known for four hours."""
    pages = []
    for name in ("code", "conv"):
        path = shared_data("azure_llm") / f"AzureLLMInferenceTrace_{name}.csv"
        with path.open() as stream:
            at = np.array([_minute(row["TIMESTAMP"][:26]) for row in csv.DictReader(stream)])
        counts = np.bincount(at - at.min())
        pages += [_silent(f"azure {name}", int(at.min()), counts, end) for end in range(1, len(counts) + 1)]
    return _begun(pages)


def _minute(text: str) -> int:
    return int((datetime.fromisoformat(text) - EPOCH) / timedelta(minutes=1))


def _silent(name: str, first: int, counts: Counts, end: int) -> tuple[str, Page | None]:
    found = silence.silence(counts[:end])
    if found.state != "quiet":
        return name, None
    words = (
        f"{found.silent_minutes} minutes without a request where {found.expected:.0f} were expected; "
        f"the longest before had {found.longest_before}"
    )
    return name, Page(_time(first + end), f"{name}: quiet", words)


def _begun(looks: Sequence[tuple[str, Page | None]]) -> list[Page]:
    """The first page of each run of looks."""
    pages, before = [], None
    for _, page in looks:
        if page is not None and before is None:
            pages.append(page)
        before = page
    return pages


def _time(minute: int) -> str:
    return (EPOCH.replace(tzinfo=UTC) + timedelta(minutes=minute)).strftime("%Y-%m-%d %H:%M")


def gentd26(objective: Objective = ONE_SLO) -> list[Page]:
    """24 days of one image service: times, outcomes and GPU seconds."""
    with (shared_data("gentd26") / "lora_request_trace.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    at = np.array([_minute(row["gmt_create"]) for row in rows])
    first = int(at.min()) // 60 * 60
    place = at - first
    n = (int(place.max()) // 60 + 1) * 60
    statuses = np.array([row["predict_status"] for row in rows])
    bad = np.bincount(place[statuses == "FAILED"], minlength=n)
    total = bad + np.bincount(place[statuses == "SUCCEED"], minlength=n)
    seconds = np.array([float(row["exec_time_seconds"] or 0) for row in rows])
    usd = np.bincount(place // 60, seconds, minlength=n // 60) / 3600 * GPU_USD_PER_HOUR
    pages = [*_burnt(first, bad, total, objective), *_dear(first, usd)]
    all_of_them = np.bincount(place, minlength=n)
    pages += _begun([_silent("gentd26", first, all_of_them, end) for end in range(1, n + 1)])
    return sorted(pages, key=lambda page: page.at)


def _burnt(first: int, bad: Counts, total: Counts, objective: Objective) -> Iterator[Page]:
    """One page an episode of page rules, and one ticket an episode of the others; what comes again soon is the same."""
    fired = replayed(bad, total, objective)
    for severity in ("page", "ticket"):
        rules = [rule for rule in RULES if rule.severity == severity]
        mask = np.logical_or.reduce(fired[[rule.severity == severity for rule in RULES]])
        for end in np.flatnonzero(nab.onsets(mask, QUIET_MINUTES)).tolist():
            found = burning(bad[: end + 1], total[: end + 1], objective, rules)
            burn = next(burn for burn in found if burn.is_firing)
            words = (
                f"{burn.long.bad} of {burn.long.total} failed in {burn.rule.long_minutes // 60} h, "
                f"{burn.burn_rate:.1f} times the budget, P = {burn.p_value:.0e}"
            )
            yield Page(_time(first + end + 1), f"SLO {100 * objective.slo:g} % ({severity})", words)


def _dear(first: int, usd: Floats) -> Iterator[Page]:
    settings = cost.AnomalySettings()
    mask = cost.replayed(usd, settings)
    for hour in np.flatnonzero(nab.onsets(mask, QUIET_MINUTES // 60)).tolist():
        found = cost.latest(usd[: hour + 1], settings)
        words = (
            f"${found.value:.2f} in an hour, ${found.expected:.2f} expected from the {found.against}, z = {found.z:.1f}"
        )
        yield Page(_time(first + 60 * (hour + 1)), "cost", words)

"""False pages and minutes to detect of burn-rate alerts, from ten requests an hour to ten thousand.

Always true here: every judge sees the same simulated months, seed for seed those of the reference simulation; a page is
an episode, and steady errors below the budget deserve none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsconsole.signals.slo import RULES, Objective, replayed

Counts = NDArray[np.integer[Any]]
Mask = NDArray[np.bool_]

MINUTES = 30 * 1440
WORLDS = 10
OUTAGE_AT, OUTAGE_MINUTES, LATEST = 20_000, 60, 120
OUTAGE_ERRORS = 0.5
PAGES = tuple(rule for rule in RULES if rule.severity == "page")
TICKETS = tuple(rule for rule in RULES if rule.severity == "ticket")
LEAST_BAD = 10
JUDGES = ("plain", "at least 10 bad", "ours")

Key = tuple[float, int, float]
"""(SLO, requests an hour, steady errors as a share of the budget)."""

REFERENCE: Mapping[Key, tuple[float, float]] = {
    (0.999, 10, 0.3): (0.0, 16),
    (0.999, 10, 0.8): (0.1, 16),
    (0.999, 100, 0.3): (0.0, 2),
    (0.999, 100, 0.8): (0.0, 2),
    (0.999, 1_000, 0.3): (0.0, 2),
    (0.999, 1_000, 0.8): (0.0, 1),
    (0.999, 10_000, 0.3): (0.0, 1),
    (0.999, 10_000, 0.8): (0.0, 1),
    (0.99, 10, 0.3): (0.0, 36),
    (0.99, 10, 0.8): (0.1, 36),
    (0.99, 100, 0.3): (0.0, 16),
    (0.99, 100, 0.8): (0.0, 14),
    (0.99, 1_000, 0.3): (0.0, 17),
    (0.99, 1_000, 0.8): (0.0, 16),
    (0.99, 10_000, 0.3): (0.0, 17),
    (0.99, 10_000, 0.8): (0.0, 16),
}
"""(false pages in 30 days, median minutes to detect) of the reference's rule with the binomial guard."""


@dataclass(frozen=True)
class Cell:
    """One judge in one setting."""

    pages: float
    """False ones in 30 days."""
    minutes: float | None
    """Median from the outage's beginning to the page; None if any was missed."""
    found: float
    """Share of the outages."""


def simulated() -> dict[Key, dict[str, Cell]]:
    return {key: _judged(*key) for key in REFERENCE}


def tickets(slo: float, per_hour: int, share: float) -> float:
    """False tickets of ours in 30 days."""
    made = 0
    for seed in range(WORLDS):
        _, total, bad = _month(seed, slo, per_hour, share)
        made += episodes(np.logical_or.reduce(replayed(bad, total, Objective(slo), TICKETS)))
    return made / WORLDS


def episodes(mask: Mask) -> int:
    """How often it begins."""
    return int(np.sum(mask[1:] & ~mask[:-1]) + mask[0])


def _month(seed: int, slo: float, per_hour: int, share: float) -> tuple[np.random.Generator, Counts, Counts]:
    rng = np.random.default_rng(seed)
    total = rng.poisson(per_hour / 60, MINUTES)
    return rng, total, rng.binomial(total, (1 - slo) * share)


def _judged(slo: float, per_hour: int, share: float) -> dict[str, Cell]:
    pages: dict[str, list[int]] = {judge: [] for judge in JUDGES}
    minutes: dict[str, list[int]] = {judge: [] for judge in JUDGES}
    at = slice(OUTAGE_AT, OUTAGE_AT + OUTAGE_MINUTES)
    for seed in range(WORLDS):
        rng, total, bad = _month(seed, slo, per_hour, share)
        for judge, mask in _masks(bad, total, slo).items():
            pages[judge].append(episodes(mask))
        broken = bad.copy()
        broken[at] = rng.binomial(total[at], OUTAGE_ERRORS)
        for judge, mask in _masks(broken, total, slo).items():
            during = mask[OUTAGE_AT : OUTAGE_AT + LATEST]
            if during.any():
                minutes[judge].append(int(np.argmax(during)))
    return {
        judge: Cell(
            float(np.mean(pages[judge])),
            float(np.median(minutes[judge])) if len(minutes[judge]) == WORLDS else None,
            len(minutes[judge]) / WORLDS,
        )
        for judge in JUDGES
    }


def _masks(bad: Counts, total: Counts, slo: float) -> dict[str, Mask]:
    """What each judge says after each minute; the first two are the same rules without the guard."""
    objective = Objective(slo)
    plain = replayed(bad, total, objective, PAGES, guard=np.inf)
    upto = np.concatenate(([0], np.cumsum(bad)))
    end = np.arange(1, len(bad) + 1)
    enough = [upto[end] - upto[np.maximum(0, end - rule.long_minutes)] >= LEAST_BAD for rule in PAGES]
    return {
        "plain": np.logical_or.reduce(plain),
        "at least 10 bad": np.logical_or.reduce(plain & np.array(enough)),
        "ours": np.logical_or.reduce(replayed(bad, total, objective, PAGES)),
    }

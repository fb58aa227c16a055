"""Dispersion: ordinary variation between neighbouring windows is measured, and then forgiven."""

from __future__ import annotations

from collections import Counter
from math import inf, isinf
from pathlib import Path

import numpy as np

from opsconsole import bins
from opsconsole.signals.counts import FeatureCounts
from opsconsole.signals.dispersion import MIN_PAIRS, dispersion
from opsconsole.signals.shape import compare

KEYS = tuple(f"v{i}" for i in range(8))
EVEN = np.full(len(KEYS), 1 / len(KEYS))


def draw(generator: np.random.Generator, n: int, concentration: float = inf) -> FeatureCounts:
    """Counts whose probabilities wander from block to block (Dirichlet), or stay put when concentration is infinite."""
    p = EVEN if isinf(concentration) else generator.dirichlet(EVEN * concentration)
    return FeatureCounts("categorical", dict(zip(KEYS, generator.multinomial(n, p).tolist(), strict=True)))


def test_independent_draws_have_a_dispersion_of_one() -> None:
    generator = np.random.default_rng(1)
    phi, nu = dispersion([draw(generator, 1000) for _ in range(60)])
    assert phi is not None
    assert 1 <= phi < 1.25
    assert nu == 59 * 7 * 2 / 3


def test_wandering_traffic_is_told_from_independent_draws() -> None:
    generator = np.random.default_rng(2)
    concentration, n = 500.0, 1000
    phi, _ = dispersion([draw(generator, n, concentration) for _ in range(200)])
    assert phi is not None
    assert abs(phi / (1 + (n - 1) / (concentration + 1)) - 1) < 0.15


def test_wandering_traffic_alarms_no_more_often_than_promised() -> None:
    generator = np.random.default_rng(3)
    reps, naive, corrected = 300, 0, 0
    for _ in range(reps):
        blocks = [draw(generator, 400, 300.0) for _ in range(25)]
        phi, nu = dispersion(blocks[:-1])
        total: Counter[str] = Counter()
        for block in blocks[:-1]:
            total.update(block.categories)
        shape = compare(FeatureCounts("categorical", total), blocks[-1])
        assert shape is not None
        assert phi is not None
        naive += shape.p_value() < 0.05
        corrected += shape.p_value(phi, nu) < 0.05
    assert naive / reps > 0.3
    assert corrected / reps < 0.1


def test_too_few_neighbours_say_so() -> None:
    generator = np.random.default_rng(4)
    blocks = [draw(generator, 1000) for _ in range(MIN_PAIRS)]
    assert dispersion(blocks) == (None, inf)
    assert dispersion([]) == (None, inf)


def test_empty_blocks_are_no_neighbours() -> None:
    assert dispersion([FeatureCounts("categorical", {})] * 20) == (None, inf)


def test_real_prompt_lengths_vary_more_than_independent_draws(shared: Path) -> None:
    path = shared / "data" / "azure_llm" / "AzureLLMInferenceTrace_conv.csv"
    rows = [line.split(",") for line in path.read_text().splitlines()[1:]]
    blocks: dict[str, list[float]] = {}
    for at, prompt, _ in rows:
        two_minutes = f"{at[:14]}{int(at[14:16]) // 2:02}"
        blocks.setdefault(two_minutes, []).append(float(prompt))
    counts = [
        FeatureCounts("numeric", Counter(bins.codes(np.array(values), bins.FEATURE_SCHEMA).tolist()))
        for _, values in sorted(blocks.items())
        if len(values) >= 200
    ]
    phi, nu = dispersion(counts)
    assert phi is not None
    assert 2 < phi < 5
    assert nu > 100

"""The slice that was made worse is named first, by as few dimensions as it takes, and shares add up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from opsconsole.signals.cells import Cells, cells_of
from opsconsole.signals.explain import Explanation, explain

N = 40_000
LEAST = 0.03
VALUES = {
    "version": ("v40", "v41", "v42"),
    "region": ("eu", "us", "ap", "sa"),
    "route": ("/chat", "/search", "/embed", "/tools", "/batch"),
    "model": ("large", "small", "tiny"),
    "user_key": tuple(f"u{i}" for i in range(12)),
}
Where = tuple[tuple[str, str], ...]


class Traffic:
    """Requests before and after, of unequal slices; durations with a heavy tail, slower on some routes and models."""

    def __init__(self, seed: int = 7, n: int = N, later_versions: Sequence[float] = (0.1, 0.6, 0.3)) -> None:
        self.random = np.random.default_rng(seed)
        self.is_after = np.arange(n) % 2 == 1
        parts = np.where(self.is_after, self._drawn(n, later_versions), self._drawn(n, (0.1, 0.6, 0.3)))
        own_model = self._drawn(n, (0.5, 0.3, 0.2))
        self.places = {
            "version": parts,
            "region": self._drawn(n, (0.45, 0.3, 0.15, 0.1)),
            "route": self._drawn(n, (0.4, 0.25, 0.15, 0.12, 0.08)),
            "model": np.where((parts == 2) & (self.random.random(n) < 0.8), 1, own_model),
            "user_key": np.minimum(self.random.pareto(0.9, n) * 2, 11).astype(int),
        }
        centre = np.array([0.5, -0.4, -1.0, 0.2, 1.1])[self.places["route"]]
        centre = centre + np.array([0.4, 0.0, -0.5])[self.places["model"]]
        self.logarithms = 6 + centre + 0.5 * self.random.standard_t(4, n)
        self.chance = 0.01 * np.array([1.0, 0.5, 0.3, 2.0, 1.0])[self.places["route"]]

    def _drawn(self, n: int, parts: Sequence[float]) -> NDArray[np.int64]:
        return self.random.choice(len(parts), n, p=parts)

    def members(self, where: Where) -> NDArray[np.bool_]:
        chosen = np.ones(len(self.is_after), dtype=bool)
        for name, value in where:
            chosen &= self.places[name] == VALUES[name].index(value)
        return chosen

    def slower(self, where: Where, times: float) -> Cells:
        worse = np.log(times) * (self.members(where) & self.is_after)
        return self.cells(self.logarithms + worse, self.logarithms + worse)

    def failing(self, where: Where, points: float) -> Cells:
        fails = self.random.random(len(self.is_after)) < self.chance + points * (self.members(where) & self.is_after)
        types = np.where(fails, self.random.choice(["timeout", "overloaded"], len(fails)), "")
        return self.cells(fails.astype(float), fails.astype(float), error_type=types)

    def dearer(self, where: Where, times: float) -> Cells:
        usd = np.exp(self.logarithms - 12) * np.where(self.members(where) & self.is_after, times, 1.0)
        return self.cells(np.log(usd), usd)

    def cells(self, score: NDArray[np.float64], value: NDArray[np.float64], **more: NDArray[np.str_]) -> Cells:
        columns = {name: np.array(VALUES[name])[places] for name, places in self.places.items()} | more
        sums = {"weight": np.ones(len(score)), "score": score, "squares": score**2, "value": value}
        dimensions = list(columns)
        return cells_of(columns | sums | {"is_after": self.is_after}, dimensions, (3600.0, 3600.0), is_rate=True)


def first(explained: Explanation) -> Where:
    return explained.found[0].where if explained.found else ()


REGRESSIONS: list[tuple[str, Where, float]] = [
    ("slower", (("region", "us"),), 1.3),
    ("slower", (("version", "v42"),), 1.5),
    ("slower", (("route", "/embed"),), 1.4),
    ("slower", (("version", "v41"), ("region", "eu")), 1.4),
    ("slower", (("route", "/chat"), ("model", "small")), 2.5),
    ("failing", (("version", "v42"),), 0.02),
    ("failing", (("user_key", "u0"),), 0.1),
    ("failing", (("region", "ap"), ("route", "/chat")), 0.15),
    ("failing", (("version", "v41"), ("model", "large")), 0.05),
    ("dearer", (("model", "tiny"),), 1.5),
    ("dearer", (("version", "v42"), ("route", "/search")), 2.0),
    ("dearer", (("region", "us"), ("model", "large")), 3.0),
]


@pytest.mark.parametrize(("how", "where", "size"), REGRESSIONS)
def test_the_slice_that_was_made_worse_is_named_first(how: str, where: Where, size: float) -> None:
    explained = explain(getattr(Traffic(), how)(where, size), least_change=0.002)
    assert first(explained) == where
    assert explained.is_change
    assert explained.found[0].p_value < 1e-6


def test_a_slow_slice_is_found_while_another_version_takes_over_the_traffic() -> None:
    rollout = Traffic(later_versions=(0.1, 0.3, 0.6))
    assert first(explain(rollout.slower((("region", "us"),), 1.5), least_change=LEAST)) == (("region", "us"),)


def test_a_version_that_was_not_there_before_is_held_against_traffic_like_its_own() -> None:
    traffic = Traffic()
    traffic.places["version"][~traffic.is_after & (traffic.places["version"] == 2)] = 1
    assert first(explain(traffic.slower((("version", "v42"),), 1.5), least_change=LEAST)) == (("version", "v42"),)


@pytest.mark.parametrize("seed", range(5))
def test_of_two_names_for_the_same_requests_the_earlier_dimension_is_chosen(seed: int) -> None:
    traffic = Traffic(seed, 10_000, (0.1, 0.5, 0.4))
    traffic.places["model"] = traffic.places["version"].copy()
    assert first(explain(traffic.slower((("version", "v42"),), 2.0), least_change=LEAST)) == (("version", "v42"),)


def test_an_error_type_is_named_where_it_rises_everywhere() -> None:
    traffic = Traffic()
    fails = traffic.random.random(N) < 0.01 + 0.03 * traffic.is_after
    types = np.where(fails, np.where(traffic.is_after & (traffic.random.random(N) < 0.75), "overloaded", "timeout"), "")
    cells = traffic.cells(fails.astype(float), fails.astype(float), error_type=types)
    assert first(explain(cells, least_change=0.002)) == (("error_type", "overloaded"),)


def test_chance_is_seldom_taken_for_a_change() -> None:
    changed = [explain(Traffic(seed, 8_000).slower((), 1.0), least_change=0.0) for seed in range(40)]
    assert sum(each.is_change for each in changed) <= 1
    assert sum(bool(each.found) for each in changed) <= 2


def test_a_change_too_small_to_matter_is_none_however_sure() -> None:
    explained = explain(Traffic().slower((), 1.02), least_change=LEAST)
    assert not explained.is_change


@settings(max_examples=25)
@given(
    seed=st.integers(0, 100),
    times=st.floats(0.3, 3.0),
    mix=st.sampled_from([(0.1, 0.6, 0.3), (0.1, 0.2, 0.7), (0.5, 0.2, 0.3)]),
    where=st.sampled_from([where for _, where, _ in REGRESSIONS]),
    how=st.sampled_from(["slower", "dearer"]),
)
def test_shares_add_up_and_slices_are_disjoint(
    seed: int, times: float, mix: tuple[float, ...], where: Where, how: str
) -> None:
    traffic = Traffic(seed, 4_000, mix)
    cells = getattr(traffic, how)(where, times)
    explained = explain(cells, least_change=LEAST)
    assert sum(each.share for each in explained.found) + explained.rest_share == pytest.approx(1.0)
    assert sum(each.parts[1] for each in explained.found) <= 1 + 1e-9
    assert sum(each.requests[0] for each in explained.found) <= cells.before.weight.sum()
    assert all(each.score > 0 and 0 <= each.p_value <= 1 for each in explained.found)


def test_an_empty_side_explains_nothing() -> None:
    traffic = Traffic(n=1_000)
    traffic.is_after[:] = True
    explained = explain(traffic.slower((), 1.0), least_change=LEAST)
    assert (explained.found, explained.rest_share, explained.is_change) == ((), 1.0, False)
    assert explained.means[0] is None

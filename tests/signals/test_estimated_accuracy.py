"""Accuracy before labels: calibrated confidences, on a data set whose truth is known."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.signals.confidence import calibrated, estimated

KNOWN = st.dictionaries(
    st.integers(-50, 50), st.integers(0, 40).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), max_size=20
)


@given(KNOWN)
def test_more_confidence_is_never_less_right_and_the_past_is_met(known: dict[int, tuple[int, int]]) -> None:
    calibration = calibrated(known)
    if calibration is None:
        assert not any(n for n, _ in known.values())
        return
    assert list(calibration.right) == sorted(calibration.right)
    window = {bin_: n for bin_, (n, _) in known.items() if n}
    found = estimated(calibration, window)
    assert found is not None
    assert found.accuracy == pytest.approx(sum(right for _, right in known.values()) / found.n)
    assert 0 <= found.low <= found.accuracy + 1e-9
    assert found.accuracy - 1e-9 <= found.high <= 1


def test_nothing_known_estimates_nothing() -> None:
    assert calibrated({}) is None
    calibration = calibrated({3: (10, 5)})
    assert calibration is not None
    assert estimated(calibration, {}) is None
    assert calibration.of(-9) == calibration.of(99) == 0.5


def test_it_estimates_the_accuracy_of_loans_that_drifted(shared: Path) -> None:
    """NannyML's estimate of the second half is 0.911, the truth 0.915; of the first half both are 0.942."""
    folder = shared / "data/car_loan"

    def rows(name: str) -> list[dict[str, str]]:
        with gzip.open(folder / f"synthetic_car_loan_{name}.csv.gz", "rt") as stream:
            return list(csv.DictReader(stream))

    def bin_of(row: dict[str, str]) -> int:
        return round(100 * abs(float(row["y_pred_proba"]) - 0.5))

    known: dict[int, tuple[int, int]] = {}
    for row in rows("reference"):
        n, right = known.get(bin_of(row), (0, 0))
        known[bin_of(row)] = (n + 1, right + (float(row["y_pred"]) == float(row["repaid"])))
    calibration = calibrated(known)
    assert calibration is not None
    analysis, truth = rows("analysis"), {row["id"]: float(row["repaid"]) for row in rows("analysis_target")}
    for part in (analysis[:25_000], analysis[25_000:]):
        found = estimated(calibration, Counter(map(bin_of, part)))
        actual = sum(float(row["y_pred"]) == truth[row["id"]] for row in part) / len(part)
        assert found is not None
        assert found.accuracy == pytest.approx(actual, abs=0.005)

"""NAB's scoring: what the published definition says of detections in, before and behind a window."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.nab import File, Score, onsets, score, sigmoid

WINDOW = (1_000, 1_199)
FILE = File("f", 300.0, np.zeros(2_000), (WINDOW,))


def of(*places: int, file: File = FILE) -> Score:
    mask = np.zeros(len(file.values), dtype=bool)
    mask[list(places)] = True
    return score((file,), (mask,))


def test_the_first_value_of_a_window_is_perfect_and_nothing_is_nothing() -> None:
    assert of(1_000).score == pytest.approx(100.0)
    assert of().score == 0.0
    assert of(1_000, 1_050, 1_150) == of(1_000)


def test_later_in_the_window_counts_less_and_never_less_than_nothing() -> None:
    scores = [of(place).score for place in (1_000, 1_100, 1_180, 1_199)]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] > 50 - 1
    assert scores[1] == pytest.approx(50 + 50 * sigmoid(-0.5) / sigmoid(-1.0))


def test_a_false_detection_costs_a_ninth_of_a_window_and_less_just_behind_one() -> None:
    assert of(500, 1_000).score == pytest.approx(100 - 50 * 0.11)
    assert of(1_000, 1_210).score > of(1_000, 1_400).score > of(1_000, 1_999).score
    assert of(1_000, 1_999).score == pytest.approx(100 - 50 * 0.11)


def test_what_is_in_the_probation_is_not_scored() -> None:
    assert of(100, 299) == of()
    assert of(300).false == 1


def test_precision_counts_windows_and_false_detections() -> None:
    found = of(1_000, 1_001, 1_500, 1_501, 1_502)
    assert (found.found, found.false, found.precision, found.recall) == (1, 3, 0.25, 1.0)
    assert of().precision is None


def test_an_alert_that_comes_again_soon_is_the_same_alert() -> None:
    mask = np.array([0, 1, 1, 0, 1, 0, 0, 0, 1], dtype=bool)
    assert np.flatnonzero(onsets(mask, 3)).tolist() == [1, 8]
    assert np.flatnonzero(onsets(mask, 1)).tolist() == [1, 4, 8]

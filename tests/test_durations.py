"""A length of time is said alike wherever it is said."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsconsole.durations import exact, in_words, rounded, spelled


@pytest.mark.parametrize(
    ("seconds", "cell", "sentence", "about"),
    [
        (-5, "0s", "0 s", "0 s"),
        (42, "42s", "42 s", "42 s"),
        (3_600, "1h", "1 h 0 min", "60 min"),
        (7_505, "2h 5m", "2 h 5 min", "2 h"),
        (187_200, "2d 4h", "2 d 4 h", "2 d"),
    ],
)
def test_a_length_has_one_spelling_for_each_place(seconds: int, cell: str, sentence: str, about: str) -> None:
    length = timedelta(seconds=seconds)
    assert (spelled(length), in_words(length), rounded(length)) == (cell, sentence, about)


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, ""), (90, "90 s"), (5_400, "90 min"), (7_200, "2 h"), (259_200, "3 d")]
)
def test_a_window_is_said_in_the_largest_unit_that_divides_it(seconds: int, said: str) -> None:
    assert exact(seconds) == said

"""Shares as people read them: one meaning for the console, messages and reviews."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opsconsole import rates
from opsconsole.console import numbers
from opsconsole.incidents import told


@given(st.floats(0, 1) | st.none())
def test_a_share_reads_the_same_in_the_console_in_a_message_and_in_a_review(share: float | None) -> None:
    assert numbers.percent(share) == told.percent(share)


def test_what_is_not_nothing_never_reads_as_nothing() -> None:
    read = [rates.percent(share) for share in (0, 1e-9, 0.004_2, 0.123_4, 1.0)]
    assert read == ["0%", "<0.01%", "0.42%", "12.3%", "100%"]

"""Numbers in reasons: two significant digits are enough at 3 a.m., and a small number is never shown as none."""

from __future__ import annotations

import subprocess
import sys

import pytest

from opsconsole.signals.words import LONGEST_NAME, duration, name, percent, ratio


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0, "0%"),
        (0.000_000_1, "0.01%"),
        (0.000_5, "0.05%"),
        (0.001, "0.1%"),
        (0.005, "0.5%"),
        (0.03, "3.0%"),
        (0.0996, "10%"),
        (0.12, "12%"),
        (1.0, "100%"),
    ],
)
def test_percent(share: float, said: str) -> None:
    assert percent(share) == said


@pytest.mark.parametrize(
    ("ms", "said"),
    [
        (0.42, "0.4 ms"),
        (850, "850 ms"),
        (999.9, "1.0 s"),
        (4_100, "4.1 s"),
        (192_000, "3.2 min"),
        (5_400_000, "90.0 min"),
        (9e6, "2.5 h"),
    ],
)
def test_duration(ms: float, said: str) -> None:
    assert duration(ms) == said


def test_ratio() -> None:
    assert (ratio(1.312), ratio(0.5), ratio(12.3)) == ("×1.31", "×0.50", "×12")


def test_a_name_is_whole_or_marked() -> None:
    assert name("x" * LONGEST_NAME) == "x" * LONGEST_NAME
    assert name("x" * 50) == "x" * (LONGEST_NAME - 1) + "…"


def test_signals_need_neither_a_database_nor_the_slow_half_of_scipy() -> None:
    modules = (
        "counts",
        "dispersion",
        "drift",
        "health",
        "intervals",
        "quality",
        "quantiles",
        "shape",
        "spend",
        "words",
    )
    code = (
        f"import sys; {'; '.join(f'import opsconsole.signals.{module}' for module in modules)}; "
        "print([m for m in ('duckdb', 'scipy.stats', 'scipy.optimize', 'opsconsole.ingest') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

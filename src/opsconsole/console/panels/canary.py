"""A canary's analysis: the evidence against it so far, and how far that is from enough to roll back.

Always true here: evidence is an e-value, which is valid at every look; a ratio stands with its confidence interval and
the requests of both sides; what has not been decided is not called good.
"""

from __future__ import annotations

import math

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.lines import Line, Span, fitting, separated, span
from opsconsole.console.palette import Ink
from opsconsole.console.states import READINGS
from opsconsole.console.widgets import table
from opsconsole.console.widgets.table import Cell, Column

COLUMNS: tuple[Column, ...] = (
    Column("name", "stream", 9),
    Column("e", "E", 6, is_right=True),
    Column("ratio", "ratio", 6, is_right=True),
    Column("interval", "interval", 13),
    Column("n", "n old / new", 13, is_right=True),
    Column("why", "", 10, grow=1),
)
LEAST_E = 0.01
"""Where the scale of evidence begins: less is all the same."""
SCALE_CELLS = 24


def title(view: wire.ReleaseView, width: int) -> Line:
    reading = view.rollout.reading if view.rollout is not None else None
    if reading is None:
        return (Span("no rollout is analysed", "dim"),)
    parts: list[Line] = [
        (READINGS[reading.word].span,),
        (Span("E ", "dim"), Span(evidence(reading.e), "strong"), Span(f" of {evidence(reading.threshold)}", "dim")),
        _time(reading),
    ]
    if reading.aa_estimate is not None:
        parts.append((Span("A/A ", "dim"), Span(numbers.ratio(reading.aa_estimate), "text")))
    return fitting(parts, width)


def _time(reading: wire.CanaryReading) -> Line:
    if reading.word not in ("undecided", "no data"):
        return (Span(f"after {reading.minutes} min", "dim"),)
    left = reading.minutes_to_decide
    told = "cannot be told when" if left is None else f"about {max(1, math.ceil(left))} min to decide"
    return (Span(told, "text"),)


def evidence(e: float) -> str:
    """An e-value in at most six cells: ``0.03``, ``3.2``, ``1,240``, ``2e+7``."""
    if e < 9.95:
        return f"{e:.2g}" if e >= LEAST_E else "<0.01"
    return f"{e:,.0f}" if e < 9_999.5 else f"{e:.0e}".replace("e+0", "e")


LEAST_ROWS_WITH_TABLE = 5


def body(view: wire.ReleaseView, width: int, height: int) -> list[Line]:
    """The scale and the streams: in a table, or one line of them where there is no room for that."""
    rows = lines(view, width)
    return rows[:height] if height >= min(len(rows), LEAST_ROWS_WITH_TABLE) else [*rows[:1], *summary(view)][:height]


def lines(view: wire.ReleaseView, width: int) -> list[Line]:
    """Everything."""
    reading = view.rollout.reading if view.rollout is not None else None
    if reading is None:
        return []
    rows = [_scale(reading)]
    if reading.streams:
        columns = table.visible(COLUMNS, width)
        rows.append(table.header(columns, width))
        rows += [table.row(columns, _cells(each), width) for each in reading.streams]
    if reading.why:
        rows.append((Span("   ", "text"), span(reading.why, "dim")))
    return rows


def _scale(reading: wire.CanaryReading) -> Line:
    """E on its way to 1/α, on a scale of powers of ten."""
    begin, end = math.log10(LEAST_E), math.log10(max(reading.threshold, 10.0))
    at = (math.log10(max(reading.e, LEAST_E)) - begin) / (end - begin)
    cell = min(SCALE_CELLS - 1, max(0, round(at * (SCALE_CELLS - 1))))
    ink = "fail" if reading.e >= reading.threshold else "text"
    return (
        Span("   E ", "head"),
        Span("━" * cell, "dim"),
        Span("●", ink),
        Span("╌" * (SCALE_CELLS - 1 - cell), "faint"),
        Span("┤", "dim"),
        Span(f" 1/α {evidence(reading.threshold)}: roll back", "dim"),
    )


def _cells(each: wire.StreamReading) -> dict[str, Cell]:
    low, high = each.ratio_low, each.ratio_high
    interval = numbers.MISSING if low is None or high is None else f"{numbers.ratio(low)}–{numbers.ratio(high)}"
    return {
        "name": span(f"  {each.name}", "head"),
        "e": Span(evidence(each.e), "text"),
        "ratio": Span(numbers.ratio(each.ratio), _ink(each)),
        "interval": Span(interval, "dim"),
        "n": Span(f"{numbers.count(each.n_baseline)} / {numbers.count(each.n_canary)}", "dim"),
        "why": span(each.why, "dim"),
    }


def summary(view: wire.ReleaseView) -> list[Line]:
    """Each stream's ratio with its interval, in one line."""
    reading = view.rollout.reading if view.rollout is not None else None
    if reading is None:
        return []
    told = separated((span(f"{each.name} ", "dim"), *_short(each)) for each in reading.streams)
    return [(Span("   ", "text"), *told)]


def _short(each: wire.StreamReading) -> Line:
    if each.ratio_low is None or each.ratio_high is None:
        return (Span(numbers.ratio(each.ratio), "text"),)
    interval = f" ({each.ratio_low:.2g}–{each.ratio_high:.2g})"
    return (Span(numbers.ratio(each.ratio), _ink(each)), Span(interval, "dim"))


def _ink(each: wire.StreamReading) -> Ink:
    """Only what is surely on one side has a colour."""
    if each.ratio_low is not None and each.ratio_low > 1:
        return "worse"
    return "better" if each.ratio_high is not None and each.ratio_high < 1 else "text"

"""Charts of reviews and reports as inline SVG: lines over the time, moments across them.

Always true here: a chart is text with nothing active in it and nothing fetched; a bucket without a value is a gap, not
a zero; every text in it is escaped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape
from itertools import count
from typing import NamedTuple

from opsconsole import wire

WIDTH, HEIGHT = 720, 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 72, 12, 26, 22
_LABEL_APART = 14
"""Pixels between the labels of two milestones that are close together, one below the other."""
_LETTER, _SAMPLE = 6.2, 22
"""Pixels of a letter in a legend, and of the piece of a line before it."""


class Mark(NamedTuple):
    """A moment that is drawn across a chart."""

    at: datetime
    label: str


class Line(NamedTuple):
    """One line of several, with its name."""

    label: str
    values: Sequence[float | None]
    is_reference: bool = False
    """Thin: what the others are compared with."""


STYLES = 4
"""Lines that are told from one another, by colour and by dashes; the fifth is drawn as the first."""


def chart(title: str, unit: str, axis: wire.Axis, values: Sequence[float | None], marks: Sequence[Mark]) -> str:
    """One chart; without any value it says so."""
    return lines_chart(title, unit, axis, [Line("", values)], marks)


def lines_chart(title: str, unit: str, axis: wire.Axis, lines: Sequence[Line], marks: Sequence[Mark]) -> str:
    """The same of several lines on one scale, with their names beside the title."""
    known = [value for line in lines for value in line.values if value is not None]
    head = (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f'<text x="{_LEFT}" y="14" class="title">{escape(title)}</text>'
    )
    if not known or axis.buckets < 1:
        return f'{head}<text x="{_LEFT}" y="{HEIGHT // 2}" class="soft">not logged</text></svg>'
    top = _round_up(max(known))
    kinds = _kinds(lines)
    drawn = [run for line, kind in zip(lines, kinds, strict=True) for run in _runs(line.values, axis, top, kind)]
    body = [_grid(top, unit, axis), *_legend(lines, kinds), *_marks(marks, axis), *drawn]
    return f"{head}{''.join(body)}</svg>"


def _kinds(lines: Sequence[Line]) -> list[str]:
    """The classes of each line."""
    numbers = count()
    return ["reference" if line.is_reference else _STYLED[next(numbers) % STYLES] for line in lines]


_STYLED = ("", "second", "third", "fourth")


def _legend(lines: Sequence[Line], kinds: Sequence[str]) -> list[str]:
    """Names from the right, each behind a piece of its line."""
    drawn: list[str] = []
    right = WIDTH - _RIGHT
    for line, kind in reversed([*zip(lines, kinds, strict=True)]):
        if not line.label:
            continue
        drawn.append(f'<text x="{right}" y="14" class="soft end">{escape(line.label)}</text>')
        right -= round(len(line.label) * _LETTER) + 6
        drawn.append(f'<path d="M{right - _SAMPLE} 10H{right}" class="{_of("line", kind)}"/>')
        right -= _SAMPLE + 12
    return drawn


def _of(name: str, kind: str) -> str:
    return f"{name} {kind}".rstrip()


def _x(at: datetime, axis: wire.Axis) -> float:
    length_s = axis.buckets * axis.step_s
    part = (at - axis.start).total_seconds() / length_s if length_s else 0.0
    return round(_LEFT + part * (WIDTH - _LEFT - _RIGHT), 1)


def _y(value: float, top: float) -> float:
    return round(HEIGHT - _BOTTOM - value / top * (HEIGHT - _TOP - _BOTTOM), 1)


def _round_up(value: float) -> float:
    """The next of 1, 2, 5 times a power of ten, so that the axis ends with a round number."""
    if value <= 0:
        return 1.0
    power: float = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)


def _grid(top: float, unit: str, axis: wire.Axis) -> str:
    end = axis.start + timedelta(seconds=axis.buckets * axis.step_s)
    long = end - axis.start > timedelta(days=1)
    spelled = "%m-%d %H:%M" if long else "%H:%M"
    low, high = _y(0, top), _y(top, top)
    texts = [
        f'<text x="{_LEFT - 6}" y="{low}" class="soft end">0</text>',
        f'<text x="{_LEFT - 6}" y="{high + 8}" class="soft end">{escape(f"{top:g} {unit}".strip())}</text>',
        f'<text x="{_LEFT}" y="{HEIGHT - 6}" class="soft">{axis.start:{spelled}}</text>',
        f'<text x="{WIDTH - _RIGHT}" y="{HEIGHT - 6}" class="soft end">{end:{spelled}} UTC</text>',
    ]
    frame = f'<path d="M{_LEFT} {high}V{low}H{WIDTH - _RIGHT}" class="axis"/>'
    return frame + "".join(texts)


def _marks(marks: Sequence[Mark], axis: wire.Axis) -> list[str]:
    end = axis.start + timedelta(seconds=axis.buckets * axis.step_s)
    drawn: list[str] = []
    for row, mark in enumerate(sorted(each for each in marks if axis.start <= each.at <= end)):
        x = _x(mark.at, axis)
        y = _TOP + 8 + row % 4 * _LABEL_APART
        side = ' class="mark end"' if x > WIDTH * 0.8 else ' class="mark"'
        shift = -3 if x > WIDTH * 0.8 else 3
        drawn.append(f'<path d="M{x} {_TOP}V{HEIGHT - _BOTTOM}" class="milestone"/>')
        drawn.append(f'<text x="{x + shift:g}" y="{y}"{side}>{escape(mark.label)}</text>')
    return drawn


def _runs(values: Sequence[float | None], axis: wire.Axis, top: float, kind: str) -> list[str]:
    """The line, broken where nothing was measured; a value with gaps on both sides is a dot."""
    step = timedelta(seconds=axis.step_s)
    runs: list[list[tuple[float, float]]] = [[]]
    for i, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((_x(axis.start + (i + 0.5) * step, axis), _y(value, top)))
    return [_run(run, kind) for run in runs if run]


def _run(run: list[tuple[float, float]], kind: str) -> str:
    if len(run) == 1:
        return f'<circle cx="{run[0][0]}" cy="{run[0][1]}" r="1.5" class="{_of("dot", kind)}"/>'
    points = " ".join(f"{x:g},{y:g}" for x, y in run)
    return f'<polyline points="{points}" class="{_of("line", kind)}"/>'

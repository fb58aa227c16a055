"""Numenta's anomaly benchmark: its scoring, and what the cost detector scores on the files that are there.

Always true here: a detector sees no value before its time and no label; the subset is named wherever a score is.

The scoring is that of Lavin & Ahmad 2015 ("Evaluating real-time anomaly detection algorithms: the Numenta anomaly
benchmark", ICMLA; "standard" profile): the first 15 % of a file (at most 750 values) are not scored; in a labelled
window the earliest detection counts ``σ(y)/σ(−1)`` with ``σ(y) = 2/(1 + e^{5y}) − 1`` and y from −1 at the window's
beginning to nearly 0 at its end, a missed window −1, each detection outside a window ``0.11 · σ(y)`` with y the
windows' lengths since the last one, −1 beyond three of them and before the first. A score is ``100 · (raw − nothing) /
(perfect − nothing)``, of detecting nothing and of detecting each window at once.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc

from benchmarks.ground import SHARED
from opsconsole.signals.cost import AnomalySettings, replayed
from opsconsole.signals.seasonal import Rhythm

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

FOLDER = SHARED / "data" / "nab"
FALSE_WEIGHT, MISSED_WEIGHT = 0.11, 1.0
PROBATION, MOST_PROBATION = 0.15, 5_000
FAR = 3.0
DAY_S, QUIET_S = 86_400.0, 6 * 3600.0
"""An alert that comes again within six hours of its end is the same alert."""


@dataclass(frozen=True, eq=False)
class File:
    """One series with its labelled windows: (first, last) index of each."""

    name: str
    step_s: float
    values: Floats
    windows: tuple[tuple[int, int], ...]

    @cached_property
    def points(self) -> tuple[Floats, NDArray[np.int64]]:
        return points(len(self.values), self.windows)


@dataclass(frozen=True)
class Score:
    """Of one detector on all files."""

    score: float
    found: int
    windows: int
    false: int

    @property
    def precision(self) -> float | None:
        """Windows found beside detections outside any window: both are pages that somebody gets."""
        made = self.found + self.false
        return self.found / made if made else None

    @property
    def recall(self) -> float:
        return self.found / self.windows


def files(folder: Path = FOLDER) -> tuple[File, ...]:
    labels = json.loads((folder / "combined_windows.json").read_text())
    return tuple(_file(path, f"{path.parent.name}/{path.name}", labels) for path in sorted(folder.glob("*/*.csv")))


def _file(path: Path, name: str, labels: dict[str, Any]) -> File:
    with path.open() as stream:
        rows = list(csv.DictReader(stream))
    times = [datetime.fromisoformat(row["timestamp"]) for row in rows]
    places = {at: i for i, at in reversed(list(enumerate(times)))}
    windows = tuple((places[_at(a)], places[_at(b)]) for a, b in labels[name])
    step_s = float(np.median(np.diff([at.timestamp() for at in times])))
    return File(name, step_s, np.array([float(row["value"]) for row in rows]), windows)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


# Scoring -----------------------------------------------------------------------------------------------------------


def sigmoid(y: float) -> float:
    """From 1 far before to −1 far behind."""
    return -1.0 if y > FAR else 2 / (1 + exp(5 * y)) - 1


def points(n: int, windows: tuple[tuple[int, int], ...]) -> tuple[Floats, NDArray[np.int64]]:
    """What a detection at each place counts, and the window that it is in (−1: in none)."""
    worth, inside = np.full(n, -FALSE_WEIGHT), np.full(n, -1, dtype=np.int64)
    for j, (first, last) in enumerate(windows):
        width = last - first + 1
        for i in range(first, last + 1):
            worth[i], inside[i] = sigmoid(-(last - i + 1) / width) / sigmoid(-1.0), j
        until = windows[j + 1][0] if j + 1 < len(windows) else n
        for i in range(last + 1, until):
            worth[i] = FALSE_WEIGHT * sigmoid((i - last) / (width - 1))
    return worth, inside


def score(series: tuple[File, ...], detections: tuple[Mask, ...]) -> Score:
    """Of detections, a mask for each file."""
    raw, found, false, windows = 0.0, 0, 0, 0
    for file, detected in zip(series, detections, strict=True):
        worth, inside = file.points
        scored = detected.copy()
        scored[: int(PROBATION * min(len(scored), MOST_PROBATION))] = False
        for j in range(len(file.windows)):
            hit = scored & (inside == j)
            raw += float(worth[hit].max()) if hit.any() else -MISSED_WEIGHT
            found += bool(hit.any())
        outside = scored & (inside < 0)
        raw += float(worth[outside].sum())
        false += int(outside.sum())
        windows += len(file.windows)
    nothing = -MISSED_WEIGHT * windows
    return Score(100 * (raw - nothing) / (windows - nothing), found, windows, false)


# Detectors ---------------------------------------------------------------------------------------------------------


def ours(file: File, settings: AnomalySettings | None = None) -> Mask:
    """The cost detector as alerts use it, for this sampling: a season is a day (two weeks of data are too short for
    seasons of a week), z of an hour's values are averaged, there is no floor in USD, and both ways count."""
    day = round(DAY_S / file.step_s)
    rhythm = Rhythm(season=day, recent=day, lags=7, together=max(1, round(3600 / file.step_s)))
    settings = replace(settings or AnomalySettings(), floor=0.0, both_ways=True, rhythm=rhythm)
    return onsets(replayed(file.values, settings), round(QUIET_S / file.step_s))


def onsets(mask: Mask, quiet: int) -> Mask:
    """Where an alert begins: true after at least so many false ones."""
    begun, last = np.zeros_like(mask), -quiet - 1
    for i in np.flatnonzero(mask).tolist():
        begun[i] = i - last > quiet
        last = i
    return begun


def windowed_gaussian(file: File) -> Floats:
    """Numenta's baseline of that name, whose window of 6,400 values holds any of these files: 1 − the normal tail of a
    value beside all values before it."""
    x = file.values
    n = np.arange(1, len(x))
    mean = np.cumsum(x)[:-1] / n
    sd = np.sqrt(np.maximum(np.cumsum(x * x)[:-1] / n - mean * mean, 0.0))
    tail = 0.5 * erfc(np.abs(x[1:] - mean) / np.maximum(sd, 1e-6) / 2**0.5)
    return np.concatenate(([0.0], 1 - tail))


def best(series: tuple[File, ...], scores: tuple[Floats, ...]) -> Score:
    """At the threshold that scores best over all files, as the benchmark allows every detector."""
    levels = 1 - np.logspace(-12, -0.5, 60)
    return max((score(series, tuple(s >= level for s in scores)) for level in levels), key=lambda made: made.score)


def judged(series: tuple[File, ...]) -> Iterator[tuple[str, Score]]:
    """(detector, score)."""
    makers: dict[str, Callable[[], Score]] = {
        "ours, default settings": lambda: score(series, tuple(map(ours, series))),
        "ours, without the rarity key": lambda: score(
            series, tuple(ours(file, AnomalySettings(rarity=0.0)) for file in series)
        ),
        "windowed Gaussian, best threshold": lambda: best(series, tuple(map(windowed_gaussian, series))),
        "nothing": lambda: score(series, tuple(np.zeros(len(file.values), dtype=bool) for file in series)),
    }
    for name, make in makers.items():
        yield name, make()

"""A pool: rows of a recording that the requests of a simulated service are drawn from, by version.

Always true here: a request's luck picks a row of the version that answers it, and of the whole service where that
version has none; a version's rows go from the quickest that succeeded to the slowest that failed, so that who is
unlucky with one version is with another; which row it is follows from the rows and the luck, and from no order in a
file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsconsole.drills import recordings
from opsconsole.drills.cast import Pool as Named
from opsconsole.drills.cast import VersionTraits
from opsconsole.drills.draws import Floats, Ints
from opsconsole.errors import ConfigError

Words = NDArray[Any]

_NUMBERS = ("latency_ms", "ttft_ms", "queue_ms", "prompt", "cached", "output", "cost_usd", "confidence")
_WORDS = ("version", "region", "route", "model", "error_type", "finish_reason", "prediction", "features")
_ROWS = f"""
SELECT {recordings.MOMENT} / 1e6 AS at_s, status,
       input_tokens + coalesce(cached_tokens, 0) + coalesce(cache_write_tokens, 0) AS prompt, cached_tokens AS cached,
       output_tokens + coalesce(reasoning_tokens, 0) AS output, latency_ms, ttft_ms, queue_ms, cost_usd, confidence,
       {", ".join(_WORDS)}
FROM recorded WHERE service = ? AND latency_ms IS NOT NULL AND status IS NOT NULL
ORDER BY status >= 400, latency_ms, {recordings.ORDER}
"""


@dataclass(frozen=True)
class Ranked:
    """The rows of one version, the luckiest first."""

    rows: Ints
    failed: float
    """Share of them that failed: the last ones."""

    def picked(self, luck: Floats, errors: float) -> Ints:
        """A row for each; ``errors`` times as many of them are failures."""
        if errors != 1:
            luck = _with_errors(luck, self.failed, min(1.0, self.failed * errors))
        return np.asarray(self.rows[(luck * len(self.rows)).astype(np.int64).clip(max=len(self.rows) - 1)])


def _with_errors(luck: Floats, share: float, wanted: float) -> Floats:
    """Luck of which the worst ``wanted`` falls to the worst ``share`` of the rows."""
    fails = luck >= 1 - wanted
    well = luck * (1 - share) / (1 - wanted) if wanted < 1 else luck
    badly = 1 - share + (luck - (1 - wanted)) * (share / wanted) if wanted else luck
    return np.where(fails, badly, np.minimum(well, np.nextafter(1 - share, 0)))


@dataclass(frozen=True)
class Pool:
    """One service's rows, one array a trait, ranked by luck; a number that was not logged is NaN."""

    at_s: Floats
    """When they were, from the drill's start."""
    status: Ints
    numbers: Mapping[str, Floats]
    words: Mapping[str, Words]
    ranked: Mapping[str, Ranked]
    """By version; ``""``: all of them."""
    arrivals_s: Floats | None
    """The same moments in their order, where requests come as they came then."""

    def picked(self, names: Sequence[str], traits: Sequence[VersionTraits], version: Ints, luck: Floats) -> Ints:
        """The row of each request; ``version`` is an index into ``names``."""
        row = np.zeros(len(luck), dtype=np.int64)
        for index, (name, each) in enumerate(zip(names, traits, strict=True)):
            mine = version == index
            row[mine] = self.ranked.get(name, self.ranked[""]).picked(luck[mine], each.errors)
        return row

    def moments(self, begin_s: float, length_s: float) -> Floats | None:
        """When requests come in a span, in seconds from the drill's start: as they came then, over and over again.

        None where that is drawn.
        """
        at_s = self.arrivals_s
        if at_s is None:
            return None
        first_s = float(np.floor(at_s[0]))
        period_s = float(np.floor(at_s[-1])) + 1.0 - first_s
        found, round_ = [], np.floor((begin_s - first_s) / period_s)
        while round_ * period_s + first_s < begin_s + length_s:
            shifted = at_s + round_ * period_s
            found.append(shifted[(shifted >= begin_s) & (shifted < begin_s + length_s)])
            round_ += 1
        return np.concatenate(found)

    @property
    def regions(self) -> frozenset[str]:
        """Where its requests came from."""
        return frozenset(word for word in self.words["region"].tolist() if word is not None)

    @property
    def labels(self) -> Words:
        """What it ever predicted, sorted."""
        return np.array(sorted({word for word in self.words["prediction"].tolist() if word is not None}), dtype=object)


def load(name: str, named: Named) -> Pool:
    """The pool of a service. Raises ConfigError for a file that is not the named one, or has nothing of the service."""
    connection = recordings.opened(named.file, named.sha256)
    try:
        found = connection.execute(_ROWS, [named.service or name]).fetchnumpy()
    finally:
        connection.close()
    if not len(found["at_s"]):
        raise ConfigError(
            f"{named.file} has no requests of {named.service or name}", "Write `service:`, its name in the recording."
        )
    words = {each: _words(found[each]) for each in _WORDS}
    status = np.asarray(found["status"], dtype=np.int64)
    at_s = np.asarray(found["at_s"], dtype=np.float64)
    return Pool(
        at_s=at_s,
        status=status,
        numbers={each: np.ma.filled(found[each].astype(np.float64), np.nan) for each in _NUMBERS},
        words=words,
        ranked=_ranked(words["version"], status),
        arrivals_s=np.sort(at_s) if named.arrivals == "recorded" else None,
    )


def _words(column: Any) -> Words:
    """Texts, None where there was none."""
    words = np.array(np.ma.getdata(column), dtype=object)
    words[np.ma.getmaskarray(column)] = None
    return words


def _ranked(version: Words, status: Ints) -> dict[str, Ranked]:
    every = np.arange(len(status))
    by_version = {str(name): every[version == name] for name in sorted({each for each in version.tolist() if each})}
    return {name: Ranked(rows, float((status[rows] >= 400).mean())) for name, rows in {"": every, **by_version}.items()}

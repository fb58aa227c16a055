"""A heatmap of counts: time across, bands upwards, how many as one of five shades.

Always true here: a shade is a character and an ink of the same rank, so that it reads without colour; a count that is
not zero is never blank.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from opsconsole.console.glyphs import GlyphSet
from opsconsole.console.lines import Line, from_cells

SHADES = "·░▒▓█"
ASCII_SHADES = ".:+*#"
LEVELS = len(SHADES)


def heatmap(rows: Sequence[Sequence[int]], width: int, height: int, glyphs: GlyphSet) -> list[Line]:
    """``rows``: counts of each bucket by band, lowest band first; drawn lowest band at the bottom.

    Shades go by the square root of the count, so that a thin tail is seen beside a busy middle.
    """
    bands = _merged(rows, min(height, len(rows)), width)
    most = max((count for band in bands for count in band), default=0)
    shades = ASCII_SHADES if glyphs.is_ascii else SHADES
    drawn = [from_cells([_shaded(count, most, shades) for count in band]) for band in bands]
    return [_band_at(drawn, y, height) for y in range(height)]


def legend(glyphs: GlyphSet) -> Line:
    """The shades from few to many."""
    shades = ASCII_SHADES if glyphs.is_ascii else SHADES
    return from_cells([(shade, f"heat{i + 1}") for i, shade in enumerate(shades)])


def _shaded(count: int, most: int, shades: str) -> tuple[str, str]:
    if not count:
        return " ", "text"
    level = min(LEVELS - 1, int(sqrt(count / most) * LEVELS))
    return shades[level], f"heat{level + 1}"


def _band_at(bands: Sequence[Line], y: int, height: int) -> Line:
    """The band that a row from the top shows: every band has as many rows."""
    if not bands:
        return ()
    return bands[len(bands) - 1 - min(len(bands) - 1, y * len(bands) // height)]


def _merged(rows: Sequence[Sequence[int]], bands: int, width: int) -> list[list[int]]:
    """Counts by band and column: bands and buckets that share a cell are added up, and repeat where cells are more."""
    merged: list[list[int]] = []
    for i in range(bands):
        group = rows[i * len(rows) // bands : (i + 1) * len(rows) // bands]
        summed = [sum(cells) for cells in zip(*group, strict=True)]
        n = len(summed)
        if n >= width:
            merged.append([sum(summed[x * n // width : (x + 1) * n // width]) for x in range(width)])
        else:
            merged.append([summed[x * n // width] for x in range(width)])
    return merged


def edges_shown(edges: Sequence[float], bands: int, height: int) -> list[float | None]:
    """The lower edge of the band of each row from the top, None where the row continues the band of the one below."""
    if not bands:
        return [None] * height
    kept = min(height, bands)
    starts = [i * bands // kept for i in range(kept)]
    rows = [kept - 1 - min(kept - 1, y * kept // height) for y in range(height)]
    return [edges[starts[rows[y]]] if y == height - 1 or rows[y + 1] != rows[y] else None for y in range(height)]

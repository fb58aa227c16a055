"""Which characters this terminal can draw: three sets, chosen once.

Always true here: painters write signs and rules as Unicode and the surface folds them where only ASCII is drawn, so
the three sets carry the same information; only charts pick their marks from the set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len

GlyphName = Literal["braille", "block", "ascii"]


@dataclass(frozen=True)
class GlyphSet:
    """How dots and bars are drawn."""

    name: GlyphName
    dots: tuple[int, int]
    """Dots that a cell holds across and down, for lines."""
    bars: str
    """From nothing to a full cell, for bars and sparklines."""
    is_ascii: bool = False


GLYPHS: dict[str, GlyphSet] = {
    "braille": GlyphSet("braille", (2, 4), " ▁▂▃▄▅▆▇█"),
    "block": GlyphSet("block", (1, 2), " ▁▂▃▄▅▆▇█"),
    "ascii": GlyphSet("ascii", (1, 1), " .:#", is_ascii=True),
}

_ASCII: dict[str, str] = {
    "✔": "+", "▲": "!", "✖": "x", "◌": "o", "›": ">", "▏": "|", "│": "|", "┤": "+", "─": "-", "┊": ":", "┆": "'",
    "▼": "v", "–": "-", "…": "~", "·": ".", "×": "x", "→": ">", "≥": ">", "≤": "<", "↓": "v", "↑": "^", "φ": "f",
    "µ": "u", "━": "=", "╌": ".", "●": "*", "◉": "@", "±": "~",
    "‖": "=", "α": "a",
}  # fmt: skip


def choose(environ: Mapping[str, str], wanted: str = "auto") -> GlyphSet:
    """The set named by OPSCONSOLE_GLYPHS, else the wanted one, else ASCII where terminal or locale have nothing more,
    else braille."""
    for named in (environ.get("OPSCONSOLE_GLYPHS", ""), wanted):
        if named in GLYPHS:
            return GLYPHS[named]
    if environ.get("TERM") in {"linux", "dumb", "vt100", "vt220"} or not _speaks_utf8(environ):
        return GLYPHS["ascii"]
    return GLYPHS["braille"]


def _speaks_utf8(environ: Mapping[str, str]) -> bool:
    """Does the locale name UTF-8? Python itself turns LC_CTYPE into C.UTF-8 where the person's locale is plain C."""
    explicit = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG")
    if not explicit:
        return True
    if explicit == "C.UTF-8" and not environ.get("LC_ALL") and environ.get("LANG") in {"C", "POSIX"}:
        return False
    return "utf" in explicit.lower()


def fold(text: str) -> str:
    """``text`` in ASCII, cell for cell: known signs become their stand-in, anything else a question mark."""
    if text.isascii():
        return text
    return "".join(c if c.isascii() else _ASCII.get(c, "?" * cell_len(c)) for c in text)

"""The one door between text from data and the terminal.

Always true here: what ``safe`` returns holds no character that a terminal obeys or that draws outside its own cells: no
controls, no bidi or zero-width formatting, no tags, no lone surrogates, no flood of combining marks. Each is replaced
by a visible glyph, never dropped, so that two different names never look the same by omission alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from rich.cells import cell_len

DEFAULT_LIMIT = 200
"""Characters of one value that are ever worth showing; the rest is an ellipsis."""

ELLIPSIS = "…"
HIDDEN = "▯"
"""Stands for a character that would be invisible or would reorder its neighbours."""

_MAX_MARKS = 2
"""Combining marks that one base character may carry (Vietnamese, Thai and Devanagari need two)."""

_SUSPECT = re.compile(r"[^\x20-\x7e]")

_BROKEN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_MARK_CATEGORIES = {"Mn", "Me"}

_EIGHT_BIT_ESCAPES = frozenset("\x90\x98\x9b\x9d\x9e\x9f")
"""DCS, SOS, CSI, OSC, PM and APC as single C1 characters: as good as ESC on terminals that honour them."""


def safe(text: str, limit: int = DEFAULT_LIMIT) -> str:
    """``text`` with everything a terminal might obey made visible, and at most ``limit`` characters long."""
    if len(text) > limit:
        text = text[: max(0, limit - 1)] + ELLIPSIS
    return text if text.isascii() and text.isprintable() else _made_visible(text)


def is_safe(text: str) -> bool:
    """Would ``safe`` leave this text as it is?"""
    return (text.isascii() and text.isprintable()) or _made_visible(text) == text


@lru_cache(maxsize=4096)
def _made_visible(text: str) -> str:
    if not _SUSPECT.search(text):
        return text
    shown: list[str] = []
    marks = _MAX_MARKS
    for character in text:
        category = unicodedata.category(character)
        if category in _MARK_CATEGORIES:
            marks += 1
            shown.append(character if marks <= _MAX_MARKS and not _is_selector(character) else HIDDEN)
            continue
        glyph = _glyph(character, category)
        shown.append(glyph)
        marks = 0
    return "".join(shown)


def _is_selector(character: str) -> bool:
    """Variation selectors change the width of what stands before them, in some terminals only."""
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef" or character == "\u20e3"


def _glyph(character: str, category: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if character in _EIGHT_BIT_ESCAPES:
        return "␛"
    if category in ("Zl", "Zp"):
        return "␤"
    if category == "Cs":
        return "\N{REPLACEMENT CHARACTER}"
    if category in _BROKEN_CATEGORIES or _joins_its_neighbours(code):
        return HIDDEN
    return " " if category == "Zs" and cell_len(character) == 1 else character


def _joins_its_neighbours(code: int) -> bool:
    """Flags, skin tones and conjoining jamo: several characters that some terminals draw as one."""
    return 0x1F1E6 <= code <= 0x1F1FF or 0x1F3FB <= code <= 0x1F3FF or 0x1160 <= code <= 0x11FF or code == 0x3164


def width(text: str) -> int:
    """Cells that safe text takes."""
    return len(text) if text.isascii() else _cells(text)


@lru_cache(maxsize=8192)
def _cells(text: str) -> int:
    return sum(map(cell_len, text))


def fit(text: str, cells: int, *, right: bool = False) -> str:
    """Safe ``text`` cut or padded to exactly ``cells`` cells; a cut ends in an ellipsis."""
    text = safe(text)
    taken = width(text)
    if taken > cells:
        text = cut(text, cells)
        taken = width(text)
    padding = " " * (cells - taken)
    return padding + text if right else text + padding


def told_apart(names: Sequence[str], cells: int) -> list[str]:
    """The names, safe, in at most ``cells`` cells each: those that would look alike lose what they begin with alike."""
    return list(_told_apart(tuple(names), cells))


@lru_cache(maxsize=16)
def _told_apart(names: tuple[str, ...], cells: int) -> tuple[str, ...]:
    """Remembered, because a list is painted again for every movement of its cursor."""
    whole = [safe(name) for name in names]
    shown = [cut(name, cells) for name in whole]
    groups: dict[str, list[int]] = {}
    for i, short in enumerate(shown):
        groups.setdefault(short, []).append(i)
    for group in groups.values():
        if len(group) == 1:
            continue
        shared = _shared([whole[i] for i in group])
        for i in group:
            begin = min(shared, len(whole[i]) - cells + 1)  # no more is left out than has to be
            shown[i] = cut(ELLIPSIS + whole[i][begin:], cells)
    return tuple(shown)


def _shared(names: Sequence[str]) -> int:
    """How many characters all the names begin with alike."""
    columns = zip(*names, strict=False)
    return next((i for i, column in enumerate(columns) if len(set(column)) > 1), min(map(len, names)))


def cut(text: str, cells: int) -> str:
    """The longest beginning of safe ``text`` that takes at most ``cells`` cells, with an ellipsis when cut."""
    if width(text) <= cells:
        return text
    if cells <= 0:
        return ""
    if text.isascii():
        return text[: cells - 1] + ELLIPSIS
    kept: list[str] = []
    taken = 0
    for character in text:
        taken += cell_len(character)
        if taken > cells - 1:
            break
        kept.append(character)
    return "".join(kept) + ELLIPSIS

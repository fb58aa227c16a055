"""Every view of the catalog at both sizes and in every mode of the terminal: whole, calm, and with the same states.

``UPDATE_SNAPSHOTS=1`` writes what is painted today.
"""

from __future__ import annotations

import re

import pytest
from driver import LARGE, SMALL, Session, check_snapshot, drive

from opsconsole.console.glyphs import GLYPHS
from opsconsole.console.text import width
from opsconsole.console.views.catalog import VIEWS

WAYS: dict[str, tuple[str, ...]] = {
    "fleet": ("j",),
    "service": ("j", "enter"),
    "versions": ("j", "enter", "v"),
    "requests": ("j", "enter", "r"),
    "request": ("j", "enter", "r", "enter"),
    "drift": ("j", "enter", "d"),
    "cost": ("j", "enter", "$"),
    "saturation": ("j", "enter", "S"),
    "explain": ("j", "enter", "x"),
    "sources": ("s",),
    "timeline": ("j", "enter", "T"),
    "release": ("j", "enter", "V"),
    "alerts": ("A",),
    "alert": ("A", "enter"),
    "incidents": ("I",),
    "incident": ("I", "enter"),
    "checklists": ("C",),
    "checklist": ("C", "2", "enter"),
    "run": ("C", "enter"),
    "drill": ("D",),
}
"""View → the keys that lead to it from the fleet."""
SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x50"])
NAMES = pytest.mark.parametrize("name", WAYS)
STATES = re.compile(
    r"\b(?:FAIL|warn|ok|quiet|unknown|drift|too few|better|worse|same|unsure|not logged|following|FAILED)\b"
)


def seen(name: str, size: tuple[int, int], **options: object) -> list[str]:
    """The lines of a view."""
    found: list[str] = []

    async def scenario(session: Session) -> None:
        await session.press(*WAYS[name])
        assert session.app.frame.state.view == name
        found.extend(session.text.split("\n"))

    drive(scenario, size=size, **options)
    return found


def test_every_view_of_the_catalog_has_a_way() -> None:
    assert set(WAYS) == {spec.name for spec in VIEWS}


@SIZES
@NAMES
def test_every_view_looks_as_it_did(name: str, size: tuple[int, int]) -> None:
    lines = seen(name, size, colours="truecolor", glyph_set=GLYPHS["braille"])
    assert len(lines) == size[1]
    assert max(map(width, lines)) <= size[0]
    check_snapshot(f"view_{name}_{size[0]}x{size[1]}", "\n".join(lines))


@SIZES
@NAMES
def test_every_view_in_ascii_looks_as_it_did(name: str, size: tuple[int, int]) -> None:
    lines = seen(name, size, colours="mono", glyph_set=GLYPHS["ascii"])
    assert all(line.isascii() for line in lines)
    check_snapshot(f"view_{name}_{size[0]}x{size[1]}_ascii", "\n".join(lines))


@NAMES
def test_fewer_colours_change_no_character(name: str) -> None:
    whole = seen(name, SMALL, colours="truecolor")
    for colours in ("ansi256", "ansi16", "mono"):
        assert seen(name, SMALL, colours=colours) == whole, colours


@NAMES
def test_every_set_of_glyphs_tells_the_same_states(name: str) -> None:
    told = {glyphs: sorted(STATES.findall("\n".join(seen(name, SMALL, glyph_set=GLYPHS[glyphs])))) for glyphs in GLYPHS}
    assert told["braille"] == told["block"] == told["ascii"]

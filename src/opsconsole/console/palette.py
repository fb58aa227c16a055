"""Inks: what a piece of text means, and how each kind of terminal shows it.

Always true here: painters name meanings, never colours; state is carried by sign and word as well, so the mono palette
loses nothing. An ink with the suffix ``*`` is the same ink on the selected row.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, TypeAlias

from rich.style import Style

Ink: TypeAlias = str
ColourMode = Literal["truecolor", "ansi16", "mono"]

SELECTED = "*"

BACKGROUND = "#10141a"
SELECTED_BACKGROUND = "#1f2a38"

INKS: dict[str, dict[ColourMode, str]] = {
    "text": {"truecolor": "#c5cdd8", "ansi16": "default", "mono": ""},
    "strong": {"truecolor": "bold #eef2f7", "ansi16": "bold default", "mono": "bold"},
    "dim": {"truecolor": "#7d8896", "ansi16": "default", "mono": ""},
    "faint": {"truecolor": "#3d4753", "ansi16": "bright_black", "mono": "dim"},
    "head": {"truecolor": "#7d8896", "ansi16": "cyan", "mono": ""},
    "accent": {"truecolor": "bold #7cc4ff", "ansi16": "bold cyan", "mono": "bold"},
    "badge": {"truecolor": "bold #10141a on #7cc4ff", "ansi16": "black on cyan", "mono": "reverse"},
    "alert": {"truecolor": "bold #10141a on #e8b450", "ansi16": "black on yellow", "mono": "bold reverse"},
    "ok": {"truecolor": "#7fc79a", "ansi16": "green", "mono": ""},
    "warn": {"truecolor": "#e8b450", "ansi16": "yellow", "mono": "bold"},
    "fail": {"truecolor": "bold #ff7b72", "ansi16": "bold red", "mono": "bold reverse"},
    "quiet": {"truecolor": "#7d8896", "ansi16": "default", "mono": ""},
    "unknown": {"truecolor": "#a99bd1", "ansi16": "magenta", "mono": ""},
    "p50": {"truecolor": "#5b8fc7", "ansi16": "blue", "mono": ""},
    "p99": {"truecolor": "#7cc4ff", "ansi16": "cyan", "mono": "bold"},
    "first": {"truecolor": "#7cc4ff", "ansi16": "cyan", "mono": ""},
    "second": {"truecolor": "#d9a6ff", "ansi16": "magenta", "mono": "bold"},
    "traffic": {"truecolor": "#3f6d66", "ansi16": "green", "mono": ""},
    "cost": {"truecolor": "#675c8c", "ansi16": "magenta", "mono": ""},
    "open": {"truecolor": "#4b5765", "ansi16": "bright_black", "mono": "dim"},
    "marker": {"truecolor": "#e8b450", "ansi16": "yellow", "mono": "bold"},
}


def colour_mode(*, no_color: bool, color_system: str | None) -> ColourMode:
    """Mono for NO_COLOR, sixteen colours where the terminal has no more, else truecolour (256 follow from it)."""
    if no_color:
        return "mono"
    return "ansi16" if color_system in (None, "standard", "windows") else "truecolor"


@lru_cache(maxsize=256)
def style(ink: Ink, mode: ColourMode) -> Style:
    """The Rich style of an ink in a colour mode."""
    is_selected = ink.endswith(SELECTED)
    name = ink.rstrip(SELECTED)
    own = Style.parse(INKS[name][mode])
    if mode == "truecolor":
        return Style.parse(f"on {SELECTED_BACKGROUND if is_selected else BACKGROUND}") + own
    if is_selected and mode == "mono":
        return Style.parse("reverse") + own
    return Style.parse("bold") + own if is_selected else own

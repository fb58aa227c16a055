"""Inks: what a piece of text means, and how each kind of terminal shows it.

Always true here: painters name meanings, never colours; state is carried by sign and word as well, so the mono palette
loses nothing. An ink with the suffix ``*`` is the same ink on the selected row. Sixteen colours are the terminal's own,
whatever the theme, and none of the bright ones, which the Linux console has not.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from rich.style import Style

from opsconsole.console.themes import THEMES, ThemeName
from opsconsole.console.xterm import nearest
from opsconsole.environment import EnvironmentKind, environment_kind

Ink: TypeAlias = str
ColourMode = Literal["truecolor", "ansi256", "ansi16", "mono"]

SELECTED = "*"


class Looks(NamedTuple):
    """An ink where the theme does not say it: its attributes, in sixteen colours, and in none."""

    attributes: str
    ansi16: str
    mono: str


INKS: dict[Ink, Looks] = {
    "text": Looks("", "default", ""),
    "strong": Looks("bold", "bold default", "bold"),
    "dim": Looks("", "default", ""),
    "faint": Looks("", "dim default", "dim"),
    "open": Looks("", "dim default", "dim"),
    "head": Looks("", "cyan", ""),
    "accent": Looks("bold", "bold cyan", "bold"),
    "badge": Looks("bold", "black on cyan", "reverse"),
    "alert": Looks("bold", "black on yellow", "bold reverse"),
    "ok": Looks("", "green", ""),
    "warn": Looks("", "yellow", "bold"),
    "fail": Looks("bold", "bold red", "bold reverse"),
    "quiet": Looks("", "default", ""),
    "unknown": Looks("", "magenta", ""),
    "p50": Looks("", "blue", ""),
    "p99": Looks("", "cyan", "bold"),
    "first": Looks("", "cyan", ""),
    "second": Looks("", "magenta", "bold"),
    "traffic": Looks("", "green", ""),
    "cost": Looks("", "magenta", ""),
    "marker": Looks("", "yellow", "bold"),
    "band": Looks("", "blue", ""),
    "baseline": Looks("", "default", ""),
    "window": Looks("", "cyan", "bold"),
    "stack1": Looks("", "cyan", ""),
    "stack2": Looks("", "yellow", "bold"),
    "stack3": Looks("", "green", ""),
    "stack4": Looks("", "magenta", "bold"),
    "stack5": Looks("", "red", ""),
    "stack6": Looks("", "default", ""),
    "heat1": Looks("", "blue", ""),
    "heat2": Looks("", "cyan", ""),
    "heat3": Looks("", "green", ""),
    "heat4": Looks("", "yellow", "bold"),
    "heat5": Looks("bold", "bold red", "bold"),
    "crosshair": Looks("", "bold default", "bold"),
    "ghost": Looks("", "magenta", ""),
    "gauge": Looks("", "green", ""),
    "over": Looks("bold", "bold red", "bold reverse"),
    "match": Looks("", "black on yellow", "reverse"),
    "mark": Looks("bold", "bold magenta", "bold"),
    "jump": Looks("bold", "black on yellow", "bold reverse"),
    "notice": Looks("", "cyan", "bold"),
    "better": Looks("", "green", ""),
    "worse": Looks("", "red", "bold"),
    "env-prod": Looks("bold", "bold white on red", "bold reverse"),
    "env-staging": Looks("bold", "black on yellow", "reverse"),
    "env-dev": Looks("bold", "black on green", "reverse"),
    "env-other": Looks("bold", "black on cyan", "reverse"),
}

CHART_INKS = frozenset(
    {"p50", "p99", "first", "second", "traffic", "cost", "band", "baseline", "window", "gauge", "over"}
    | {f"stack{i}" for i in range(1, 7)}
    | {f"heat{i}" for i in range(1, 6)}
)
"""What charts draw their marks in."""

_MODES: dict[str | int, ColourMode] = {"truecolor": "truecolor", 256: "ansi256", 16: "ansi16", "mono": "mono"}


def colour_mode(*, no_color: bool, color_system: str | None, wanted: str | int = "auto") -> ColourMode:
    """Mono for NO_COLOR, else what is wanted, else as many colours as the terminal has."""
    if no_color:
        return "mono"
    if wanted in _MODES:
        return _MODES[wanted]
    return {"truecolor": "truecolor", "256": "ansi256"}.get(color_system or "", "ansi16")  # type: ignore[return-value]


@lru_cache(maxsize=1024)
def style(ink: Ink, mode: ColourMode, theme: ThemeName = "dark") -> Style:
    """The Rich style of an ink in a colour mode and a theme."""
    is_selected = ink.endswith(SELECTED)
    name = ink.rstrip(SELECTED)
    looks = INKS[name]
    if mode == "mono":
        return Style.parse("reverse" if is_selected else "") + Style.parse(looks.mono)
    if mode == "ansi16":
        return Style.parse("bold" if is_selected else "") + Style.parse(looks.ansi16)
    own, ground = colours_of(name, theme, is_selected=is_selected)
    if mode == "ansi256":
        own, ground = f"color({nearest(own)})", f"color({nearest(ground)})"
    return Style.parse(f"{looks.attributes} {own} on {ground}")


def colours_of(ink: Ink, theme: ThemeName, *, is_selected: bool = False) -> tuple[str, str]:
    """Foreground and background of an ink, as ``#rrggbb``."""
    themed = THEMES[theme]
    own, _, ground = themed.colours[ink].partition(" on ")
    return own, ground or (themed.selected if is_selected else themed.ground)


def environment_ink(name: str, kinds: Mapping[str, EnvironmentKind]) -> Ink:
    """The ink of an environment's badge: of the kind that is configured, else of the kind that the name tells."""
    return f"env-{kinds.get(name) or environment_kind(name)}"

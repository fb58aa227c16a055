"""Which colour each ink has in each theme.

Always true here: every theme names every ink. Text inks stand off their ground, also on the selected row, by at least
4.5 to 1 (WCAG 2.2, 1.4.3), marks of charts by 3 to 1 (1.4.11), and what only decorates by less; the inks that are told
apart stay apart for the eyes that the theme is for. Tests measure all of this, in truecolour and in 256 colours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

ThemeName: TypeAlias = Literal["dark", "light", "deuteranopia", "tritanopia"]


@dataclass(frozen=True)
class Theme:
    """Two grounds and the colours on them."""

    ground: str
    selected: str
    """The ground of the selected row."""
    colours: dict[str, str]
    """Ink → ``foreground`` or ``foreground on background``."""


_DARK = {
    "text": "#c5cdd8", "strong": "#eef2f7", "dim": "#8f9aa8", "faint": "#3d4753", "open": "#5a6675",
    "head": "#8f9aa8", "accent": "#7cc4ff", "badge": "#10141a on #7cc4ff", "alert": "#10141a on #e8b450",
    "ok": "#7fc79a", "warn": "#e8b450", "fail": "#ff7b72", "quiet": "#8f9aa8", "unknown": "#b0a3d6",
    "p50": "#6a9fd8", "p99": "#9fd6ff", "first": "#7cc4ff", "second": "#d9a6ff",
    "traffic": "#4f877e", "cost": "#8478ad", "marker": "#e8b450", "band": "#557fae",
    "baseline": "#8f9aa8", "window": "#7cc4ff",
    "stack1": "#7cc4ff", "stack2": "#e8b450", "stack3": "#7fc79a", "stack4": "#d9a6ff", "stack5": "#ff9e8a",
    "stack6": "#a9b2be",
    "heat1": "#5878ab", "heat2": "#4f9dc4", "heat3": "#62c0a8", "heat4": "#b8cf6a", "heat5": "#ffe27a",
    "crosshair": "#eef2f7", "ghost": "#b0a3d6", "gauge": "#7fc79a", "over": "#ff7b72",
    "match": "#10141a on #f2d675", "mark": "#d9a6ff", "jump": "#10141a on #f2d675", "notice": "#9fd6ff",
    "better": "#7fc79a", "worse": "#ff9e8a",
    "env-prod": "#ffffff on #a62b26", "env-staging": "#10141a on #e8b450", "env-dev": "#10141a on #7fc79a",
    "env-other": "#10141a on #7cc4ff",
}  # fmt: skip

_LIGHT = {
    "text": "#2b323b", "strong": "#0b0f14", "dim": "#55606d", "faint": "#c3cad3", "open": "#98a2ae",
    "head": "#55606d", "accent": "#0b5fae", "badge": "#ffffff on #0b5fae", "alert": "#0b0f14 on #f0b83c",
    "ok": "#17693a", "warn": "#835400", "fail": "#b3150f", "quiet": "#55606d", "unknown": "#553596",
    "p50": "#3f73b5", "p99": "#0b3f7d", "first": "#0b5fae", "second": "#8a2fb8",
    "traffic": "#3f8076", "cost": "#7a68b5", "marker": "#835400", "band": "#4f75ab",
    "baseline": "#6b7684", "window": "#0b5fae",
    "stack1": "#0b5fae", "stack2": "#a86c00", "stack3": "#17794a", "stack4": "#8a2fb8", "stack5": "#c23a2e",
    "stack6": "#6b7684",
    "heat1": "#667da0", "heat2": "#1f84a8", "heat3": "#1b6a5c", "heat4": "#5b3f96", "heat5": "#7a0f4f",
    "crosshair": "#0b0f14", "ghost": "#6a45a8", "gauge": "#17794a", "over": "#b3150f",
    "match": "#0b0f14 on #ffe08a", "mark": "#8a2fb8", "jump": "#0b0f14 on #ffe08a", "notice": "#0b4f94",
    "better": "#17693a", "worse": "#b3150f",
    "env-prod": "#ffffff on #b3150f", "env-staging": "#0b0f14 on #f0b83c", "env-dev": "#0b0f14 on #7fd0a0",
    "env-other": "#ffffff on #0b5fae",
}  # fmt: skip

_DEUTERANOPIA = _DARK | {
    "ok": "#5fa8ff", "warn": "#fff3a8", "fail": "#ff8a1f", "better": "#5fa8ff", "worse": "#ff8a1f",
    "unknown": "#c9ced6", "marker": "#fff3a8", "gauge": "#5fa8ff", "over": "#ff8a1f",
    "first": "#7cc4ff", "second": "#ffb04d", "mark": "#ffb04d", "ghost": "#ffb04d",
    "traffic": "#5a7fb8", "cost": "#a08a55",
    "stack1": "#5fa8ff", "stack2": "#ffb04d", "stack3": "#c9e2ff", "stack4": "#b07a1f", "stack5": "#fff3a8",
    "stack6": "#8f9aa8",
    "heat1": "#5474c4", "heat2": "#7d9cc9", "heat3": "#adb3b5", "heat4": "#d6c266", "heat5": "#fff3a8",
    "env-prod": "#10141a on #ff8a1f", "env-staging": "#10141a on #fff3a8", "env-dev": "#10141a on #5fa8ff",
    "env-other": "#10141a on #c9ced6",
}  # fmt: skip

_TRITANOPIA = _DARK | {
    "ok": "#3fd0c0", "warn": "#ffd9de", "fail": "#ff5a5f", "better": "#3fd0c0", "worse": "#ff5a5f",
    "unknown": "#b8bcc4", "marker": "#ffd9de", "gauge": "#3fd0c0", "over": "#ff5a5f",
    "first": "#5fe0d5", "second": "#ff9a9a", "mark": "#ff9a9a", "ghost": "#ff9a9a",
    "traffic": "#3f8f88", "cost": "#a87078",
    "stack1": "#3fd0c0", "stack2": "#ff9a9a", "stack3": "#c8f0ea", "stack4": "#d0585c", "stack5": "#ffd9de",
    "stack6": "#8f9aa8",
    "heat1": "#32827f", "heat2": "#45a69d", "heat3": "#a3b3b5", "heat4": "#efaeae", "heat5": "#ffe6e9",
    "alert": "#10141a on #ffb3bb", "match": "#10141a on #ffd9de", "jump": "#10141a on #ffd9de",
    "env-prod": "#10141a on #ff5a5f", "env-staging": "#10141a on #ffd9de", "env-dev": "#10141a on #3fd0c0",
    "env-other": "#10141a on #b8bcc4",
}  # fmt: skip

THEMES: dict[ThemeName, Theme] = {
    "dark": Theme("#10141a", "#1f2a38", _DARK),
    "light": Theme("#fbfcfd", "#e8edf4", _LIGHT),
    "deuteranopia": Theme("#10141a", "#1f2a38", _DEUTERANOPIA),
    "tritanopia": Theme("#10141a", "#1f2a38", _TRITANOPIA),
}

"""Colours, measured: contrast of every ink on both grounds, and differences as eyes of each kind see them."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from driver import Session, drive
from fleet import FakeClient
from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color
from rich.style import Style
from textual import constants
from vision import Eyes, contrast, difference, luminance

from opsconsole.config.settings import ConsoleSetting
from opsconsole.console import keyboard
from opsconsole.console.app import OpsConsole
from opsconsole.console.palette import (
    CHART_INKS,
    INKS,
    Ink,
    colours_of,
    environment_ink,
    style,
)
from opsconsole.console.themes import THEMES, ThemeName
from opsconsole.console.xterm import nearest, rgb_of, triplet
from opsconsole.environment import environment_kind

DECORATION: dict[Ink, float] = {"faint": 1.3, "open": 2.0}
"""Rules and separators: nothing is lost with them."""

MARKS = CHART_INKS | {"crosshair", "ghost"}

EYES: dict[ThemeName, tuple[Eyes, ...]] = {
    "dark": ("all cones",),
    "light": ("all cones",),
    "deuteranopia": ("all cones", "deuteranopia", "protanopia"),
    "tritanopia": ("all cones", "tritanopia"),
}

TOLD_APART: dict[tuple[Ink, ...], float] = {
    ("ok", "warn", "fail"): 18.0,
    ("first", "second"): 18.0,
    ("better", "worse"): 18.0,
    ("gauge", "over"): 18.0,
    ("baseline", "window"): 15.0,
    ("traffic", "cost"): 15.0,
    ("env-prod", "env-staging", "env-dev", "env-other"): 15.0,
    ("p50", "p99"): 10.0,
    tuple(f"stack{i}" for i in range(1, 7)): 10.0,
    tuple(f"heat{i}" for i in range(1, 6)): 9.0,
}
"""Inks that stand beside each other, and the least difference (CIEDE2000) between any two of them."""


def drawn(colour: str, mode: str) -> str:
    """The colour as the terminal draws it."""
    if mode == "truecolor":
        return colour
    red, green, blue = rgb_of(nearest(colour))
    return f"#{red:02x}{green:02x}{blue:02x}"


@pytest.mark.parametrize("mode", ["truecolor", "ansi256"])
@pytest.mark.parametrize("theme", THEMES)
def test_every_ink_stands_off_its_ground_also_on_the_selected_row(theme: ThemeName, mode: str) -> None:
    faint = {}
    for ink in INKS:
        least = DECORATION.get(ink) or (3.0 if ink in MARKS else 4.5)
        for is_selected in (False, True):
            own, ground = (drawn(each, mode) for each in colours_of(ink, theme, is_selected=is_selected))
            if (ratio := contrast(own, ground)) < least:
                faint[ink, is_selected] = f"{ratio:.2f}, needs {least}"
    assert faint == {}


@pytest.mark.parametrize("mode", ["truecolor", "ansi256"])
@pytest.mark.parametrize("theme", THEMES)
def test_inks_that_stand_beside_each_other_are_told_apart_by_the_eyes_that_the_theme_is_for(
    theme: ThemeName, mode: str
) -> None:
    alike = {}
    for inks, least in TOLD_APART.items():
        part = 1 if inks[0].startswith("env-") else 0  # of a badge the ground is what one sees
        colours = {ink: drawn(colours_of(ink, theme)[part], mode) for ink in inks}
        for (one, first), (other, second) in combinations(colours.items(), 2):
            for eyes in EYES[theme]:
                if (found := difference(first, second, eyes)) < least:
                    alike[one, other, eyes] = f"{found:.1f}, needs {least}"
    assert alike == {}


@pytest.mark.parametrize("theme", THEMES)
def test_hotter_is_ever_further_from_the_ground(theme: ThemeName) -> None:
    heats = [contrast(*colours_of(f"heat{i}", theme)) for i in range(1, 6)]
    assert all(cooler < hotter for cooler, hotter in pairwise(heats))


def test_every_theme_names_every_ink_and_no_other() -> None:
    for theme in THEMES.values():
        assert set(theme.colours) == set(INKS)


@pytest.mark.parametrize("theme", THEMES)
def test_in_256_colours_an_ink_is_one_of_the_colours_that_all_terminals_draw_alike(theme: ThemeName) -> None:
    for ink in INKS:
        for each in (ink, f"{ink}*"):
            shown = style(each, "ansi256", theme)
            for colour in (shown.color, shown.bgcolor):
                assert colour is not None
                assert colour.number is not None
                assert 16 <= colour.number < 256


def test_sixteen_colours_have_no_bright_ones() -> None:
    for ink in INKS:
        for each in (ink, f"{ink}*"):
            shown = style(each, "ansi16")
            for colour in (shown.color, shown.bgcolor):
                assert colour is None or colour.is_default or (colour.number is not None and colour.number < 8)


@given(st.integers(16, 255))
def test_a_colour_of_the_256_is_nearest_to_itself(number: int) -> None:
    red, green, blue = rgb_of(number)
    assert rgb_of(nearest(f"#{red:02x}{green:02x}{blue:02x}")) == (red, green, blue)


def test_the_256_colours_are_those_that_rich_knows() -> None:
    for number in range(16, 256):
        assert tuple(Color.from_ansi(number).get_truecolor()) == rgb_of(number)


def test_difference_is_that_of_the_published_formula() -> None:
    assert difference("#000000", "#ffffff", "all cones") == pytest.approx(100, abs=0.01)
    assert difference("#7fc79a", "#7fc79a", "deuteranopia") == 0
    assert difference("#ff0000", "#00ff00", "all cones") == pytest.approx(86.6, abs=0.1)
    assert luminance("#ffffff") == pytest.approx(1)
    assert triplet("#10141a") == (16, 20, 26)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("prod", "prod"),
        ("eu-prod-2", "prod"),
        ("PRODUCTION", "prod"),
        ("live", "prod"),
        ("staging", "staging"),
        ("pre-prod", "staging"),
        ("test-eu", "staging"),
        ("dev", "dev"),
        ("localhost", "dev"),
        ("demo", "dev"),
        ("blue", "other"),
        ("reproduce", "other"),
    ],
)
def test_the_name_of_an_environment_tells_its_kind(name: str, kind: str) -> None:
    assert environment_kind(name) == kind
    assert environment_ink(name, {}) == f"env-{kind}"


def test_the_configuration_overrules_the_name_of_an_environment() -> None:
    assert environment_ink("blue", {"blue": "prod"}) == "env-prod"
    assert environment_ink("test", {"blue": "prod"}) == "env-staging"


def test_the_badge_of_the_environment_has_the_ink_of_its_kind_and_its_name_in_words() -> None:
    async def scenario(session: Session) -> None:
        top = session.app._surface._lines[0]
        assert (" prod ", "env-prod") in [(span.text, span.ink) for span in top]

    drive(scenario)

    async def configured(session: Session) -> None:
        top = session.app._surface._lines[0]
        assert (" prod ", "env-staging") in [(span.text, span.ink) for span in top]

    drive(configured, setting=ConsoleSetting(environments={"prod": "staging"}))


@pytest.mark.parametrize(("wanted", "system"), [("truecolor", "truecolor"), (256, "256")])
def test_the_configured_colours_overrule_what_the_terminal_says(
    monkeypatch: pytest.MonkeyPatch, wanted: str | int, system: str
) -> None:
    monkeypatch.setattr(constants, "COLOR_SYSTEM", "auto")
    monkeypatch.setenv("TERM", "xterm")
    keyboard.use_colours(wanted)
    assert OpsConsole(FakeClient()).console.color_system == system


@pytest.mark.parametrize("theme", THEMES)
def test_a_theme_colours_the_whole_screen(theme: ThemeName) -> None:
    async def scenario(session: Session) -> None:
        grounds = {
            segment.style.bgcolor for strip in session.app._surface._strips for segment in strip if segment.style
        }
        assert Color.parse(THEMES[theme].ground) in grounds

    drive(scenario, setting=ConsoleSetting(theme=theme))


def test_production_never_looks_like_anything_else_in_any_mode() -> None:
    for mode in ("truecolor", "ansi256", "ansi16", "mono"):
        for theme in THEMES:
            looks: dict[str, Style] = {kind: style(f"env-{kind}", mode, theme) for kind in ("staging", "dev", "other")}
            assert style("env-prod", mode, theme) not in looks.values()

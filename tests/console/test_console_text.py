"""Nothing that came from data controls the terminal."""

from __future__ import annotations

import unicodedata

import msgspec
import pytest
from driver import LARGE, SMALL, Session, drive
from fleet import FakeClient, chat_versions, fleet_view, service_view
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from opsconsole.console.text import cut, fit, is_safe, safe, told_apart, width

HOSTILE = {
    "osc52": "\x1b]52;c;aGFja2Vk\x07x",
    "osc0": "\x1b]0;owned\x1b\\",
    "osc8": "\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\",
    "csi": "\x1b[2J\x1b[H",
    "dsr": "\x1b[6n",
    "c1 csi": "\x9b31mred",
    "c1 osc": "\x9d52;c;QQ==\x9c",
    "carriage return": "good\rbad",
    "newline": "two\nlines",
    "tab and bell": "a\tb\x07",
    "delete": "a\x7f\x08b",
    "line separator": "a\u2028b\u2029c",
    "right to left": "abc\u202egnp.exe",
    "isolates": "\u2066x\u2069\u2067y\u2068",
    "marks": "\u200eL\u200fR",
    "zero width": "pay\u200bpal\u200d\ufeff\u2060",
    "tags": "a\U000e0041\U000e007f",
    "surrogate": "a\ud800b",
    "zalgo": "z" + "\u0301" * 200,
    "selector": "✔\ufe0f",
    "flag": "🇩🇪",
    "family": "👨\u200d👩\u200d👧",
    "skin": "👍🏽",
    "wide": "漢字カタカナ",
    "markup": "[/nope]",
    "markup link": "[@click=app.quit]x[/]",
    "overlong": "x" * 10_000,
    "private": "\ue0b0",
    "soft hyphen": "a\u00adb",
    "jamo": "\u1100\u1161\u11a8",
}
FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(st.text(alphabet=st.characters(codec=None), max_size=300))
def test_no_character_that_a_terminal_obeys_survives(text: str) -> None:
    shown = safe(text)
    assert not {unicodedata.category(character) for character in shown} & FORBIDDEN
    assert len(shown) <= 200
    assert is_safe(shown)
    shown.encode("utf-8")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_becomes_visible_instead_of_vanishing(text: str) -> None:
    shown = safe(text)
    assert is_safe(shown)
    assert len(shown) == min(len(text), 200)


def test_escapes_are_shown_as_signs() -> None:
    assert safe("\x1b[31m") == "␛[31m"
    assert safe("\x9b31m") == "␛31m"
    assert safe("a\nb\x7f") == "a␊b␡"


def test_ordinary_names_in_any_script_stay_as_they_are() -> None:
    for name in ("chat-assist", "zażółć", "Việt", "漢字", "ภาษาไทย", "हिन्दी", "модель-7"):
        assert safe(name) == name


@given(st.text(max_size=60), st.integers(0, 40), st.booleans())
def test_fitted_text_takes_exactly_its_cells(text: str, cells: int, right: bool) -> None:
    assert width(fit(text, cells, right=right)) == cells


@given(st.text(alphabet="ab漢é…", max_size=30), st.integers(0, 20))
def test_cut_text_never_takes_more_than_its_cells(text: str, cells: int) -> None:
    shown = cut(safe(text), cells)
    assert width(shown) <= cells
    assert cell_len(shown) <= cells


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x50"])
@pytest.mark.parametrize("payload", ["osc52", "c1 osc", "markup", "right to left", "zalgo", "wide", "surrogate"])
def test_hostile_names_reach_every_view_as_plain_text(payload: str, size: tuple[int, int]) -> None:
    name = HOSTILE[payload]

    def fleet(window: str) -> object:
        view = fleet_view(window, names=("chat-assist",))
        row = msgspec.structs.replace(
            view.services[0], service=name, reasons=(name,), versions=((name, 0.9), ("v42", 0.1))
        )
        return msgspec.structs.replace(view, services=(row,), environment=name)

    def service(asked: str, window: str) -> object:
        assert asked == name, "the daemon is asked for the name as it is, not as it is shown"
        view = service_view("chat-assist", window)
        hostile = tuple(
            msgspec.structs.replace(each, version=name, models=(name,), error_classes={name: 3})
            for each in chat_versions(view.end)
        )
        marker = msgspec.structs.replace(view.markers[0], text=name)
        return msgspec.structs.replace(
            view, service=name, reasons=(name,), versions=hostile, markers=(marker,), not_logged=(name,)
        )

    async def scenario(session: Session) -> None:
        for keys in ((), ("enter",), ("3",), ("5",), ("escape", "escape", "/", "[", "enter")):
            await session.press(*keys)
            for row in session.text.splitlines():
                assert is_safe(row)
                assert width(row) <= size[0]
        for strip in session.app._surface._strips:
            assert strip.cell_length == size[0]

    drive(scenario, size=size, client=FakeClient(fleet_answer=fleet, service_answer=service))  # type: ignore[arg-type]


def test_names_that_begin_alike_are_told_apart() -> None:
    names = [*(f"detail_log_scale{n}_prompt500" for n in (500, 1000, 2000)), "chat"]
    assert told_apart(names, 13) == ["…500_prompt5…", "…1000_prompt…", "…2000_prompt…", "chat"]


def test_names_that_differ_at_their_end_keep_as_much_of_it_as_fits() -> None:
    names = ["AzureLLMInferenceTrace_code", "AzureLLMInferenceTrace_conv"]
    assert told_apart(names, 16) == ["…renceTrace_code", "…renceTrace_conv"]


def test_a_name_that_stands_alone_is_cut_at_its_end() -> None:
    assert told_apart(["lora_request_trace", "chat"], 13) == ["lora_request…", "chat"]

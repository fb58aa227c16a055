"""Nothing that came from data controls the terminal: in every view, through the real program, byte by byte."""

from __future__ import annotations

import ast
import re
import sys
import unicodedata
from pathlib import Path

import pytest
from hostile import PAYLOADS, HostileClient, client
from hypothesis import given
from hypothesis import strategies as st

import opsconsole.console
from benchmarks.pty_meter import Meter
from opsconsole.console import printed
from opsconsole.console.lines import Span
from opsconsole.console.text import is_safe
from opsconsole.console.views.catalog import VIEWS, ViewSpec
from opsconsole.console.widgets.surface import Surface

CONSOLE = Path(opsconsole.console.__file__).parent
MODULES = sorted(CONSOLE.rglob("*.py"))

OURS = re.compile(
    r"\x1b\[[0-9;]*m"  # how text looks
    r"|\x1b\[[0-9]+;[0-9]+H"  # where it stands
    r"|\x1b\[\?(?:25|1004|1049|2004|2048|7)[hl]"  # modes of the terminal, on entering and leaving
    r"|\x1b\[\?(?:2026|2048)\$p|\x1b\[>[0-9]+u|\x1b\[<u"  # what Textual asks and sets once
    r"|\x1b\]22;default\x07"
    r"|\x1b\[6n"  # our question for the cursor
    r"|\x1b\[[0-9]+;[0-9]+r\x1b\[[0-9]+;1H(?:(?:\x1bM)+|(?:\x1bD)+)\x1b\[r"  # lines that moved together
)
FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


WRITTEN_BY_US = ["csi mode alternate", "csi mode paste", "csi open", "dsr cursor", "lone escape"]
"""Payloads that the program itself writes."""


def obeyed(text: str) -> set[str]:
    """What is left in the stream that a terminal would obey, or that draws outside its own cells."""
    rest = OURS.sub("", text)
    return {repr(rest[max(0, m.start() - 5) : m.end() + 20]) for m in re.finditer(r"[\x00-\x1f\x7f-\x9f]", rest)} | {
        f"U+{ord(character):04X}" for character in set(rest) if unicodedata.category(character) in FORBIDDEN
    }


@pytest.mark.parametrize(
    ("size", "environment"),
    [((80, 24), {}), ((160, 50), {"NO_COLOR": "1", "OPSCONSOLE_GLYPHS": "ascii"})],
    ids=["80x24", "160x50 mono ascii"],
)
def test_no_view_sends_a_sequence_that_came_from_data(size: tuple[int, int], environment: dict[str, str]) -> None:
    meter = Meter([sys.executable, "-m", "tests.console.hostile"], size, environment)
    try:
        meter.read(60)
        assert meter.has_ended
        assert meter.process.wait(10) == 0, meter.output[-3_000:].decode(errors="replace")
    finally:
        meter.close()
    shown = meter.output.decode()
    assert obeyed(shown) == set()
    assert [name for name, payload in PAYLOADS.items() if "\x1b" in payload and payload in shown] == WRITTEN_BY_US
    assert "chat-assist" in OURS.sub("", shown) or environment, "the tour did show the data"


def test_what_is_looked_for_is_found() -> None:
    assert obeyed("\x1b[1mfine\x1b[0m") == set()
    for name, payload in PAYLOADS.items():
        is_broken = any(unicodedata.category(character) in FORBIDDEN for character in payload)
        assert not is_broken or obeyed(payload) or OURS.fullmatch(payload) or payload.startswith("\x1b["), name


def test_there_are_many_payloads_and_the_answers_carry_them_all() -> None:
    poisoned: HostileClient = client()
    for spec in VIEWS:
        poisoned.of(spec)
    begun = {payload for payload in PAYLOADS.values() if any(text.startswith(payload) for text in poisoned.originals)}
    assert len(begun) >= 40


@pytest.mark.parametrize("spec", VIEWS, ids=lambda spec: spec.name)
@pytest.mark.parametrize("size", [(80, 24), (160, 50)], ids=["80x24", "160x50"])
def test_what_is_printed_for_a_pipe_is_as_safe_as_the_screen(spec: ViewSpec, size: tuple[int, int]) -> None:
    poisoned = client()
    page = printed.page(poisoned.place(spec), poisoned.of(spec), "1h", None, *size)
    assert all(is_safe(line) for line in page.split("\n"))


@given(st.one_of(st.sampled_from(sorted(PAYLOADS.values())), st.text(st.characters(codec=None), max_size=60)))
def test_text_that_a_painter_forgot_to_make_safe_does_not_get_past_the_surface(text: str) -> None:
    for is_ascii in (False, True):
        surface = Surface(lambda columns, rows: [], mode="mono", is_ascii=is_ascii)
        shown = surface._strip((Span(text, "text"),)).text
        assert is_safe(shown)
        assert shown.isascii() or not is_ascii


def names_in(module: Path) -> set[str]:
    """Every name and attribute that a module uses."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return names | {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }


DOORS: dict[str, frozenset[str]] = {
    "print": frozenset(),
    "__stdout__": frozenset(),
    "__stderr__": frozenset({"keyboard.py", "outlet.py"}),
    "Segment": frozenset({"surface.py", "repaint.py"}),
    "Strip": frozenset({"surface.py", "repaint.py"}),
    "Control": frozenset({"repaint.py"}),
    "Text": frozenset(),
    "Content": frozenset(),
    "Static": frozenset(),
    "Label": frozenset(),
    "from_markup": frozenset(),
    "notify": frozenset(),
    "bell": frozenset({"ringing.py"}),
    "copy_to_clipboard": frozenset(),
}
"""Ways to a terminal, and the only modules that take them."""


@pytest.mark.parametrize("way", DOORS)
def test_no_other_module_has_a_way_to_the_terminal(way: str) -> None:
    users = {module.name for module in MODULES if way in names_in(module)}
    assert users <= DOORS[way]


def test_only_the_outlet_writes_to_a_descriptor_and_nobody_to_standard_output() -> None:
    users = {
        (module.name, ast.unparse(node))
        for module in MODULES
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.write", "sys.stdout", "sys.stderr"}
    }
    assert users == {("outlet.py", "os.write")}


def test_escape_sequences_are_written_in_few_places() -> None:
    written = {module.name for module in MODULES if "\\x1b" in module.read_text(encoding="utf-8")}
    assert written <= {"keyboard.py", "repaint.py", "scrolling.py", "clipboard.py", "ringing.py", "text.py"}

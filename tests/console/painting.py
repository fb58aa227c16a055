"""A view painted from an answer, without a console: what the tests of single views look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fleet import FakeClient

from opsconsole import wire
from opsconsole.console.frame import Frame, Link, State
from opsconsole.console.grammar.keymap import Keymap
from opsconsole.console.lines import Line, line_width, plain
from opsconsole.console.place import Place
from opsconsole.console.views.catalog import BY_NAME

SMALL, LARGE = (80, 22), (160, 48)
"""What a view has of 80x24 and of 160x50: without the console's own two lines."""


def frame_at(place: Place, answer: wire.Answer | None = None, **state: Any) -> Frame:
    """A frame on what the daemon would answer for a place, or on another answer."""
    if answer is None:
        answer = FakeClient().answer(place.view, parameters_of(place))
    return Frame(
        state=State(place=place, **state),
        link=Link("ok"),
        environment="prod",
        answers={place.view: answer},
        since_s=1.0,
        keys=Keymap().names,
    )


def parameters_of(place: Place) -> Mapping[str, str]:
    spec = BY_NAME[place.view]
    scoped = {} if spec.scope == "fleet" else {"service": place.service}
    return {"window": "1h", **scoped, **spec.asks(place)}


def lines_of(frame: Frame, size: tuple[int, int] = SMALL) -> list[Line]:
    """The painted lines, exactly as many and as wide as asked for."""
    lines = BY_NAME[frame.state.view].paint(frame, *size)
    assert [line_width(each) for each in lines] == [size[0]] * size[1]
    return lines


def text_of(frame: Frame, size: tuple[int, int] = SMALL) -> str:
    return "\n".join(plain(each).rstrip() for each in lines_of(frame, size))


def row_with(frame: Frame, needle: str, size: tuple[int, int] = SMALL) -> str:
    """The first line that holds a text."""
    return next((row for row in text_of(frame, size).split("\n") if needle in row), "")


def moved(frame: Frame, **place: Any) -> Frame:
    """The same frame, with other fields of its place."""
    return replace(frame, state=frame.state.at(**place))

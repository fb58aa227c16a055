"""A list that runs on sends its new lines only, and the terminal ends up as if everything had been sent."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import msgspec
import pyte
import pytest
from driver import LARGE, SMALL, Session, drive
from fleet import FakeClient
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from opsconsole import wire
from opsconsole.console.lines import Line, Span, block
from opsconsole.console.widgets.scrolling import Shift, codes, shift_of, shifted

WIDTH, HEIGHT = 12, 14


def lines(words: Sequence[str]) -> list[Line]:
    return block([(Span(word, "text"),) for word in words], WIDTH, HEIGHT)


def terminal_with(shown: Sequence[Line]) -> tuple[pyte.Screen, pyte.Stream]:
    screen = pyte.Screen(WIDTH, HEIGHT)
    stream = pyte.Stream(screen)
    for y, line in enumerate(shown):
        stream.feed(f"\x1b[{y + 1};1H{''.join(piece.text for piece in line)}")
    return screen, stream


WORDS = st.lists(st.text("abcdef", min_size=1, max_size=3), min_size=HEIGHT, max_size=HEIGHT)


@given(WORDS, st.integers(0, HEIGHT - 3), st.integers(2, HEIGHT), st.integers(-6, 6), WORDS)
def test_after_its_codes_the_terminal_shows_what_shifted_says(
    words: list[str], top: int, length: int, by: int, others: list[str]
) -> None:
    bottom = min(HEIGHT, top + length)
    if by == 0 or abs(by) >= bottom - top:
        return
    shift = Shift(top, bottom, by)
    screen, stream = terminal_with(lines(words))
    stream.feed(codes(shift))
    for y, line in enumerate(shifted(lines(words), shift)):
        told = " " * WIDTH if line is None else "".join(piece.text for piece in line)
        assert screen.display[y] == told
    assert screen.margins in (None, pyte.screens.Margins(0, HEIGHT - 1))


@given(WORDS, WORDS, st.integers(1, 5))
def test_lines_that_are_shifted_and_lines_that_are_painted_make_the_new_screen(
    words: list[str], new: list[str], by: int
) -> None:
    before, after = lines(words), lines([words[0], *new[:by], *words[1:]])
    shift = shift_of(before, after)
    shown = list(before) if shift is None else shifted(before, shift)
    for y, line in enumerate(shown):
        if line is not None and line != after[y]:
            shown[y] = after[y]  # painted, as any line that changed
    assert [after[y] if line is None else line for y, line in enumerate(shown)] == after


def test_new_lines_above_a_list_are_found_between_lines_that_stay() -> None:
    rows = [f"row {i}" for i in range(HEIGHT)]
    before = lines(["head", *rows[2:12], "foot", "x", "y"])
    after = lines(["head", *rows[:2], *rows[2:10], "foot", "x", "y"])
    assert shift_of(before, after) == Shift(1, 11, 2)
    assert shift_of(after, before) == Shift(1, 11, -2)


def test_a_screen_that_changed_throughout_is_not_shifted() -> None:
    assert shift_of(lines([f"a{i}" for i in range(HEIGHT)]), lines([f"b{i}" for i in range(HEIGHT)])) is None
    assert shift_of(lines(["same"] * HEIGHT), lines(["new", *["same"] * (HEIGHT - 1)])) is None


class Tail(FakeClient):
    """Requests that run on: after ``run(n)`` the answer has n newer ones above those before."""

    running = 20

    def answer(self, kind: str, parameters: Any) -> wire.Answer:
        view = super().answer(kind, parameters)
        if not isinstance(view, wire.RequestsView):
            return view
        return msgspec.structs.replace(view, rows=view.rows[max(0, 20 - self.running + 20) :])

    def run(self, n: int) -> None:
        self.running += n
        self.publish()


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x50"])
def test_a_tail_that_runs_sends_little_and_the_terminal_shows_what_the_console_means(size: tuple[int, int]) -> None:
    columns, rows = size
    console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", width=columns)
    terminal = pyte.Screen(columns, rows)
    stream = pyte.Stream(terminal)
    sent: list[str] = []
    client = Tail()

    async def scenario(session: Session) -> None:
        def display(screen: object, update: Any) -> None:
            if update is not None:
                sent.append(update.render_segments(console))
                stream.feed(sent[-1])

        await session.press("r")
        await session.until("newest")
        session.app._display = display  # type: ignore[method-assign]  # a headless app has no terminal
        session.app._resend()
        await session.settle()
        for n in (1, 2, 3, 7):
            sent.clear()
            client.run(n)
            for _ in range(200):
                await session.pilot.pause(0.02)
                if sent:
                    break
            await session.settle()
            assert "\n".join(line.rstrip() for line in terminal.display) == session.text
            assert 0 < sum(map(len, sent)) < (n + 2) * columns * 4
        assert session.text.count("\n") == rows - 1

    drive(scenario, size=size, client=client)

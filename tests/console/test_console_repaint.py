"""What goes down the line: the cells that changed, and the screen ends up the same."""

from __future__ import annotations

import io

import pyte
from driver import Session, drive
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate
from textual.geometry import Region
from textual.strip import Strip

from opsconsole.console.widgets.repaint import CellsUpdate

WIDTH = 40
CONSOLE = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", width=WIDTH)
INKS = tuple(
    map(Style.parse, ("red", "bold blue on black", "", "reverse", "bold reverse", "bold #ff0000 on #000001", "#ff0000"))
)


def strip(pieces: list[tuple[str, int]]) -> Strip:
    text = [Segment(text, INKS[ink]) for text, ink in pieces]
    taken = sum(len(piece.text) for piece in text)
    return Strip([*text, Segment("." * max(0, WIDTH - taken), INKS[2])]).crop(0, WIDTH)


def screen_after(*sent: str) -> list[list[pyte.screens.Char]]:
    """Every cell with its character, its colours and its attributes."""
    screen = pyte.Screen(WIDTH, 3)
    stream = pyte.Stream(screen)
    for each in sent:
        stream.feed(each)
    return [[screen.buffer[y][x] for x in range(WIDTH)] for y in range(3)]


LINES = st.lists(st.tuples(st.text("abc xyz", min_size=1, max_size=12), st.integers(0, len(INKS) - 1)), max_size=6)
SPANS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, WIDTH - 1), st.integers(1, WIDTH)), min_size=1, max_size=4)


@given(st.lists(LINES, min_size=3, max_size=3), SPANS)
def test_the_screen_ends_up_as_it_would_without_it(
    lines: list[list[tuple[str, int]]], spans: list[tuple[int, int, int]]
) -> None:
    chops = [{0: strip(pieces)} for pieces in lines]
    runs = sorted((y, x, min(WIDTH, x + length)) for y, x, length in spans)
    full = [(y, 0, WIDTH) for y in range(3)]
    ends = [[WIDTH]] * 3
    before = ChopsUpdate(chops, full, ends).render_segments(CONSOLE)
    stock = ChopsUpdate(chops, runs, ends).render_segments(CONSOLE)
    ours = CellsUpdate(chops, runs, ends).render_segments(CONSOLE)
    assert screen_after(before, ours) == screen_after(before, stock)
    for y, x, after in runs:
        assert screen_after(ours)[y][x:after] == screen_after(before)[y][x:after]


def test_a_changed_cell_at_the_right_sends_nothing_of_its_left() -> None:
    async def scenario(session: Session) -> None:
        surface = session.app._surface
        surface.refresh(Region(60, 3, 4, 1))
        compositor = session.app.screen._compositor
        compositor.update_widgets({surface})
        update = compositor.render_partial_update()
        assert isinstance(update, CellsUpdate)
        sent = update.render_segments(CONSOLE)
        assert "chat-assist" not in sent
        assert "\x1b[4;61H" in sent
        assert len(sent) < 90

    drive(scenario)


def test_still_data_sends_nothing_after_a_minute_but_once_a_minute() -> None:
    async def scenario(session: Session) -> None:
        session.clock.advance(70)
        session.app._surface.show()
        texts = set()
        for _ in range(45):
            session.clock.advance(1)
            session.app._surface.show()
            texts.add(session.text)
        assert len(texts) == 1

    drive(scenario)

"""What a repaint sends: the cells that changed, nothing to their left, and of their looks only what is not so already.

Always true here: the screen ends up as it would without this module. Textual 8 begins every partial repaint at the left
edge of the widget, says the whole style of every piece of text and takes it back after it, and sends the whole screen
again whenever a style rule was looked at. The compositor is not public: where a later Textual makes its updates
otherwise, this one hands them on as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate
from textual.geometry import Region, Size
from textual.strip import Strip

from opsconsole.console.widgets.scrolling import Shift, codes

_RESET = "\x1b[0m"
_ATTRIBUTES = (("bold", "1", "22"), ("dim", "2", "22"), ("italic", "3", "23"), ("underline", "4", "24"),
               ("reverse", "7", "27"))  # fmt: skip
"""Rich's name, and the codes (ECMA-48, SGR) that turn it on and off; all terminals that have colours know them."""


class Looks(NamedTuple):
    """What the terminal draws text with."""

    attributes: frozenset[str] = frozenset()
    colour: str = "39"
    ground: str = "49"


PLAIN = Looks()


class Pen:
    """Writes text with the fewest changes of style; ``lifted`` leaves the terminal as it was found."""

    def __init__(self, console: Console) -> None:
        self._colours = COLOR_SYSTEMS[console.color_system] if console.color_system else None
        self._looks = PLAIN
        self._written: list[str] = []

    def move(self, x: int, y: int) -> None:
        self._written.append(Control.move_to(x, y).segment.text)

    def write(self, segments: Iterable[Segment]) -> None:
        for text, style, control in segments:
            if control or not text:
                continue
            looks = looks_of(style, self._colours) if style else PLAIN
            if looks != self._looks:
                self._written.append(change(self._looks, looks))
                self._looks = looks
            self._written.append(text)

    def lifted(self) -> str:
        if self._looks != PLAIN:
            self._written.append(_RESET)
            self._looks = PLAIN
        return "".join(self._written)


@lru_cache(maxsize=1024)
def looks_of(style: Style, color_system: ColorSystem | None) -> Looks:
    """The codes of a Rich style, for a terminal with that many colours; none at all where it has no colours."""
    if color_system is None:
        return PLAIN
    attributes = frozenset(name for name, _, _ in _ATTRIBUTES if getattr(style, name))
    colour, ground = (
        ";".join(each.downgrade(color_system).get_ansi_codes(foreground=is_colour))
        if each is not None and not each.is_default
        else default
        for each, is_colour, default in ((style.color, True, PLAIN.colour), (style.bgcolor, False, PLAIN.ground))
    )
    return Looks(attributes, colour, ground)


@lru_cache(maxsize=4096)
def change(before: Looks, after: Looks) -> str:
    """The shorter of: changing what differs, and beginning anew."""
    lost = before.attributes - after.attributes
    off = list(dict.fromkeys(code for name, _, code in _ATTRIBUTES if name in lost))
    still = after.attributes - before.attributes
    if "22" in off:  # it ends both bold and dim
        still |= after.attributes & {"bold", "dim"}
    codes = off + [code for name, code, _ in _ATTRIBUTES if name in still]
    codes += [new for old, new in ((before.colour, after.colour), (before.ground, after.ground)) if old != new]
    anew = ["0", *(code for name, code, _ in _ATTRIBUTES if name in after.attributes)]
    anew += [new for new, plain in ((after.colour, PLAIN.colour), (after.ground, PLAIN.ground)) if new != plain]
    return f"\x1b[{min(';'.join(codes), ';'.join(anew), key=len)}m"


class CellsUpdate(ChopsUpdate):
    """A partial repaint that begins at the first changed cell of each run, after lines that only moved have moved."""

    shift: Shift | None = None

    def render_segments(self, console: Console) -> str:
        pen = Pen(console)
        for y, first, after in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is None or x >= after or end <= first:
                    continue
                left = max(x, first)
                pen.move(left, y)
                pen.write(strip.crop(left - x, min(end, after) - x))
        return (codes(self.shift) if self.shift else "") + pen.lifted()


class RowsUpdate(LayoutUpdate):
    """A full repaint of the rows that the terminal does not show yet."""

    def __init__(self, strips: list[Iterable[Strip]], region: Region, rows: Iterable[int]) -> None:
        super().__init__(strips, region)
        self._rows = rows

    def render_segments(self, console: Console) -> str:
        pen = Pen(console)
        for row in self._rows:
            pen.move(self.region.x, self.region.y + row)
            for strip in self.strips[row]:
                pen.write(strip)
        return pen.lifted()


class CellsCompositor(Compositor):
    """A compositor whose updates send the changed cells only."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: dict[int, list[Strip]] = {}
        """Row → what a full repaint last sent of it, until a partial one touches it."""
        self._shown_size = Size(0, 0)
        self._shift: Shift | None = None
        self.is_settled = False
        """Does the terminal show what was last refreshed, sent by updates that this module knows? Only then may it be
        told to shift lines: two shifts under way at once would not be those that the second one was found from."""

    def owe(self) -> None:
        """Something was refreshed, and is about to be sent."""
        self.is_settled = False

    def shift(self, shift: Shift) -> None:
        """Have the terminal move these lines before the next partial update."""
        self._shift = shift

    def forget(self) -> None:
        """The terminal may show anything: send all of it next time."""
        self._shown.clear()

    def render_partial_update(self) -> ChopsUpdate | None:
        update = super().render_partial_update()
        if update is None:
            return None
        if type(update) is not ChopsUpdate:
            self.forget()
            return update
        for y, _, _ in update.spans:
            self._shown.pop(y, None)
        cells = CellsUpdate(update.chops, update.spans, update.chop_ends)
        cells.shift, self._shift, self.is_settled = self._shift, None, True
        for y in range(cells.shift.top, cells.shift.bottom) if cells.shift else ():
            self._shown.pop(y, None)
        return cells

    def render_full_update(self, simplify: bool = False) -> LayoutUpdate:
        update = super().render_full_update(simplify)
        if simplify or type(update) is not LayoutUpdate:
            return update
        if self.size != self._shown_size:
            self.forget()
            self._shown_size = self.size
        strips = [list(row) for row in update.strips]
        if not self._shown and not any(strip.text.strip() for row in strips for strip in row):
            return RowsUpdate(list(strips), update.region, ())  # nothing is painted yet: blanks can wait for words
        rows = [y for y, row in enumerate(strips) if self._shown.get(y) != row]
        self._shown, self._shift = dict(enumerate(strips)), None
        return RowsUpdate(list(strips), update.region, rows)

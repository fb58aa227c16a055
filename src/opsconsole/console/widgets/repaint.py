"""What a repaint sends: the cells that changed, and nothing to their left.

Always true here: the screen ends up as it would without this module. Textual 8 begins every partial repaint at the left
edge of the widget, so on a screen that is one widget a changed cell at the right would send its whole line again. The
compositor is not public: where a later Textual makes its updates otherwise, this one hands them on as they are.
"""

from __future__ import annotations

from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate, Compositor


class CellsUpdate(ChopsUpdate):
    """A partial repaint that begins at the first changed cell of each run."""

    def render_segments(self, console: Console) -> str:
        sequences: list[str] = []
        for y, first, after in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is None or x >= after or end <= first:
                    continue
                left = max(x, first)
                sequences.append(Control.move_to(left, y).segment.text)
                sequences.append(strip.crop(left - x, min(end, after) - x).render(console))
        return "".join(sequences)


class CellsCompositor(Compositor):
    """A compositor whose partial updates send the changed cells only."""

    def render_partial_update(self) -> ChopsUpdate | None:
        update = super().render_partial_update()
        return CellsUpdate(update.chops, update.spans, update.chop_ends) if type(update) is ChopsUpdate else update

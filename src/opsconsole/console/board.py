"""The one screen of the console.

Always true here: it takes no keys for itself, and composes cells, not regions.
"""

from __future__ import annotations

from textual.screen import Screen
from textual.widget import Widget

from opsconsole.console.widgets.repaint import CellsCompositor


class Board(Screen[None], inherit_bindings=False):
    """The one screen; it takes no keys for itself."""

    def __init__(self, cells: CellsCompositor) -> None:
        super().__init__()
        self._compositor = self._cells = cells

    def resend(self) -> None:
        """Paint everything again, whatever the terminal shows."""
        self._cells.forget()
        self.refresh()

    def send(self, widget: Widget) -> None:
        """Send what was refreshed of ``widget`` now. Textual would wait for its next tick, 17 ms apart."""
        if self.is_current and not self._layout_required and not self.app._batch_count:
            self._compositor.update_widgets({widget})
            self._compositor_refresh()

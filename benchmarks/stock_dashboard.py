"""The panels of the fleet and of one service, from Textual's own widgets: what most consoles in Python are made of.

Always true here: it is asked of the same daemon and shown twice a second, as ours; it uses the widgets as their
documentation does (a table whose cells are updated, sparklines, and text), and nothing that ours adds to Textual.

    python -m benchmarks.stock_dashboard HOME
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import DataTable, Sparkline, Static

from opsconsole import wire
from opsconsole.client import AsyncClient
from opsconsole.home import Home

PERIOD_S = 0.5
COLUMNS = ("state", "service", "p50 ms", "p99 ms", "errors", "req/s", "$/h")
SERIES = ("requests", "errors", "p50_ms", "p99_ms", "usd")


class Dashboard(App[None]):
    """A table of services, five sparklines and a summary."""

    CSS = "DataTable { height: 40%; } Sparkline { height: 1fr; margin: 0 1; } Static { height: 5; }"
    BINDINGS: ClassVar = [("q", "quit", "Quit")]

    def __init__(self, client: AsyncClient) -> None:
        super().__init__()
        self._daemon = client
        self._rows: dict[str, None] = {}

    def compose(self) -> ComposeResult:
        yield DataTable(cursor_type="row")
        with Horizontal():
            for half in (SERIES[:3], SERIES[3:]):
                with Vertical():
                    for name in half:
                        yield Sparkline(id=name)
        yield Static(id="summary")

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        for name in COLUMNS:
            table.add_column(name, key=name)
        self.run_worker(self._show())
        self.set_interval(PERIOD_S, lambda: self.run_worker(self._show(), group="show", exclusive=True))

    async def _show(self) -> None:
        fleet = await self._daemon.view("fleet", {"window": wire.DEFAULT_WINDOW})
        assert isinstance(fleet, wire.FleetView)
        table = self.query_one(DataTable)
        for service in fleet.services:
            cells = dict(zip(COLUMNS, _cells(service), strict=True))
            if service.service in self._rows:
                for name, cell in cells.items():
                    table.update_cell(service.service, name, cell)
            else:
                table.add_row(*cells.values(), key=service.service)
                self._rows[service.service] = None
        chosen = fleet.services[0]
        for name in SERIES:
            self.query_one(f"#{name}", Sparkline).data = [value or 0 for value in getattr(chosen.trend, name)]
        lines = [f"{chosen.service}  {chosen.state}", *chosen.reasons[:3], f"to {fleet.end:%H:%M:%S} UTC"]
        self.query_one("#summary", Static).update("\n".join(lines))


def _cells(service: wire.ServiceRow) -> tuple[str, ...]:
    p50, p99 = service.latency_ms.p50, service.latency_ms.p99
    numbers = (p50 and p50.value, p99 and p99.value, service.error_rate, service.requests_per_s, service.usd_per_hour)
    return (service.state, service.service, *("–" if number is None else f"{number:.3g}" for number in numbers))


if __name__ == "__main__":
    Dashboard(AsyncClient(Home(Path(sys.argv[1])))).run()

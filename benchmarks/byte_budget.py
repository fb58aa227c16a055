"""What every view sends to the terminal while its data move, and while they stand still.

Always true here: the bytes depend on the views alone, not on the machine: each frame of the fake fleet is painted as
the console paints it, compared with the one before, and written by the console's own pen. The committed table is what
a change is measured against: a view that sends a quarter more than it says there is refused.

    python -m benchmarks.byte_budget [--write | --check]
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from rich.console import Console

from benchmarks.ground import Row
from benchmarks.moving import TICK_S, moved
from opsconsole import wire
from opsconsole.console.frame import Frame, Link, State
from opsconsole.console.grammar.keymap import Keymap
from opsconsole.console.lines import Line
from opsconsole.console.listing import Listings
from opsconsole.console.place import Place
from opsconsole.console.views import screen
from opsconsole.console.views.catalog import VIEWS, ViewSpec
from opsconsole.console.widgets.plot import Scales
from opsconsole.console.widgets.repaint import Pen
from opsconsole.console.widgets.surface import Surface, changed_runs

TABLE = Path(__file__).with_name("byte_budget.json")
RENEW = "python -m benchmarks.byte_budget --write"

SIZES: dict[str, tuple[int, int]] = {"80x24": (80, 24), "160x50": (160, 50)}
MOST_LIVE: dict[str, float] = {"80x24": 2_000.0, "160x50": 6_000.0}
MOST_STILL = 100.0
"""Bytes a second."""

GROWTH = 1.25
SLACK_BYTES = 20.0
"""A quarter of next to nothing is nothing."""

TICKS = 12
AFTER_EACH = len("\x1b[1;1H\x1b[6n")
"""Where Textual leaves the cursor, and the question whether the frame was drawn."""

SERVICE = "chat-assist"

Budget: TypeAlias = dict[str, dict[str, dict[str, float]]]
"""View → size → what → number."""


@dataclass(frozen=True)
class Sent:
    """Bytes of one view at one size."""

    first: int
    """The whole screen."""
    live_per_s: float
    """At two frames a second, a bucket's closing spread over its length."""
    still_per_s: float
    """With nothing moving but ages."""

    def as_dict(self) -> dict[str, float]:
        return {"first": self.first, "live_per_s": round(self.live_per_s), "still_per_s": round(self.still_per_s)}


class Wire:
    """Counts what goes out for one painted frame after another."""

    def __init__(self, columns: int, rows: int) -> None:
        self._size = columns, rows
        self._surface = Surface(lambda columns, rows: [], mode="truecolor", is_ascii=False)
        self._console = Console(file=io.StringIO(), force_terminal=True, color_system="truecolor", width=columns)
        self._shown: list[Line] = [()] * rows
        self._keymap = Keymap()

    def send(self, frame: Frame) -> int:
        """Paint; the bytes of what changed since the last frame."""
        lines = screen.paint(frame, self._keymap, *self._size)
        pen = Pen(self._console)
        for y, (before, after) in enumerate(zip(self._shown, lines, strict=True)):
            if before == after:
                continue
            strip = self._surface._strip(after)
            for x, length in changed_runs(before, after):
                pen.move(x, y)
                pen.write(strip.crop(x, x + length))
        self._shown = list(lines)
        written = pen.lifted()
        return len(written.encode()) + AFTER_EACH if written else 0


def sent(spec: ViewSpec, size: tuple[int, int]) -> Sent:
    """What one view sends."""
    place, answer = _first(spec)
    scales, listings = Scales(), Listings()

    def frame(answer: wire.Answer, since_s: float = 0.0) -> Frame:
        return Frame(
            state=State(place=place),
            link=Link("ok"),
            environment="prod",
            answers={place.view: answer},
            since_s=since_s,
            keys=Keymap().names,
            scales=scales,
            listings=listings,
        )

    line = Wire(*size)
    first = line.send(frame(answer))
    live = sum(line.send(frame(moved(answer, tick))) for tick in range(1, TICKS + 1))
    before_rolling = line.send(frame(moved(answer, TICKS + 1)))
    rolled = line.send(frame(moved(answer, TICKS + 2, has_rolled=True))) - before_rolling
    bucket_s = answer.axis.step_s if isinstance(answer, wire.View) else 60
    line = Wire(*size)
    line.send(frame(answer))
    still = sum(line.send(frame(answer, since_s=second)) for second in range(1, TICKS + 1))
    return Sent(first, live / (TICKS * TICK_S) + max(0, rolled) / bucket_s, still / TICKS)


def _first(spec: ViewSpec) -> tuple[Place, wire.Answer]:
    """Where the view stands, and the fake fleet's answer there."""
    client = fleet().FakeClient(fleet_answer=lambda window: fleet().fleet_view(window, names=NAMES))
    place = Place(spec.name, "" if spec.scope == "fleet" else SERVICE)
    service = {"service": place.service} if place.service else {}
    if spec.name == "request":
        requests = client.answer("requests", {"window": wire.DEFAULT_WINDOW, **service})
        place = place.choosing(key=requests.rows[0].key)
    if spec.keyed:
        place = place.choosing(key=KEYS[spec.name])
    answer: wire.Answer = client.answer(spec.name, {"window": wire.DEFAULT_WINDOW, **service, **spec.asks(place)})
    return place, answer


NAMES = ("lora-gateway", "chat-assist", "ticket-router", "azure-llm-code")


KEYS: dict[str, str] = {
    "alert": "A-3",
    "incident": "INC-7",
    "checklist": "error-spike",
    "run": "RUN-3",
}
"""View of one thing → its id in the fake fleet."""


def fleet() -> Any:
    """The tests' fake fleet: realistic, and the same on every run."""
    return importlib.import_module("tests.console.fleet")


def measured(views: Sequence[ViewSpec] = VIEWS) -> Iterator[tuple[str, str, Sent]]:
    """(View, size, what it sends)."""
    for spec in views:
        for name, size in SIZES.items():
            yield spec.name, name, sent(spec, size)


def committed() -> Budget:
    table: Budget = json.loads(TABLE.read_text(encoding="utf-8"))
    return table


def complaints(found: Budget, table: Budget) -> list[str]:
    """Every number that is more than a quarter above the table, or not in it, and how to renew it."""
    told = []
    for view, sizes in found.items():
        for size, numbers in sizes.items():
            for what, value in numbers.items():
                budget = table.get(view, {}).get(size, {}).get(what)
                if budget is None:
                    told.append(f"{view} {size} {what}: {value:.0f} B, and the table has no number for it")
                elif value > budget * GROWTH + SLACK_BYTES:
                    told.append(f"{view} {size} {what}: {value:.0f} B, the table says {budget:.0f} B")
    return [*told, f"where it is meant to be so: {RENEW}"] if told else []


def as_budget(found: Sequence[tuple[str, str, Sent]]) -> Budget:
    table: Budget = {}
    for view, size, each in found:
        table.setdefault(view, {})[size] = each.as_dict()
    return table


def rows(is_quick: bool) -> list[Row]:
    """The table; it is as quick as it is whole."""
    found = list(measured())
    told = complaints(as_budget(found), committed())
    live = [
        Row(f"bytes: {view} {size}, live", "B/s", each.live_per_s, None, "ours", MOST_LIVE[size],
            f"still {each.still_per_s:.0f} B/s, whole screen {each.first:,} B")
        for view, size, each in found
    ]  # fmt: skip
    still = max(each.still_per_s for _, _, each in found)
    return [
        *live,
        Row("bytes: the most of any view, data standing still", "B/s", still, None, "ours", MOST_STILL),
        Row("bytes: numbers beyond a quarter above the table", "", len(told), None, "ours", 0, "; ".join(told)),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.byte_budget")
    parser.add_argument("--write", action="store_true", help=f"renew {TABLE.name}")
    parser.add_argument("--check", action="store_true", help="compare with it; exits 1 when a view sends too much")
    arguments = parser.parse_args()
    found = list(measured())
    for view, size, each in found:
        words = f"{each.live_per_s:7.0f} B/s live {each.still_per_s:6.0f} B/s still {each.first:7,} B first"
        sys.stdout.write(f"{view:12} {size:7} {words}\n")
    if arguments.write:
        TABLE.write_text(json.dumps(as_budget(found), indent=1) + "\n", encoding="utf-8")
        return 0
    told = complaints(as_budget(found), committed()) if arguments.check else []
    sys.stdout.writelines(f"{each}\n" for each in told)
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())

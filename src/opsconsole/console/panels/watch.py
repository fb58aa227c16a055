"""After a change: is it in effect, and how do the versions do since? And how it is undone.

Always true here: before and now stand side by side, number by number; an effect is a sign and a word, and why.
"""

from __future__ import annotations

from collections.abc import Callable

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.lines import Line, Span, fitting, separated, span
from opsconsole.console.panels.shares import shares_line, told
from opsconsole.console.panels.versions import UNNAMED
from opsconsole.console.states import EFFECTS
from opsconsole.console.widgets import table
from opsconsole.console.widgets.table import Cell, Column

Write = Callable[[wire.VersionEvidence], str]

NUMBERS: tuple[tuple[str, Write], ...] = (
    ("share", lambda e: numbers.MISSING if e.share is None else numbers.share(e.share)),
    ("errors", lambda e: numbers.percent(e.error_rate)),
    ("p99", lambda e: numbers.duration(e.p99_ms)),
    ("cost", lambda e: numbers.money(e.usd_per_request)),
)
"""Column, and how it is written."""

COLUMNS: tuple[Column, ...] = (
    Column("version", "version", 10, grow=1),
    Column("share", "arriving", 10),
    Column("errors", "errors", 15),
    Column("p99", "p99", 13),
    Column("cost", "$/req", 19),
    Column("n", "n", 5, is_right=True),
)


def title(view: wire.ReleaseView, width: int) -> Line:
    watch = view.watch
    if watch is None:
        return (Span("no change is being watched", "dim"),)
    sign = EFFECTS[watch.verdict.effect if watch.verdict is not None else "pending"]
    return fitting(
        (
            (sign.span,),
            (Span("until ", "dim"), Span(f"{watch.until:%H:%M}", "text")),
            (Span("u", "accent"), Span(" undoes it", "text")),
            (span(watch.told),),
        ),
        width,
    )


def lines(view: wire.ReleaseView, width: int) -> list[Line]:
    """Each version before and now; the verdict's reason; where undoing leads."""
    watch = view.watch
    if watch is None:
        return []
    before = {each.version: each for each in watch.before}
    now = {each.version: each for each in watch.now}
    columns = table.visible(COLUMNS, width)
    names = dict.fromkeys((*now, *before))
    rows = [table.header(columns, width)]
    rows += [table.row(columns, _cells(name, before.get(name), now.get(name)), width) for name in names]
    if watch.verdict is not None:
        rows += told("effect", watch.verdict.why, width, "dim") if watch.verdict.why else []
    rows.append((Span("   undo leads to ", "head"), *shares_line(watch.undo.shares)))
    return rows


def _cells(name: str, before: wire.VersionEvidence | None, now: wire.VersionEvidence | None) -> dict[str, Cell]:
    cells: dict[str, Cell] = {
        column: separated(
            (
                Span(numbers.MISSING if before is None else write(before), "dim"),
                Span(numbers.MISSING if now is None else write(now), "text"),
            ),
            " → ",
        )
        for column, write in NUMBERS
    }
    cells["version"] = span(name or UNNAMED, "strong")
    cells["n"] = numbers.count(now.n if now is not None else 0)
    return cells

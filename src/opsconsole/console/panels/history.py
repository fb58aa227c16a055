"""What was done to a service, newest first; Enter opens one of them as a page.

Always true here: an entry says who, when, from which shares to which, and what came of it.
"""

from __future__ import annotations

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import Line, Span, line, plain, span
from opsconsole.console.listing import Item, Listing
from opsconsole.console.panels.shares import shares_line
from opsconsole.console.proceeding import NAMES
from opsconsole.console.states import EFFECTS, OUTCOMES, Sign
from opsconsole.console.widgets import table
from opsconsole.console.widgets.listed import list_body
from opsconsole.console.widgets.table import Cell, Column

COLUMNS: tuple[Column, ...] = (
    Column("at", "UTC", 11),
    Column("word", "result", 15),
    Column("by", "by", 8, grow=1),
    Column("told", "what", 22, grow=4),
    Column("effect", "effect", 15, from_width=100),
)
LEAST_ROWS_WITH_HEADER = 6
UNKNOWN = Sign("?", "unknown", "unknown")
NAMED_ALREADY = frozenset({"observed", "out of band"})
"""Acts that their words, or their sign, name already."""
FAULTS = frozenset({"refused", "not effective", "indeterminate", "moved"})


def listing(frame: Frame) -> Listing | None:
    view = frame.release
    if view is None:
        return None
    return frame.listings.of(
        ("release", "history"), view, lambda: Listing("entries", "op_id", tuple(map(_item, view.history)))
    )


def _item(each: wire.HistoryEntry) -> Item:
    return Item(
        f"{each.op_id} {each.at.isoformat()}",
        {
            "op_id": each.op_id,
            "at": each.at.isoformat(),
            "actor": each.actor,
            "act": each.act,
            "told": each.told,
            "word": each.word,
            "effect": each.effect,
        },
        each.word in FAULTS or each.act == "out of band",
        page=_page(each),
    )


def _page(each: wire.HistoryEntry) -> tuple[str, ...]:
    return (
        each.told,
        "",
        f"act      {_name(each)}",
        f"by       {each.actor}",
        f"at       {each.at:%Y-%m-%d %H:%M:%S} UTC",
        f"before   {plain(shares_line(each.before))}",
        f"after    {plain(shares_line(each.after))}",
        f"result   {each.word or 'not known'}",
        f"effect   {each.effect or 'not known'}",
        f"id       {each.op_id or numbers.MISSING}",
    )


def _name(each: wire.HistoryEntry) -> str:
    return each.act if each.act == "out of band" or each.act == "observed" else NAMES[each.act]


def title(view: wire.ReleaseView, width: int) -> Line:
    return line(Span(f"{len(view.history)} entries, newest first", "dim"))


def lines(view: wire.ReleaseView, frame: Frame, width: int, height: int) -> list[Line]:
    """As a list; where there is little room, its rows alone."""
    items = frame.shown(listing(frame))
    by_key = dict(zip(map(_key, view.history), view.history, strict=True))
    columns = table.visible(COLUMNS, width)
    nothing = frame.nothing_matches if view.history else "nothing was done yet"
    return list_body(
        frame,
        items,
        columns,
        lambda i: _cells(by_key[items[i].key]),
        width,
        height,
        nothing=nothing,
        is_bare=height < LEAST_ROWS_WITH_HEADER,
    )


def _key(each: wire.HistoryEntry) -> str:
    return f"{each.op_id} {each.at.isoformat()}"


def _cells(each: wire.HistoryEntry) -> dict[str, Cell]:
    sign = Sign("▲", each.act, "alert") if each.act == "out of band" else OUTCOMES.get(each.word, UNKNOWN)
    effect = EFFECTS[each.effect].span if each.effect is not None else Span(numbers.MISSING, "dim")
    return {
        "at": Span(f"{each.at:%m-%d %H:%M}", "dim"),
        "word": sign.span,
        "by": span(each.actor),
        "told": span(each.told if each.act in NAMED_ALREADY else f"{_name(each)}: {each.told}", "text"),
        "effect": effect,
    }

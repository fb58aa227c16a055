"""One request's page: what it was, where its time went, how it stands among others, and what was around it.

Always true here: a duration that was not logged has no bar; a standing says among how many; the neighbours are a list
like any other (Enter opens one), and a digit shows a list alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.glyphs import GlyphSet
from opsconsole.console.lines import EMPTY, Line, Span, beside, block, ends, is_wide, line_width, separated, span
from opsconsole.console.listing import Item, Listing
from opsconsole.console.palette import Ink
from opsconsole.console.place import Place
from opsconsole.console.text import fit
from opsconsole.console.views.requests import fields_of, item, logged_in, moment_cell, moment_column, outcome
from opsconsole.console.widgets import table
from opsconsole.console.widgets.listed import list_body
from opsconsole.console.widgets.table import Cell, Column

FEATURES, NEIGHBOURS = 1, 2
"""The digits of the lists."""
PANELS: tuple[str, ...] = ("features", "neighbours")


def asks(place: Place) -> dict[str, str]:
    return {"key": place.choice("key")}


def _answered(frame: Frame) -> wire.RequestView | None:
    """The request that the place names: the one that was open before it is not shown in its stead."""
    view = frame.answer(wire.RequestView)
    return view if view is not None and view.row.key == frame.state.place.choice("key") else None


def listing(frame: Frame) -> Listing | None:
    """The features where they are alone on the screen, else the neighbours."""
    view = _answered(frame)
    if view is None:
        return None
    if frame.state.panel == FEATURES:
        return frame.listings.of(
            ("request", "features"), view, lambda: Listing("features", "feature", tuple(_feature_items(view)))
        )
    return frame.listings.of(
        ("request", "neighbours"), view, lambda: Listing("neighbours", "request_id", tuple(map(item, view.neighbours)))
    )


def _feature_items(view: wire.RequestView) -> Iterable[Item]:
    return (Item(name, {"feature": name, "value": value}) for name, value in sorted(view.features.items()))


def paint(frame: Frame, width: int, height: int) -> list[Line]:
    view = _answered(frame)
    if view is None:
        waiting = (Span("   waiting for request ", "dim"), span(frame.state.place.choice("key")))
        return block([EMPTY, waiting], width, height)
    has_room = is_wide(width, height)
    head = _head(view, frame, width, 4 if has_room else 3)
    room = height - len(head)
    if frame.state.panel == NEIGHBOURS:
        return block([*head, *_neighbours(view, frame, width, room)], width, height)
    if frame.state.panel == FEATURES:
        return block([*head, *_features(view, frame, width, room)], width, height)
    if has_room:
        left = (width - 2) * 11 // 20
        bars = [*_times(view, frame, left), EMPTY, *_standings(view, frame, left), EMPTY]
        features = _features(view, frame, left, room - len(bars))
        near = _neighbours(view, frame, width - 2 - left, room)
        columns = beside(
            block([*bars, *features], left, room), block(near, width - 2 - left, room), (Span("  ", "text"),)
        )
        return [*head, *columns]
    bars = [*_times(view, frame, width), *_standings(view, frame, width), _features_line(view, width)]
    return block([*head, *bars, *_neighbours(view, frame, width, room - len(bars))], width, height)


def _head(view: wire.RequestView, frame: Frame, width: int, height: int) -> list[Line]:
    """Outcome, whose and when; then every fact that was logged, as many as there is room for."""
    row = view.row
    age = numbers.coarse_age(frame.age_s(row.at))
    left = separated(
        (
            (Span(" ", "text"), outcome(row)),
            span(row.service, "strong"),
            span(row.version or ""),
            span(row.route or ""),
        ),
        "  ",
    )
    right = (
        Span(f"{row.at:%Y-%m-%d %H:%M:%S.%f}"[:-3] + " UTC", "text"),
        Span(f" · {age} " if age == "now" else f" · {age} ago ", "dim"),
    )
    return block([ends(left, right, width), *_flowing(_facts(view), width)], width, height)


def _facts(view: wire.RequestView) -> list[Line]:
    row = view.row
    tokens = [
        (row.input_tokens, "in"),
        (row.cached_tokens, "cached"),
        (row.cache_write_tokens, "cache write"),
        (row.output_tokens, "out"),
        (row.reasoning_tokens, "reasoning"),
    ]
    counted = ", ".join(f"{numbers.count(n)} {kind}" for n, kind in tokens if n is not None)
    cost = f"{numbers.money(row.cost_usd)} {row.cost_source or ''}".strip() if row.cost_usd is not None else ""
    named = (
        ("tokens", counted),
        ("cost", cost),
        ("status", "" if row.status is None else str(row.status)),
        ("model", row.model),
        ("user", row.user_key),
        ("region", row.region),
        ("finish", row.finish_reason),
        ("id", row.request_id),
        ("API key", row.api_key_id),
        ("predicted", row.prediction),
        ("confidence", "" if row.confidence is None else f"{row.confidence:.2f}"),
        ("cache", {True: "hit", False: "miss", None: ""}[row.cache_hit]),
        ("provider", row.provider),
        ("line", f"{view.source} at byte {view.source_offset:,}"),
    )
    return [(Span(f"{name} ", "dim"), span(text)) for name, text in named if text]


def _flowing(facts: Sequence[Line], width: int) -> list[Line]:
    """Facts beside each other, on as many lines as they take."""
    rows: list[list[Line]] = [[]]
    for fact in facts:
        if rows[-1] and line_width(separated([*rows[-1], fact])) > width - 4:
            rows.append([])
        rows[-1].append(fact)
    return [(Span("   ", "text"), *separated(row)) for row in rows]


def _title(text: str, told: Line, width: int, right: str = "", digit: int = 0) -> Line:
    number = (Span(f" {digit} ", "accent"),) if digit else (Span("── ", "faint"),)
    left = (*number, Span(f"{text}  ", "strong"), *told, Span(" ", "text"))
    return ends(left, (Span(f" {right} " if right else "──", "dim" if right else "faint"),), width, "─", "faint")


LABEL_CELLS, VALUE_CELLS = 15, 7


def _times(view: wire.RequestView, frame: Frame, width: int) -> list[Line]:
    """A bar for each part of its time, one after the other."""
    row = view.row
    total = row.latency_ms
    said = (Span(numbers.duration(total), "strong"), Span(" from start to end", "dim"))
    if total is None:
        said = (Span("not logged: how long it took", "dim"), Span("", "dim"))
    rows = [_title("time", said, width)]
    parts = _parts(row)
    whole = max((stop for _, _, stop, _ in parts), default=0.0)
    room = width - LABEL_CELLS - VALUE_CELLS - 6
    for name, start, stop, ink in parts:
        label = (Span(fit(f"   {name}", LABEL_CELLS + 3), "head"),)
        value = Span(fit(numbers.duration(stop - start), VALUE_CELLS, right=True), "text")
        rows.append((*label, value, Span(" ", "text"), *_part(start / whole, stop / whole, room, frame.glyphs, ink)))
    return block(rows, width, len(rows))


def _parts(row: wire.RequestRow) -> list[tuple[str, float, float, Ink]]:
    """(what, from, to, ink) in milliseconds from its start, of what was logged."""
    parts: list[tuple[str, float, float, Ink]] = []
    begin = 0.0
    if row.queue_ms is not None:
        parts.append(("queue", 0.0, row.queue_ms, "stack2"))
        begin = row.queue_ms
    if row.ttft_ms is not None:
        begin = begin if begin <= row.ttft_ms else 0.0
        parts.append(("to first token", begin, row.ttft_ms, "stack1"))
        begin = row.ttft_ms
    if row.latency_ms is not None:
        name = "to the end" if parts else "all"
        parts.append((name, begin if begin <= row.latency_ms else 0.0, row.latency_ms, "stack3"))
    return [part for part in parts if part[2] > 0]


def _part(start: float, stop: float, cells: int, glyphs: GlyphSet, ink: Ink) -> Line:
    """A bar from one part of the cells to another; what lasted at all has a cell at least."""
    first = min(cells - 1, round(start * cells))
    size = max(1, round(stop * cells) - first)
    return (Span("·" * first, "faint"), Span(glyphs.bars[-1] * size, ink))


STANDING_COLUMNS: tuple[Column, ...] = (
    Column("what", "", 13),
    Column("value", "here", 8, is_right=True),
    Column("rail", "", 14, grow=1),
    Column("words", "", 18),
    Column("p50", "p50", 8, is_right=True),
    Column("p99", "p99", 8, is_right=True),
)
"""Their titles stand in the section's title line."""

STANDING_WORDS: dict[str, tuple[str, str]] = {
    "latency_ms": ("latency", "slower"),
    "ttft_ms": ("first token", "slower"),
    "queue_ms": ("queue", "longer"),
    "input_tokens": ("tokens in", "more"),
    "output_tokens": ("tokens out", "more"),
    "cost_usd": ("cost", "dearer"),
}
"""Column → (what it is called, what more of it is)."""


def _standings(view: wire.RequestView, frame: Frame, width: int) -> list[Line]:
    """Each of its numbers among the others' of its version."""
    if not view.standings:
        return [_title("standing", (Span("not logged: any number to compare", "dim"),), width)]
    among = max(each.n for each in view.standings)
    of = f"among {numbers.count(among)} of {view.row.version or view.row.service} in {view.window}"
    columns = list(STANDING_COLUMNS)
    rail = table.widths(columns, width)[2]
    head = _title("standing", (span(of, "dim"),), width, f"{'p50':>8} {'p99':>7}")
    return [head, *(table.row(columns, _standing(each, rail), width) for each in view.standings)]


def _standing(each: wire.Standing, rail: int) -> dict[str, Cell]:
    name, more = STANDING_WORDS.get(each.column, (each.column, "more"))
    is_high = each.p99 is not None and each.value > each.p99
    ink = "warn" if is_high else "text"
    at = min(rail - 1, round(each.rank * (rail - 1)))
    return {
        "what": span(f"  {name}", "head"),
        "value": Span(_written(each.value, each.unit), ink),
        "rail": (Span("━" * at, "dim"), Span("●", ink), Span("╌" * (rail - 1 - at), "faint")),
        "words": Span(f"{more} than {numbers.percent(each.rank)}", ink),
        "p50": Span(_written(each.p50, each.unit), "text"),
        "p99": Span(_written(each.p99, each.unit), "text"),
    }


def _written(value: float | None, unit: str) -> str:
    if unit == "ms":
        return numbers.duration(value)
    return numbers.money(value) if unit == "usd" else numbers.count(value)


FEATURE_COLUMNS: tuple[Column, ...] = (Column("feature", "feature", 24, grow=1), Column("value", "value", 24, grow=2))


def _features(view: wire.RequestView, frame: Frame, width: int, height: int) -> list[Line]:
    head = _title("features", (), width, f"n {len(view.features)}", FEATURES)
    if not view.features:
        return [head, (Span("   not logged: inputs of this request", "dim"),)]
    is_alone = frame.state.panel == FEATURES
    items = frame.shown(listing(frame)) if is_alone else tuple(_feature_items(view))

    def cells(i: int) -> dict[str, Cell]:
        name = items[i].key
        return {"feature": span(name), "value": _value(view.features[name])}

    body = list_body(
        frame, items, FEATURE_COLUMNS, cells, width, height - 1, has_cursor=is_alone, nothing=frame.nothing_matches
    )
    return [head, *body]


def _features_line(view: wire.RequestView, width: int) -> Line:
    """The first of them in one line: the digit shows all."""
    told = separated((span(f"{name} ", "dim"), _value(value)) for name, value in sorted(view.features.items()))
    if not told:
        told = (Span("not logged", "dim"),)
    return _title("features", told, width, f"n {len(view.features)}", FEATURES)


def _value(value: str | float | bool | None) -> Span:
    if value is None:
        return Span(numbers.MISSING, "dim")
    if isinstance(value, bool):
        return Span("yes" if value else "no", "text")
    return span(value if isinstance(value, str) else f"{value:,.6g}")


BY_WORDS = {"user": "of the same user", "version": "of the same version", "service": "of the same service"}


def _neighbours(view: wire.RequestView, frame: Frame, width: int, height: int) -> list[Line]:
    """The requests just before and after, with how long before or after."""
    told = (Span(f"{BY_WORDS[view.neighbours_by]}, just before and after", "dim"),)
    head = _title("neighbours", told, width, f"n {len(view.neighbours)}", NEIGHBOURS)
    if not view.neighbours:
        return [head, (Span("   none in this window", "dim"),)]
    by_key = {row.key: row for row in view.neighbours}
    items = frame.shown(listing(frame))
    when, apart = moment_column(view.window), Column("apart", "apart", 7, is_right=True)
    fields = fields_of(logged_in(view.neighbours), width - 1 - when.width - 1 - apart.width, has_service=False)
    columns = [when, apart, *(field.column for field in fields)]

    def cells(i: int) -> dict[str, Cell]:
        row = by_key[items[i].key]
        shown = {field.column.id: field.cell(row) for field in fields}
        return {"at": moment_cell(row, view.window), "apart": Span(_apart(row, view.row), "text"), **shown}

    return [head, *list_body(frame, items, columns, cells, width, height - 1, nothing=frame.nothing_matches)]


def _apart(row: wire.RequestRow, of: wire.RequestRow) -> str:
    """``-4.20s`` for one before."""
    ms = (row.at - of.at) / timedelta(milliseconds=1)
    return ("+" if ms >= 0 else "-") + numbers.duration(abs(ms))

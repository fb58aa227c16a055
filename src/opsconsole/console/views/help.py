"""What works here: a list that is filtered while one types, and run with Enter; and what the signs mean."""

from __future__ import annotations

from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.grammar.contexts import view_context
from opsconsole.console.grammar.keymap import Keymap, Listed
from opsconsole.console.lines import EMPTY, Line, Span, block, ends, selected, separated, span
from opsconsole.console.states import HEALTH
from opsconsole.console.text import cut, fit, safe
from opsconsole.console.text import width as width_of
from opsconsole.console.views.catalog import BY_NAME
from opsconsole.console.widgets import plot, table

KEY_CELLS, LEAST_TOLD = 14, 24

LEGEND: tuple[tuple[str, str], ...] = (
    ("ok", ""),
    ("warn", "worse than it should be"),
    ("fail", "users hurt"),
    ("quiet", "no records"),
    ("unknown", "too few to say"),
)

CHARTS: tuple[Line, ...] = (
    (Span(plot.OPEN, "dim"), Span(" newest bucket, not over: its rate so far", "dim")),
    (Span("▼ ┊", "marker"), Span(" version first seen", "dim")),
)


def listed(frame: Frame, keymap: Keymap) -> list[Listed]:
    """The lines that the words typed so far leave."""
    state = frame.state
    words = state.draft.lower().split()
    lines = keymap.listed(view_context(state), state, frame)
    return [each for each in lines if all(word in f"{each.told} {each.action.id}".lower() for word in words)]


def chosen(frame: Frame, keymap: Keymap) -> Listed | None:
    """The line on which the cursor stands."""
    lines = listed(frame, keymap)
    return lines[min(frame.state.choice, len(lines) - 1)] if lines else None


def moved(frame: Frame, keymap: Keymap, by: int) -> int:
    """Where the cursor stands after it was moved, within the lines that there are."""
    last = max(0, len(listed(frame, keymap)) - 1)
    return max(0, min(last, min(frame.state.choice, last) + by))


def paint(frame: Frame, keymap: Keymap, width: int, height: int) -> list[Line]:
    """The list, and under it the legend where there is room."""
    state = frame.state
    lines = listed(frame, keymap)
    at = min(state.choice, len(lines) - 1)
    head = ends(
        (Span(f"── {BY_NAME[state.view].title}: what works here ", "strong"),),
        (Span(f" {len(lines)} · type to find · {frame.key('run_listed')} runs ", "dim"),),
        width,
        "─",
        "faint",
    )
    legend = _legend()
    room = height - 1
    has_legend = room - len(legend) - 1 >= 12
    columns = 2 if width >= 140 else 1
    body = room - (len(legend) + 1 if has_legend else 0)
    shown = table.page(at, len(lines), body * columns)
    cells = width // columns
    rows = [_row(lines[i], cells, is_selected=i == at) for i in shown]
    if columns == 2:
        half = -(-len(rows) // 2)
        right = [*rows[half:], *([block((), cells, 1)[0]] * (2 * half - len(rows)))]
        rows = [(*a, *b) for a, b in zip(rows[:half], right, strict=True)]
    if not lines:
        rows = [(Span("   nothing here is called that", "dim"),)]
    listed_rows = block(rows, width, body)
    return [head, *listed_rows, *(block([EMPTY, *legend], width, len(legend) + 1) if has_legend else ())]


def _row(each: Listed, cells: int, *, is_selected: bool) -> Line:
    reason = f" ({each.reason})" if each.reason else ""
    told = cut(safe(each.told), max(LEAST_TOLD, cells - KEY_CELLS - 3 - width_of(reason))) + reason
    row: Line = (
        Span("›" if is_selected else " ", "accent"),
        Span(fit(each.keys, KEY_CELLS, right=True), "dim" if each.reason else "accent"),
        Span("  ", "text"),
        span(fit(told, cells - KEY_CELLS - 3), "dim" if each.reason else "text"),
    )
    return selected(row) if is_selected else row


def _legend() -> list[Line]:
    signs = [(HEALTH[state].span, span(f" {told}" if told else "", "dim")) for state, told in LEGEND]
    missing = (Span(numbers.MISSING, "text"), Span(" not logged", "dim"))
    return [
        (Span("── signs ", "strong"), *separated(signs[:3])),
        (Span("         ", "text"), *separated([*signs[3:], missing])),
        (Span("── charts ", "strong"), *separated(CHARTS)),
    ]

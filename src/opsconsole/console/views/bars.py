"""The two lines that every view has: where you are at the top, and whether it is true at the bottom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.deeds.table import DEEDS
from opsconsole.console.forms import Field, Form
from opsconsole.console.frame import Frame
from opsconsole.console.grammar.command import completions, ghost
from opsconsole.console.grammar.contexts import context_of
from opsconsole.console.grammar.keymap import Hint, Keymap
from opsconsole.console.lines import Line, Span, broken, ends, line_width, pieces, separated, span, whole
from opsconsole.console.palette import Ink, environment_ink
from opsconsole.console.panels.alert_words import counted, tally
from opsconsole.console.text import ELLIPSIS, cut, safe
from opsconsole.console.text import width as width_of
from opsconsole.console.views import plan
from opsconsole.console.views.catalog import BY_NAME
from opsconsole.errors import UsageError
from opsconsole.search import parse

TYPED_LIMIT = 4_000
"""Characters of what is typed: more than may be typed."""
MOST_TYPED_ROWS = 6
"""Rows of it above the last line."""
LEAST_HINTS = 17
"""Cells of the last line that keys have whatever is to be said beside them: so many that the first one fits."""


LEAST_TRUTH = 8
"""Cells that are left of what is true about the data beside a notice; a longer notice has the whole line."""


def top(frame: Frame, width: int) -> Line:
    """Name, environment, window, as-of; at the right what there is."""
    left: list[Span] = [Span(" opsconsole ", "accent")]
    if frame.environment:
        left += [
            span(f" {frame.environment} ", environment_ink(frame.environment, frame.environment_kinds)),
            Span(" ", "text"),
        ]
    left += _permission(frame)
    view = frame.view
    if view is not None and not BY_NAME[frame.state.view].is_timed:
        left += [Span(f"{numbers.clock_time(view.now)} UTC", "text")]
        if frame.state.as_of is not None:
            left += [Span(" ", "text"), Span(" now; the other views stand in the past ", "alert")]
    elif view is not None:
        left += [Span(" ", "text"), Span(view.window, "strong")]
        if frame.state.window != view.window:
            left += [Span(f" → {frame.state.window} …", "warn")]
        left += _as_of(frame, view)
    return ends(tuple(left), _counts(frame, width - line_width(tuple(left)) - 2), width)


def _permission(frame: Frame) -> list[Span]:
    """May this console act, where it had to be armed for that, and for how long; in minutes, which cost few bytes."""
    if frame.armed_s is not None and frame.armed_s > 0:
        left = f"{frame.armed_s // 60:.0f}m" if frame.armed_s >= 60 else "<1m"
        return [Span(f" ARMED {left} ", "alert"), Span(" ", "text")]
    if frame.permission is not None and frame.permission.is_read_only:
        return [Span("read-only ", "dim")]
    return []


def _as_of(frame: Frame, view: wire.View) -> list[Span]:
    if frame.state.as_of is not None:
        behind = numbers.age((view.now - frame.state.as_of).total_seconds())
        return [Span("  ", "text"), Span(f" ‖ {frame.state.as_of:%m-%d %H:%M} UTC, {behind} before now ", "alert")]
    if view.is_live:
        return [Span(" to ", "dim"), Span(f"{numbers.clock_time(view.end)} UTC", "text")]
    return [Span("  ", "text"), Span(f" end of data {numbers.minute(view.end)} ", "alert")]


def _counts(frame: Frame, room: int) -> Line:
    """What there is, what matters most kept longest where room is short."""
    if alarm := _armed(frame, room):
        return alarm
    fleet = frame.fleet
    open_now = tally(frame.on_call)
    others = (Span(counted(len(frame.present), "other"), "accent"),) if frame.present else ()
    if fleet is None or frame.state.view != "fleet":
        return _first_that_fits(((open_now, others), (open_now,)), room)
    lagging = (Span(f"{fleet.sources_lagging} lagging", "warn"),) if fleet.sources_lagging else ()
    rejects = (Span(f"{numbers.count(fleet.rejects)} rejects", "warn"),) if fleet.rejects else ()
    services = (Span(counted(len(fleet.services), "service"), "dim"),)
    sources = (Span(counted(fleet.sources, "source"), "dim"),)
    return _first_that_fits(
        (
            (open_now, others, services, sources, lagging, rejects),
            (open_now, others, sources, lagging, rejects),
            (open_now, others, lagging, rejects),
            (open_now, lagging, rejects),
            (open_now,),
        ),
        room,
    )


def _first_that_fits(wanted: Sequence[Sequence[Line]], room: int) -> Line:
    for parts in wanted:
        said = separated(parts)
        if said and line_width(said) < room:
            return (*said, Span(" ", "text"))
    return ()


def _armed(frame: Frame, room: int) -> Line:
    """What another one is about to do: before all counts, as much of it as there is room for."""
    armed = [each for each in frame.present if each.armed]
    if not armed:
        return ()
    more = f" and {len(armed) - 1} more" if len(armed) > 1 else ""
    first = armed[0]
    for told in (f"{first.user}: {first.armed} of {first.service}{more}", f"{first.user}: {first.armed}{more}"):
        shown = (span(f" {told} ", "alert"), Span(" ", "text"))
        if line_width(shown) <= room:
            return shown
    return (Span(" armed! ", "alert"),)


def bottom(frame: Frame, keymap: Keymap, width: int) -> Line:
    """What is open above the view, or else the state of the data and the keys that matter."""
    state = frame.state
    notice: Line = (span(state.notice, _notice_ink(frame)), Span(" ", "text"))
    is_beside = bool(state.notice) and not above_bottom(frame, width)
    if state.mode in _TYPED:
        left, right = _TYPED[state.mode](frame, width)
        return ends(left, notice if is_beside else right, width)
    truth = _truth(frame)
    if is_beside:
        return ends(truth, notice, width) if line_width(notice) <= width - LEAST_TRUTH else (Span(" ", "text"), *notice)
    if state.mode in ("plan", "outcome"):
        return ends(truth, plan.hints(frame), width)
    if frame.proceeding is not None and frame.proceeding.stage == "planning":
        going = frame.proceeding
        asking = f"asking for the plan to {going.phrase} of {going.order.service} …"
        return ends(truth, (span(asking, "notice"), Span(" ", "text")), width)
    hints = keymap.hints(context_of(state), frame)
    return ends(truth, _hints(hints, max(LEAST_HINTS, width - line_width(truth) - 3)), width)


def above_bottom(frame: Frame, width: int) -> list[Line]:
    """What the last line has no room for: a text that is being typed whole, and the notice whole; of what is typed half
    a line is seen at least."""
    state = frame.state
    notice = state.notice
    rows = _typed_whole(frame, width)
    room = max(width // 2, width - _typed_cells(frame)) if state.mode in _TYPED else width - 1
    if line_width((span(notice),)) < room:
        return rows
    return rows + [(Span(" ", "text"), *row) for row in whole(notice, width - 2, _notice_ink(frame))]


def _typed_whole(frame: Frame, width: int) -> list[Line]:
    """The text of a form, where its end alone is seen in the last line: what is sent has to be read before."""
    form, draft = frame.state.form, frame.state.draft
    field = form.field if form is not None and frame.state.mode == "form" else None
    if field is None or line_width((span(f" {field.label}: {draft}", limit=TYPED_LIMIT),)) <= width // 2:
        return []
    rows = broken((Span(" ", "text"), span(draft, "strong", limit=TYPED_LIMIT)), width - 1, 1)
    if len(rows) > MOST_TYPED_ROWS:
        return [(Span(f" … {len(rows) - MOST_TYPED_ROWS} lines above", "dim"),), *rows[-MOST_TYPED_ROWS:]]
    return list(rows)


def _typed_cells(frame: Frame) -> int:
    """Cells of what is typed and of what it is typed for, with the blanks and the caret."""
    field = frame.state.form.field if frame.state.form is not None else None
    label = field.label if field is not None else ""
    return line_width((span(label), span(frame.state.draft, limit=TYPED_LIMIT))) + 6


def _seen(draft: str, room: int) -> Line:
    """What is typed with its caret, seen to its end: what has no room is above or gone by."""
    text, cells = safe(draft, TYPED_LIMIT), max(1, room - 1)
    if width_of(text) > cells:
        text = ELLIPSIS + pieces(text[::-1], cells - 1)[0][::-1]
    return (Span(text, "strong"), Span("▏", "accent"))


def _notice_ink(frame: Frame) -> Ink:
    return "warn" if frame.state.mode == "command" else "notice"


def _filtering(frame: Frame, width: int) -> tuple[Line, Line]:
    """The filter as it is typed; a word that cannot be understood is said at once."""
    keep = f"{frame.key('keep_filter')} keep · {frame.key('cancel_filter')}"
    try:
        parse(frame.state.draft)
    except UsageError as error:
        return _typing(" /", frame, (span(error.message, "warn"), Span(" ", "text")), width)
    return _typing(" /", frame, (Span(f"word  !not  ~fuzzy  column=value  >2s · {keep} ", "dim"),), width)


def _typing(sign: str, frame: Frame, right: Line, width: int) -> tuple[Line, Line]:
    """A sign and what is typed behind it; what stands at the right gives way to it."""
    room = width - len(sign) - 2
    taken = width_of(safe(frame.state.draft, TYPED_LIMIT)) + 2
    if taken > room - line_width(right):
        return (Span(sign, "accent"), *_seen(frame.state.draft, room)), ()
    return (Span(sign, "accent"), *_seen(frame.state.draft, taken)), right


def _commanding(frame: Frame, width: int) -> tuple[Line, Line]:
    """The command as it is typed, what it would be completed to, and what else there is."""
    found = completions(frame.state.draft, frame.state, frame)
    typed, _ = _typing(" :", frame, (), width)
    left: Line = (*typed, span(ghost(frame.state.draft, found), "dim"))
    others = "  ".join(each.rpartition(" ")[2] for each in found[:12])
    room = width - line_width(left) - 2
    shown = cut(safe(others), room) if room >= 12 else ""
    return left, (Span(shown, "dim"), Span(" ", "text"))


def _finding(frame: Frame, width: int) -> tuple[Line, Line]:
    moves = f"{frame.key('help_up')} {frame.key('help_down')} move"
    told = f"{moves} · {frame.key('run_listed')} run · {frame.key('cancel_help')} close "
    return _typing(" ? ", frame, (Span(told, "dim"),), width)


def _jumping(frame: Frame, width: int) -> tuple[Line, Line]:
    return (Span(" jump to the row of which letter?", "accent"),), (Span(f"{frame.key('cancel_jump')} cancel ", "dim"),)


def _arming(frame: Frame, width: int) -> tuple[Line, Line]:
    """The environment's name as it is typed."""
    prompt = frame.arming
    if prompt is None:
        return (), ()
    left = (
        span(f" arm this console: type {prompt.token} ", "warn"),
        span(prompt.typed, "strong" if prompt.is_right_so_far else "fail"),
        Span("▏", "accent"),
    )
    return left, (Span("any other key: not armed ", "dim"),)


def _asking(frame: Frame, width: int) -> tuple[Line, Line]:
    """What a deed asks for, with what was answered so far; or that the next question is on its way."""
    form = frame.state.form
    if form is None:
        return (), ()
    field = form.field
    if field is None:
        return (span(f" {form.title} · asking the daemon …", "accent"),), (
            Span(f"{frame.key('cancel_form')} gives it up ", "dim"),
        )
    given = "".join(f" · {label} {answer}" for label, answer in _answers(form))
    asked: Line = (span(f" {form.title}{given} · ", "dim"), span(f"{field.label}: ", "accent"))
    draft = frame.state.draft
    right = _form_hints(form, field, frame)
    beside = line_width((span(frame.state.notice),)) + 1 if frame.state.notice else 0
    if not beside or above_bottom(frame, width):
        beside = min(width // 2, line_width(right))
    room = width - beside - 2
    if line_width(asked) + line_width((span(draft, limit=TYPED_LIMIT),)) > room:  # what is typed is seen to its end
        asked = (span(f" {field.label}: ", "accent"),)
    return (*asked, *_seen(draft, room + 1 - line_width(asked))), right


def _form_hints(form: Form, field: Field, frame: Frame) -> Line:
    """What the keys of a form do now."""
    before, after = frame.key("form_before"), frame.key("form_after")
    moves = f"{before} {after} scroll" if form.page else f"{before} {after} choose" if field.choices else ""
    moves = moves or (f"{before} back" if form.given else "")
    is_done = form.is_last and not DEEDS[form.deed].asks
    enter = f"{frame.key('form_next')} {'does it' if is_done else 'next'}"
    lost = (Span("✖ daemon lost · ", "fail"),) if frame.link.word == "lost" else ()
    return (*lost, Span(" · ".join(part for part in (moves, enter, f"{frame.key('cancel_form')} ") if part), "dim"))


def _answers(form: Form) -> list[tuple[str, str]]:
    """Labels and answers so far."""
    return [(field.label, answer) for field, (_, answer) in zip(form.fields, form.given, strict=False) if answer]


_TYPED: dict[str, Callable[[Frame, int], tuple[Line, Line]]] = {
    "filter": _filtering,
    "command": _commanding,
    "help": _finding,
    "jump": _jumping,
    "arm": _arming,
    "window": lambda frame, width: (_picker(frame), _takes(frame)),
    "form": _asking,
}
"""Mode → the two ends of the last line; a notice takes the place of the second."""


def _takes(frame: Frame) -> Line:
    return (Span(f"{frame.key('take_window')} take · {frame.key('cancel_window')} cancel ", "dim"),)


def _picker(frame: Frame) -> Line:
    spans = [Span(" window ", "accent")]
    for i, name in enumerate(wire.WINDOWS):
        is_marked = i == frame.state.choice
        spans += [
            Span(f" {i + 1} ", "dim"),
            Span(f"[{name}]" if is_marked else f" {name} ", "strong" if is_marked else "text"),
        ]
    return tuple(spans)


def _truth(frame: Frame) -> Line:
    """Data age, daemon, query time: never silent about a lost daemon."""
    link, view = frame.link, frame.view
    age = _data_age(frame)
    drill = frame.answers.get("drill")
    if link.word == "lost" and isinstance(drill, wire.DrillView) and drill.drill is not None and drill.drill.is_over:
        return (Span(" ✔ the drill is over", "ok"),)
    if link.word == "lost":
        return (Span(" ✖ daemon lost, retrying", "fail"), *((Span(" · ", "faint"), *age) if age else ()))
    if link.word in ("refused", "foreign"):
        return (Span(" ✖ ", "fail"), span(link.message, "warn"))
    if link.word == "connecting" and view is None:
        return (Span(" ◌ waiting for the daemon", "quiet"),)
    query = (Span(f"query {view.query_ms:.0f} ms", "dim"),) if view is not None else ()
    eased = (span(frame.terminal_words, "warn"),) if frame.terminal_words else ()
    return (Span(" ", "text"), *separated((age, (Span("✔ ", "ok"), Span("daemon", "dim")), query, eased)))


def _data_age(frame: Frame) -> Line:
    view = frame.view
    if view is None:
        return (Span(f"data {numbers.ticking_age(frame.since_s)} old", "text"),) if frame.sources is not None else ()
    ink = "warn" if frame.link.word == "lost" else "text"
    has_records, newest = _newest(frame, view)
    if not has_records:
        return (Span("no data", "dim"),)
    if newest is None:  # the view does not know of single records: how old is it itself?
        return (Span("view ", "dim"), Span(numbers.ticking_age(frame.since_s), ink), Span(" old", "dim"))
    return (Span("data ", "dim"), Span(numbers.ticking_age(frame.age_s(newest)), ink), Span(" old", "dim"))


def _newest(frame: Frame, view: wire.View) -> tuple[bool, datetime | None]:
    """(are there records at all, the newest one that the view on the screen knows of)."""
    moments: list[datetime | None]
    if isinstance(view, wire.ServiceView):
        moments = [view.total.last_at]
    elif isinstance(view, wire.FleetView):
        moments = [row.last_at for row in view.services]
    elif isinstance(view, wire.VersionsView):
        moments = [each.last_at for each in view.versions]
    elif isinstance(view, wire.RequestsView) and view.order == "newest":
        moments = [each.at for each in view.rows[:1]]
    else:
        return True, None
    known = [moment for moment in moments if moment is not None]
    return bool(known), max(known, default=None)


def _hints(named: Sequence[Hint], room: int) -> Line:
    """As many as there is room for; keys that do not work now are in brackets."""
    spans: list[Span] = []
    taken = 1
    for each in named:
        key = f"({each.key})" if each.is_off else each.key
        cells = len(key) + len(each.label) + 3
        if taken + cells > room:
            break
        spans += [Span(f"{key} ", "dim" if each.is_off else "accent"), Span(f"{each.label}  ", "dim")]
        taken += cells
    return tuple(spans)

"""A drill as rows: what is coming, what went wrong, what is met, what was said, and who is here.

Always true here: what happened says when, by the drill's own time; a row that is cut is whole behind Enter; what
players are not to see is made of a ``DrillPlan`` alone.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import Span, span
from opsconsole.console.palette import Ink
from opsconsole.console.panels.document import Row, prose
from opsconsole.console.text import fit, safe
from opsconsole.page import counted

INJECT, EXPECTATION = "i ", "e "
"""How the keys of these rows begin: their id follows."""
MOST_ID, BY_CELLS = 14, 10
STATE_CELLS = 15
"""Of a sign and a word with their blanks: further lines of a row begin behind them."""
TITLE_CELLS = STATE_CELLS + 10 + BY_CELLS + 1
"""The same of a row of the score sheet, with its points and whose they are."""
WORLD = "world"
"""Who does something where somebody set it off."""
FAULTS: dict[wire.FaultWord, tuple[str, Ink]] = {
    "to come": ("◌", "accent"),
    "there": ("✖", "fail"),
    "over": ("✔", "ok"),
}


def _state(sign: str, word: str, ink: Ink) -> Span:
    return Span(f" {sign} {word:<{STATE_CELLS - 4}} ", ink)


def _name(name: str, cells: int) -> Span:
    return Span(f"{fit(safe(name), cells)} ", "strong")


def _cells(names: Iterator[str]) -> int:
    return min(MOST_ID, max(map(len, names), default=len(WORLD)))


# What is coming ---------------------------------------------------------------------------------------------------


def coming_rows(plan: wire.DrillPlan, frame: Frame) -> Iterator[Row]:
    """What people are told, and how the world answers what they do, in the scenario's order."""
    cells = _cells(each.id for each in plan.injects)
    for inject in plan.injects:
        yield _inject(inject, cells, frame, is_over=plan.now.is_over)
    for i, reaction in enumerate(plan.reactions):
        yield _reaction(i, reaction, cells, is_over=plan.now.is_over)


def _to_come(*, is_over: bool) -> Span:
    """Of what did not happen yet, or by the end."""
    return _state("·", "never", "dim") if is_over else _state("◌", "to come", "accent")


def _when(inject: wire.DrillInject) -> str:
    if inject.is_contingency:
        return f"if {inject.when}"
    return "by hand" if inject.when == "manual" else f"at {inject.when}"


def _inject(inject: wire.DrillInject, cells: int, frame: Frame, *, is_over: bool) -> Row:
    told = f"told {numbers.since_start(inject.told_t)}" if inject.told_t is not None else "told"
    state = _state("✔", told, "ok") if inject.is_told else _to_come(is_over=is_over)
    still = "never told" if is_over else f"not told yet: {frame.key('inject')} tells people now"
    said = f"{inject.sender}: {' '.join(inject.text.split())}"
    cost = (f"costs {inject.cost:g} points where it was needed",) if inject.cost else ()
    page = (
        f"{inject.id}  {_when(inject)}, by {inject.sender} ({inject.via})",
        told if inject.is_told else still,
        *cost,
        "",
        *inject.text.split("\n"),
    )
    line = (state, _name(inject.id, cells), span(f"{_when(inject)}  ", "dim"), span(said))
    return Row(f"{INJECT}{inject.id}", line, page=page, is_fault=not inject.is_told, hang=STATE_CELLS)


def _reaction(i: int, each: wire.DrillReaction, cells: int, *, is_over: bool) -> Row:
    state = _state("✔", "set off", "ok") if each.is_set_off else _to_come(is_over=is_over)
    does = [f"begins {', '.join(each.starts)}"] if each.starts else []
    does += [f"ends {', '.join(each.clears)}"] if each.clears else []
    does += [f"{each.by}: {' '.join(each.says.split())}"] if each.says else []
    page = (f"if {each.when}", "", *does)
    line = (state, _name(WORLD, cells), span(f"if {each.when}  ", "dim"), span("; ".join(does)))
    return Row(f"r {i}", line, page=page, is_fault=not each.is_set_off, hang=STATE_CELLS)


def fault_rows(plan: wire.DrillPlan) -> Iterator[Row]:
    cells = _cells(each.id for each in plan.faults)
    for each in plan.faults:
        sign, ink = FAULTS[each.word]
        since = f" {numbers.since_start(each.since_t)}" if each.since_t is not None else ""
        grown = f" {numbers.share(each.level)}" if 0 < each.level < 1 else ""
        state = _state(sign, f"{each.word}{grown or since}", ink)
        if each.word == "to come":
            state = _to_come(is_over=plan.now.is_over)
        begins = "by a reaction" if each.at == "never" else f"from {each.at}"
        until = f" until {each.until}" if each.until else ""
        decoy = (Span("a decoy  ", "warn"),) if each.is_decoy else ()
        page = (f"{each.id}  {each.word}{since}", f"{begins}{until}", "", *each.about.split("\n"))
        line = (state, _name(each.id, cells), span(f"{begins}{until}  ", "dim"), *decoy, span(each.about))
        yield Row(f"f {each.id}", line, page=page, is_fault=each.word == "there", hang=STATE_CELLS)


# What is met ------------------------------------------------------------------------------------------------------

MET: dict[wire.ExpectationWord, tuple[str, Ink]] = {
    "met": ("✔", "ok"), "late": ("▲", "warn"), "missed": ("✖", "fail"), "not judged": ("?", "accent"),
}  # fmt: skip


def sheet_rows(plan: wire.DrillPlan, score: wire.DrillScore) -> Iterator[Row]:
    """Every expectation with its points, what was lost, and what users were spared."""
    expected = {each.id: each for each in plan.expected}
    for each in score.expectations:
        yield _expectation(each, expected.get(each.id), is_over=plan.now.is_over)
    for i, lapse in enumerate(score.lapses):
        state = _state("✖", f"lost {numbers.since_start(lapse.t)}", "fail")
        line = (state, _points(f"-{lapse.points:g}"), _by(lapse.by), span(lapse.title))
        what = (span(f"  {lapse.what}", "dim"),)
        yield Row(f"l {i}", line, page=(lapse.title, "", lapse.what), is_fault=True, hang=TITLE_CELLS, beside=what)
    yield from _kept(score)


def _kept(score: wire.DrillScore) -> Iterator[Row]:
    """What was kept from users, and how often people were told."""
    harm, cadence = score.harm, score.cadence
    saved = numbers.MISSING if harm.saved is None else numbers.share(harm.saved)
    told = f"harm kept from users: {saved}"
    bad = Span(f"  {harm.bad:,} bad answers, {harm.bad_twin:,} without faults", "dim")
    line = (_state("·", "harm", "dim"), _points(f"{harm.earned:g}/{harm.points:g}"), _by(""), span(told))
    yield Row("harm", line, hang=TITLE_CELLS, beside=(bad,))
    if cadence is not None:
        told = f"told every {numbers.minutes(cadence.every_s)}: {cadence.kept} of {cadence.due} times"
        line = (_state("·", "cadence", "dim"), _points(f"{cadence.earned:g}/{cadence.points:g}"), _by(""), span(told))
        yield Row("cadence", line, hang=TITLE_CELLS)


def _points(text: str) -> Span:
    return span(f"{text:>8}  ", "strong")


def _by(name: str) -> Span:
    return Span(f"{fit(safe(name), BY_CELLS)} ", "dim")


def _expectation(each: wire.ExpectationScore, how: wire.DrillExpected | None, *, is_over: bool) -> Row:
    sign, ink = MET[each.word]
    is_judged = how is not None and how.is_judged
    if each.word == "missed":
        state = _state("✖", "missed", "fail") if is_over else _state("◌", "not yet", "dim")
    elif each.word == "not judged":
        state = _state(sign, "not judged" if is_over else "to judge", ink)
    elif how is not None and how.quality is not None:
        state = _state(sign, f"judged {how.quality:g}", ink)
    else:
        state = _state(sign, f"{each.word} {numbers.since_start(each.t or 0.0)}", ink)
    due, after = _due(how)
    page = (
        each.title,
        "",
        f"{each.id}  {each.earned:g} of {each.points:g} points" + "".join(f", {part}" for part in (due, after) if part),
        "judged by the facilitator, from 0 to 1" if is_judged else f"met by {how.match}" if how is not None else "",
        *((f"{numbers.since_start(each.t)} {each.by}: {each.what}",) if each.t is not None else ()),
    )
    is_met = each.word in ("met", "late")
    line = (
        state,
        _points(f"{each.earned:g}/{each.points:g}"),
        _by(each.by if is_met else due),
        span(each.title),
    )
    beside = () if is_met else (span(f"  {after}", "dim"),)
    return Row(f"{EXPECTATION}{each.id}", line, page=page, is_fault=not is_met, hang=TITLE_CELLS, beside=beside)


def _due(how: wire.DrillExpected | None) -> tuple[str, str]:
    """Until when it is in time, and what has to be met before it."""
    if how is None:
        return "", ""
    if not how.after:
        return f"by +{how.within}" if how.within else "", ""
    return f"within {how.within}" if how.within else "", f"after {how.after}"


# What everybody sees ----------------------------------------------------------------------------------------------


def said_rows(now: wire.DrillNow) -> Iterator[Row]:
    """Newest first; Enter shows one whole."""
    for i, each in reversed(list(enumerate(now.messages))):
        head = f"{numbers.since_start(each.t)} "
        page = (f"{head}{each.sender} ({each.via})", "", *each.text.split("\n"))
        line = (Span(f" {head}", "dim"), span(f"{each.sender} ", "head"), span(" ".join(each.text.split())))
        yield Row(f"m {i}", line, page=page, hang=7)


def hint_rows(now: wire.DrillNow, frame: Frame) -> Iterator[Row]:
    """What may be asked for, and what was told already."""
    if now.hints and now.hint_cost is not None:
        takes = f"{frame.key('hint')} takes the next one, for {now.hint_cost:g} points"
        may = f"{counted(now.hints, 'hint')} may be asked for: {takes}"
        yield Row("hint", (Span(" ◌ ", "accent"), span(may)))
    for i, each in enumerate(now.hinted):
        yield from prose(f"hinted {i}", f"✔ -{each.cost:g}  {' '.join(each.text.split())}")


def here_rows(here: tuple[wire.Presence, ...], observers: Container[str] = ()) -> Iterator[Row]:
    """Everyone who is attached; who of them may do nothing is said."""
    for each in sorted(here, key=lambda each: each.user):
        at = f"{each.view} {each.service}".strip()
        armed = (span(f"  {each.armed}", "alert"),) if each.armed else ()
        looks = (Span("  looks on", "dim"),) if each.user in observers else ()
        line = (span(f" {each.user:<12} ", "strong"), span(f"{at:<30}"), span(f" {each.origin}", "dim"), *looks, *armed)
        yield Row(f"w {each.console}", line)

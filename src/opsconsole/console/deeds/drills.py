"""What can be done in a drill: its facilitator directs and judges it, its players ask for help.

Always true here: the daemon says who may, and is asked as the command line asks it; what is injected or judged is the
row under the cursor, named before anything is asked; nothing ends a drill but the word that was typed for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

from opsconsole import wire
from opsconsole.console.deeds.base import Deed, Done
from opsconsole.console.feed import Client
from opsconsole.console.forms import Field, Form
from opsconsole.console.frame import Frame, State
from opsconsole.console.grammar.verbs import under_cursor
from opsconsole.console.panels.drill_words import EXPECTATION, INJECT
from opsconsole.errors import UsageError

ANYBODY: frozenset[wire.Role] = frozenset(get_args(wire.Role))
"""Who may do what is the drill's to say: it knows no roles but its own."""
PACES: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
END = "end"
"""What has to be typed to end it."""
NO_DRILL = "there is no drill here: opsconsole drill run starts one"


def _view(frame: Frame) -> wire.DrillView | None:
    return frame.answer(wire.DrillView)


def _now(frame: Frame) -> wire.DrillNow:
    """Raises UsageError where there is none."""
    view = _view(frame)
    if view is None or view.drill is None:
        raise UsageError(NO_DRILL)
    return view.drill


def _not_going_on(frame: Frame) -> str:
    view = _view(frame)
    if view is None:
        return f"{frame.key('open_drill')} shows the drill, where there is one"
    if view.drill is None:
        return NO_DRILL
    if view.is_observer:
        return "an observer looks on, and does nothing"
    return f"the drill is over: opsconsole drill report {view.drill.run}" if view.drill.is_over else ""


def _not_mine(state: State, frame: Frame) -> str:
    """Of what only a facilitator does."""
    if reason := _not_going_on(frame):
        return reason
    view = _view(frame)
    if view is None or view.drill is None or view.is_facilitator:
        return ""
    names = ", ".join(view.drill.facilitators)
    return f"the facilitator's: {names}" if names else "the facilitator's, and nobody leads this drill"


def _not_mine_in_a_team(state: State, frame: Frame) -> str:
    """Whoever plays alone may do this as well, and others where the scenario lets them."""
    return _not_going_on(frame) or ("" if _is_players("pause", _view(frame)) else _not_mine(state, frame))


def _not_mine_unless_alone(state: State, frame: Frame) -> str:
    """Whoever plays alone may do this as well."""
    return _not_going_on(frame) or ("" if _is_players("speed", _view(frame)) else _not_mine(state, frame))


# What the cursor is on --------------------------------------------------------------------------------------------


def _named(state: State, frame: Frame, begins: str) -> str:
    """The id of the row under the cursor, if it is one of these."""
    item = under_cursor(state, frame)
    return item.key.removeprefix(begins) if item is not None and item.key.startswith(begins) else ""


def inject_here(state: State, frame: Frame) -> wire.DrillInject | None:
    view, name = _view(frame), _named(state, frame, INJECT)
    injects = view.plan.injects if view is not None and view.plan is not None else ()
    return next((each for each in injects if each.id == name), None)


def judged_here(state: State, frame: Frame) -> wire.DrillExpected | None:
    view, name = _view(frame), _named(state, frame, EXPECTATION)
    expected = view.plan.expected if view is not None and view.plan is not None else ()
    return next((each for each in expected if each.id == name and each.is_judged), None)


def _why_not_inject(state: State, frame: Frame) -> str:
    if reason := _not_mine(state, frame):
        return reason
    inject = inject_here(state, frame)
    if inject is None:
        return "choose what is to be told first"
    says = f"{frame.key('say')} says it in your own words"
    return f"{inject.id} was told already: {says}" if inject.is_told else ""


def _begin_inject(state: State, frame: Frame) -> Form:
    inject = inject_here(state, frame)
    if inject is None:
        raise UsageError("choose what is to be told first")
    return Form("inject", f"tell {inject.id}", inject.id)


def _why_not_judge(state: State, frame: Frame) -> str:
    if reason := _not_mine(state, frame):
        return reason
    view = _view(frame)
    if view is None or view.plan is None or not any(each.is_judged for each in view.plan.expected):
        return "nothing in this drill is for a person to judge"
    return "" if judged_here(state, frame) is not None else "choose an expectation first that a person judges"


def _begin_judge(state: State, frame: Frame) -> Form:
    judged = judged_here(state, frame)
    if judged is None:
        raise UsageError("choose an expectation first that a person judges")
    before = f"{judged.quality:g}" if judged.quality is not None else ""
    fields = (Field("number", "how well, 0 to 1", before, is_number=True, is_needed=True, check=number_of),)
    return Form("judge", f"judge {judged.id}", judged.id, fields)


# Its course -------------------------------------------------------------------------------------------------------


def _begin_pause(state: State, frame: Frame) -> Form:
    word = "resume" if _now(frame).is_paused else "pause"
    return Form("pause", f"{word} the drill", "", carried=(("word", word),))


def _begin_speed(state: State, frame: Frame) -> Form:
    now = _now(frame).speed
    faster = next((each for each in PACES if each > now), PACES[0])
    choices = tuple(f"{each:g}" for each in PACES)
    field = Field("number", "seconds of it in one", f"{faster:g}", choices, is_number=True)
    return Form("speed", f"from {now:g}x", "", (field,))


def _begin_say(state: State, frame: Frame) -> Form:
    return Form("say", "to everybody", "", (Field("text", "say", is_needed=True),))


def _begin_note(state: State, frame: Frame) -> Form:
    return Form("drill_note", "not for players", "", (Field("text", "note", is_needed=True),))


def _begin_end(state: State, frame: Frame) -> Form:
    run = _now(frame).run
    return Form("end_drill", f"end {run} for everybody", run, (Field("sure", f"type {END}", must_be=END),))


def number_of(text: str) -> float:
    """Raises UsageError."""
    try:
        return float(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no number") from error


async def _command(client: Client, word: wire.DrillWord, text: str = "", number: float = 0.0) -> wire.DrillNow:
    request = wire.DrillCommand(word=word, text=text, number=number)
    return await client.do("drill/command", request, wire.DrillNow)


async def _inject(client: Client, form: Form) -> Done:
    await _command(client, "inject", form.of)
    return Done(f"{form.of}: people were told")


async def _judge(client: Client, form: Form) -> Done:
    number = number_of(form.said("number"))
    await _command(client, "judge", form.of, number)
    return Done(f"{form.of}: {number:g} of 1")


async def _pause(client: Client, form: Form) -> Done:
    now = await _command(client, "resume" if form.said("word") == "resume" else "pause")
    return Done("its time stands still" if now.is_paused else "its time goes on")


async def _speed(client: Client, form: Form) -> Done:
    now = await _command(client, "speed", number=number_of(form.said("number")))
    return Done(f"at {now.speed:g}x" + (", once it is resumed" if now.is_paused else ""))


async def _say(client: Client, form: Form) -> Done:
    await _command(client, "say", form.said("text"))
    return Done("everybody was told")


async def _note(client: Client, form: Form) -> Done:
    await _command(client, "note", form.said("text"))
    return Done("written down; players do not see it")


async def _end(client: Client, form: Form) -> Done:
    await _command(client, "end")
    return Done(f"the drill is over: opsconsole drill report {form.of}")


# Help -------------------------------------------------------------------------------------------------------------


def _why_not_hint(state: State, frame: Frame) -> str:
    if reason := _not_going_on(frame):
        return reason
    view = _view(frame)
    if view is not None and view.is_facilitator:
        return "the players'"
    return "" if _now(frame).hints else "there is no hint now"


def _begin_hint(state: State, frame: Frame) -> Form:
    cost = _now(frame).hint_cost or 0.0
    return Form("hint", f"a hint, for {cost:g} points", "", (Field("sure", "take it", "yes", ("yes", "no")),))


async def _hint(client: Client, form: Form) -> Done:
    if form.said("sure") != "yes":
        return Done("no hint was taken")
    hint = await client.do("drill/hint", wire.HintRequest(), wire.DrillHint)
    return Done(f"{hint.text} (-{hint.cost:g})")


def label(name: str, usual: str, state: State, frame: Frame) -> str:
    """What the last line calls a deed of a drill: what this person never does, or not to this row, it does not name."""
    view = _view(frame)
    if view is None or view.drill is None or view.drill.is_over or view.is_observer:
        return ""
    if name == "hint":
        return "" if view.is_facilitator else usual
    is_mine = view.is_facilitator or _is_players(name, view)
    is_of_this_row = name not in OF_A_ROW or OF_A_ROW[name](state, frame) is not None
    if not is_mine or not is_of_this_row:
        return ""
    return "resume" if name == "pause" and view.drill.is_paused else usual


PLAYERS: dict[str, Callable[[wire.DrillNow], bool]] = {
    "pause": lambda drill: drill.players_stop,
    "end_drill": lambda drill: drill.players_stop,
    "speed": lambda drill: drill.players_stop and not drill.facilitators,
}
"""What whoever plays may do as well → in which drills: alone, or where the scenario lets them."""


def _is_players(name: str, view: wire.DrillView | None) -> bool:
    return view is not None and view.drill is not None and name in PLAYERS and PLAYERS[name](view.drill)


OF_A_ROW: dict[str, Callable[[State, Frame], object]] = {"inject": inject_here, "judge": judged_here}
"""What is done to the row under the cursor → that row, if it is one of these."""
DEEDS: dict[str, Deed] = {
    "inject": Deed(_why_not_inject, _begin_inject, _inject, ANYBODY),
    "pause": Deed(_not_mine_in_a_team, _begin_pause, _pause, ANYBODY),
    "speed": Deed(_not_mine_unless_alone, _begin_speed, _speed, ANYBODY),
    "judge": Deed(_why_not_judge, _begin_judge, _judge, ANYBODY),
    "say": Deed(_not_mine, _begin_say, _say, ANYBODY),
    "drill_note": Deed(_not_mine, _begin_note, _note, ANYBODY),
    "hint": Deed(_why_not_hint, _begin_hint, _hint, ANYBODY),
    "end_drill": Deed(_not_mine_in_a_team, _begin_end, _end, ANYBODY),
}

"""What the person can do, as data: every key of the console has its one home here.

Always true here: a key means one thing in a context (``keymap.bind`` refuses a clash); no key is a control code that
terminals, flow control, tmux or screen take for themselves; no function keys, no Alt, no mouse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from opsconsole.console.frame import Frame, State
from opsconsole.console.views.catalog import VIEWS

RESERVED = frozenset({"ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m", "ctrl+s", "ctrl+q", "ctrl+a", "ctrl+b"})
"""Aliases of Backspace, Tab and Enter; flow control; the prefixes of screen and tmux."""

IN_THE_PAST = "in the past: {freeze} returns to now"
IN_THE_PAST_UNTIMED = "in the past: :now returns"


@dataclass(frozen=True)
class Action:
    """Something a key does."""

    id: str
    """What ``console.keys`` in the configuration and the command line call it."""
    keys: tuple[str, ...]
    """Printable characters as themselves, others by Textual's name."""
    label: str
    """In the status line; empty where it would only take room."""
    help: str
    needs: frozenset[str]
    """Traits that a context must have."""
    unless: frozenset[str] = frozenset()
    """Traits of which it must have none."""
    needs_now: bool = False
    """It acts on the present: off while the console's clock stands in the past."""
    is_order: bool = False
    """It asks the daemon for a plan of an act: off where the console may not act, or there is nothing to act on."""
    is_deed: bool = False
    """It does something to an alert, an incident or a checklist: off where that makes no sense, or is not allowed."""
    value: str = ""
    """What its verb is given beside the key: the view that is opened, the choice that is gone through."""

    def fits(self, traits: frozenset[str]) -> bool:
        return self.needs <= traits and not self.unless & traits


Verb: TypeAlias = Callable[[State, str, Frame, Action], State]
"""(state, the key that was pressed, what is on the screen, the action) → the next state."""


def _needs(*traits: str) -> frozenset[str]:
    return frozenset(traits)


VIEW, LIST, TIMED, PANELS = _needs("view"), _needs("view", "list"), _needs("view", "timed"), _needs("view", "panels")
FLEET = _needs("view:fleet")
ACTS = _needs("view", "acts")

VIEW_KEYS: dict[str, str] = {
    "versions": "v",
    "requests": "r",
    "drift": "d",
    "cost": "$",
    "saturation": "S",
    "explain": "x",
    "timeline": "T",
    "sources": "s",
    "release": "V",
    "alerts": "A",
    "incidents": "I",
    "checklists": "C",
    "drill": "D",
}
"""View → the key that opens it."""

STEP_KEYS = frozenset("ynrsta")
"""Keys that work the steps of a run, there as in `opsconsole checklist run`, and so mean nothing else there."""

_OPENERS = tuple(
    Action(
        f"open_{spec.name}",
        (VIEW_KEYS[spec.name],),
        {"requests": "requests", "explain": "what changed?", "cost": "cost"}.get(spec.name, ""),
        f"{spec.title}: {spec.about}",
        VIEW,
        _needs(f"view:{spec.name}", *(("of:run",) if VIEW_KEYS[spec.name] in STEP_KEYS else ())),
        value=spec.name,
    )
    for spec in VIEWS
    if spec.name in VIEW_KEYS
)

_ORDERS = tuple(
    Action(name, (key,), label, told, needs, needs_now=True, is_order=True)
    for name, key, label, told, needs in (
        ("rollback", "b", "roll back", "roll back to the pinned version; a plan first", ACTS),
        ("promote", "p", "promote", "promote a version to all traffic; a plan first", ACTS),
        ("pace", "h", "hold", "hold the rollout, or let it go on; a plan first", ACTS),
        ("abort", "a", "abort", "abort the rollout: back to what was before; a plan first", ACTS),
        ("undo", "u", "", "undo the watched change, or the last from here; a plan first", _needs("view:release")),
    )
)

_DEEDS = tuple(
    Action(name, (key,), label, told, _needs("view", of), needs_now=True, is_deed=True)
    for name, key, label, told, of in (
        ("acknowledge", "a", "take it", "take the alert: nobody else is called for it", "of:alert"),
        ("silence", "m", "silence", "silence the alert for a while, with a reason; it is still listed", "of:alert"),
        ("unsilence", "u", "", "end a silence", "of:alert"),
        ("open_incident", "i", "incident", "make an incident of the alert, or go to the one that it is in", "of:alert"),
        ("new_incident", "i", "", "open an incident", "of:incident"),
        ("note", "n", "note", "write a note; a line with TODO: becomes a follow-up", "of:incident"),
        ("cause", "N", "cause", "note what the cause is: the incident is identified", "of:incident"),
        ("tell", "U", "tell people", "draft a message; it is shown whole before it is sent", "of:incident"),
        ("role", "O", "role", "take a role, hand it over, accept it, leave it", "of:incident"),
        ("resolve", "X", "resolve", "say that it is over; or open it again", "of:incident"),
        ("severity", "l", "", "set the severity", "of:incident"),
        ("milestone", "M", "", "set a milestone, correct it, take it back", "of:incident"),
        ("follow_up", "F", "", "add what is to be done afterwards", "of:incident"),
        ("finish_follow_up", "K", "", "a follow-up is done", "of:incident"),
        ("review", "W", "review", "write the review: Markdown, and one HTML file", "of:incident"),
        ("handover", "H", "handover", "the page for whoever takes over", "of:incident"),
        ("run_checklist", "c", "checklist", "run its checklist: what it has to know is asked for", "of:alert"),
        ("begin_checklist", "c", "checklist", "run a checklist for the incident", "of:incident"),
        ("start_checklist", "c", "run it", "run the checklist: what it has to know is asked for", "of:checklist"),
        ("inject", "i", "tell now", "tell people now what the cursor is on: the facilitator", "of:drill"),
        ("judge", "J", "judge", "say how well it was done, from 0 to 1: the facilitator", "of:drill"),
        ("say", "U", "say", "tell people something of your own: the facilitator", "of:drill"),
        ("drill_note", "n", "note", "write down what players do not see: the facilitator", "of:drill"),
        ("pause", "p", "pause", "let its time stand still, or go on", "of:drill"),
        ("speed", ">", "speed", "go faster or slower: the facilitator, or alone", "of:drill"),
        ("hint", "h", "hint", "take a hint, for points: players", "of:drill"),
        ("end_drill", "X", "end", "end the drill, and score it", "of:drill"),
        ("step_yes", "y", "yes", "the step: done, send it, approve it; of an action: a plan first", "of:run"),
        ("step_no", "n", "", "the step: it is not so; deny it", "of:run"),
        ("step_retry", "r", "", "the step once more", "of:run"),
        ("step_skip", "s", "", "skip the step, with a reason", "of:run"),
        ("step_note", "t", "", "take a note", "of:run"),
        ("step_abort", "a", "", "abort the run: what ran is undone, each step confirmed", "of:run"),
    )
)

_CHOICES = tuple(
    Action(
        f"choose_{choice.name}",
        (choice.key,),
        choice.name,
        choice.help,
        _needs(f"view:{spec.name}", f"choice:{choice.name}"),
        value=choice.name,
    )
    for spec in VIEWS
    for choice in spec.choices
)

ACTIONS: tuple[Action, ...] = (
    Action("enter", ("enter",), "open", "open what the cursor is on", LIST),
    Action(
        "back", ("escape", "backspace", "q"), "back", "back; Esc first takes back marks, crosshair, filter", VIEW, FLEET
    ),
    Action("help", ("?",), "help", "what works here: find it and run it", VIEW),
    Action("quit", ("q",), "quit", "leave; the daemon goes on", FLEET),
    Action("filter", ("/",), "filter", "only rows that these words leave", LIST),
    *_ORDERS,
    *_DEEDS,
    Action("arm", ("R",), "", "let this console act, by the environment's name; or lock it", VIEW),
    Action("window", ("t",), "window", "choose the time window", TIMED),
    *_CHOICES,
    Action("baseline", ("B",), "", "make the version under the cursor the baseline", _needs("view:versions")),
    *_OPENERS,
    Action("command", (":",), "", "the command line: any view, service, window or action by name", VIEW),
    Action("faults", ("!",), "faults", "faults only", LIST),
    Action("freeze", ("=",), "freeze", "stop the clock, start it again", TIMED),
    Action("step_back", (",",), "", "while it stands: one bucket back, on", TIMED),
    Action("step_on", (".",), "", "while it stands: one bucket back, on", TIMED),
    Action("leap_back", ("<",), "", "ten buckets back, on", TIMED),
    Action("leap_on", (">",), "", "ten buckets back, on", TIMED),
    Action("cross_left", ("left",), "", "move the crosshair that charts read out", TIMED),
    Action("cross_right", ("right",), "", "move the crosshair that charts read out", TIMED),
    Action("next_breach", ("e",), "", "the next, the previous breach; in the fleet: faulty service", VIEW),
    Action("last_breach", ("E",), "", "the next, the previous breach; in the fleet: faulty service", VIEW),
    Action("overview", ("0",), "all", "all panels", PANELS),
    Action("panel", tuple("123456789"), "", "this panel alone; again: all", PANELS),
    Action("zoom", ("z",), "", "the panel last looked at alone; again: all", PANELS),
    Action("next_panel", ("tab",), "", "the next, the previous panel", PANELS),
    Action("last_panel", ("shift+tab",), "", "the next, the previous panel", PANELS),
    Action("last_place", ("-",), "", "where you were last, and back again", VIEW),
    Action("history_back", ("[",), "", "back, forward through where you were", VIEW),
    Action("history_on", ("]",), "", "back, forward through where you were", VIEW),
    Action("clear", ("escape", "backspace"), "", "take back marks, filter, faults only", FLEET),
    Action("down", ("j", "down"), "", "next, previous", LIST),
    Action("up", ("k", "up"), "", "next, previous", LIST),
    Action("first", ("g", "home"), "", "first, last", LIST),
    Action("last", ("G", "end"), "", "first, last", LIST),
    Action("page_down", ("ctrl+d", "pagedown"), "", "ten further, ten back", LIST),
    Action("page_up", ("ctrl+u", "pageup"), "", "ten further, ten back", LIST),
    Action("jump", ("f",), "", "jump to a row by its letter", LIST),
    Action("mark", (" ",), "", "mark the row and go on; again: take it back", LIST),
    Action("mark_all", ("*",), "", "mark all rows that are shown; again: none", LIST),
    Action("copy", ("y",), "", "copy the name under the cursor, or of what is marked", VIEW, _needs("of:run")),
    Action("copy_command", ("Y",), "", "copy the command that prints this view", VIEW),
    Action("write", ("w",), "", "write this to a file: csv, json, txt, svg", VIEW),
    Action("repaint", ("ctrl+l",), "", "draw the whole screen again", VIEW),
    Action("leave", ("ctrl+c",), "", "leave from anywhere; the daemon goes on", frozenset()),
    Action("give_up", ("q", "escape"), "", "leave a terminal that is too small", _needs("small")),
    Action("keep_filter", ("enter",), "", "keep the filter", _needs("mode:filter")),
    Action("run_command", ("enter",), "", "run it", _needs("mode:command")),
    Action("complete", ("tab",), "", "complete the word", _needs("mode:command")),
    Action("earlier", ("up",), "", "commands from before", _needs("mode:command")),
    Action("later", ("down",), "", "commands from before", _needs("mode:command")),
    Action("run_listed", ("enter",), "", "run what the cursor is on", _needs("mode:help")),
    Action("help_down", ("down", "tab"), "", "next, previous", _needs("mode:help")),
    Action("help_up", ("up", "shift+tab"), "", "next, previous", _needs("mode:help")),
    Action("cancel_filter", ("escape",), "", "leave it as it was", _needs("mode:filter")),
    Action("cancel_command", ("escape",), "", "leave it", _needs("mode:command")),
    Action("cancel_help", ("escape",), "", "close the list", _needs("mode:help")),
    Action("cancel_jump", ("escape",), "", "do not jump", _needs("mode:jump")),
    *(
        Action(f"rub_out_{mode}", ("backspace",), "", "delete the last character", _needs(f"mode:{mode}"))
        for mode in ("filter", "command", "help", "form")
    ),
    Action("choose_window", tuple("123456"), "", "take this window", _needs("mode:window")),
    Action("wider", ("right", "down", "l", "j", "t"), "", "the next wider window", _needs("mode:window")),
    Action("narrower", ("left", "up", "h", "k"), "", "the next narrower window", _needs("mode:window")),
    Action("take_window", ("enter",), "", "take the marked window", _needs("mode:window")),
    Action("cancel_window", ("escape", "q", "backspace"), "", "leave the window as it was", _needs("mode:window")),
    Action("scroll_down", ("j", "down", " "), "", "further down, up", _needs("mode:text")),
    Action("scroll_up", ("k", "up"), "", "further down, up", _needs("mode:text")),
    Action("scroll_page_down", ("pagedown", "ctrl+d"), "", "a page further down, up", _needs("mode:text")),
    Action("scroll_page_up", ("pageup", "ctrl+u"), "", "a page further down, up", _needs("mode:text")),
    Action("copy_text", ("y",), "", "copy the text, its lines as they were", _needs("mode:text")),
    Action("plan_down", ("down",), "", "further down, up", _needs("mode:plan")),
    Action("plan_up", ("up",), "", "further down, up", _needs("mode:plan")),
    Action("plan_page_down", ("pagedown", "right"), "", "a page further down, up", _needs("mode:plan")),
    Action("plan_page_up", ("pageup", "left"), "", "a page further down, up", _needs("mode:plan")),
    Action("copy_plan", ("Y",), "", "copy the command that does the same", _needs("mode:plan")),
    Action("cancel_plan", ("escape",), "", "do nothing; so does any key but those of the text", _needs("mode:plan")),
    Action("outcome_down", ("j", "down", " "), "", "further down, up", _needs("mode:outcome")),
    Action("outcome_up", ("k", "up"), "", "further down, up", _needs("mode:outcome")),
    Action("outcome_page_down", ("pagedown", "ctrl+d"), "", "a page further down, up", _needs("mode:outcome")),
    Action("outcome_page_up", ("pageup", "ctrl+u"), "", "a page further down, up", _needs("mode:outcome")),
    Action("copy_undo", ("Y",), "", "copy the command that undoes it", _needs("mode:outcome")),
    Action("close_outcome", ("enter", "escape", "backspace", "q"), "", "to the release view", _needs("mode:outcome")),
    Action("cancel_arm", ("escape",), "", "do not arm; so does any key but those of the name", _needs("mode:arm")),
    Action(
        "form_next",
        ("enter",),
        "",
        "the next question; behind the last one it is done, once it was read",
        _needs("mode:form"),
    ),
    Action("form_after", ("down", "tab"), "", "the next, the previous choice, or question", _needs("mode:form")),
    Action("form_before", ("up",), "", "the next, the previous choice, or question", _needs("mode:form")),
    Action("form_edit", ("left", "right"), "", "go on with the number that stands there", _needs("mode:form")),
    Action("form_back", ("shift+tab",), "", "the question before, with what was answered", _needs("mode:form")),
    Action("cancel_form", ("escape",), "", "do nothing", _needs("mode:form")),
    Action("close_text", ("q", "escape", "backspace", "enter"), "", "close the page", _needs("mode:text")),
)

BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}

KEY_NAMES: dict[str, str] = {
    "enter": "Enter", "escape": "Esc", "backspace": "Bksp", "tab": "Tab", "shift+tab": "S-Tab", "down": "↓", "up": "↑",
    "left": "←", "right": "→", "home": "Home", "end": "End", "pagedown": "PgDn", "pageup": "PgUp", " ": "Space",
}  # fmt: skip


def written(keys: tuple[str, ...]) -> str:
    """Keys as a person reads them: ``j ↓``, ``1…5``."""
    if len(keys) > 2 and all(key.isdigit() for key in keys):
        return f"{keys[0]}…{keys[-1]}"
    return " ".join(KEY_NAMES.get(key, key.replace("ctrl+", "^")) for key in keys)

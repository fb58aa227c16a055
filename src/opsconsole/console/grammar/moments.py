"""What keys make of time: the window, the clock that stands, and the crosshair that charts read out.

Always true here: a clock that was stopped stands at the end of a bucket that is over, and never ahead of now; the
crosshair stays within the axis.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from opsconsole import wire
from opsconsole.console.frame import Frame, Refusal, State
from opsconsole.console.grammar.actions import Action, Verb

LEAP = 10
"""Buckets of a long step."""


def _open_window(state: State, key: str, frame: Frame, action: Action) -> State:
    return replace(state, mode="window", choice=list(wire.WINDOWS).index(state.window))


def _take_window(choice: int, state: State) -> State:
    return replace(state, mode="browse", window=list(wire.WINDOWS)[choice], crosshair=None)


def _shifted(by: int) -> Verb:
    return lambda state, key, frame, action: replace(state, choice=(state.choice + by) % len(wire.WINDOWS))


def _freeze(state: State, key: str, frame: Frame, action: Action) -> State:
    """Stop at the end of the newest bucket that is over; or go on."""
    if state.as_of is not None:
        return replace(state, as_of=None)
    view = frame.view
    if view is None:
        return replace(state, notice=Refusal("nothing to stop yet"))
    return replace(state, as_of=_whole(view, view.end))


def _whole(view: wire.View, at: datetime) -> datetime:
    """The end of the last bucket that was over at a moment."""
    step = timedelta(seconds=view.axis.step_s)
    return view.axis.start + step * ((at - view.axis.start) // step)


def _stepped(by: int) -> Verb:
    """Move the standing clock by buckets, at most up to now; before that, it is stopped."""

    def verb(state: State, key: str, frame: Frame, action: Action) -> State:
        view = frame.view
        if view is None:
            return state
        at = state.as_of or _whole(view, view.end)
        to = at + timedelta(seconds=view.axis.step_s) * by
        if to > view.now:
            return replace(state, as_of=None, notice="this is now")
        return replace(state, as_of=to)

    return verb


def _crossed(by: int) -> Verb:
    """Move the crosshair bucket by bucket, from the newest one that is over."""

    def verb(state: State, key: str, frame: Frame, action: Action) -> State:
        view = frame.view
        if view is None or not view.axis.buckets:
            return state
        step = timedelta(seconds=view.axis.step_s)
        newest = max(view.axis.start, _whole(view, view.end) - step)
        at = state.crosshair
        to = newest if at is None else at + step * by
        last = view.axis.start + step * (view.axis.buckets - 1)
        return replace(state, crosshair=max(view.axis.start, min(last, to)))

    return verb


VERBS: dict[str, Verb] = {
    "window": _open_window,
    "freeze": _freeze,
    "step_back": _stepped(-1),
    "step_on": _stepped(1),
    "leap_back": _stepped(-LEAP),
    "leap_on": _stepped(LEAP),
    "cross_left": _crossed(-1),
    "cross_right": _crossed(1),
    "choose_window": lambda state, key, frame, action: _take_window(int(key) - 1, state),
    "wider": _shifted(1),
    "narrower": _shifted(-1),
    "take_window": lambda state, key, frame, action: _take_window(state.choice, state),
}
"""Action → what it makes of the state."""

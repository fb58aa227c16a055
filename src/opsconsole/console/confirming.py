"""The last step before an act: a text that has to be typed, by a hand, and by nothing else.

A pure state machine: a frozen state, and functions of the state, a key and the moment at which it was pressed.

Always true here: Enter confirms nothing, nor does the key that opened the prompt. What is not surely meant ends in
``cancelled``, and nothing is done: another key, a paste, a plan that expired, keys faster than a hand, any key after
the text was complete. Of two or more keys that follow each other within ``HAND_S``, no sequence whatsoever confirms.
Once it is over, no key changes anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Literal, TypeAlias

DEAF_S = 0.4
"""Keys so soon after the prompt was opened were meant for what was on the screen before it."""
MORE_DEAF_S = 0.2
"""Each such key makes it deaf for at least so much longer, so that keys in flight do not run into it …"""
LONGEST_DEAF_S = 3.0
"""… and when they go on for so long, it is cancelled."""

HAND_S = 0.06
"""Time between two keys that a hand needs: the same key sooner is the keyboard's own repetition, and a text whose keys
came faster than this on the average was not typed."""
BURST_KEYS, BURST_S = 3, 0.08
"""So many characters within so much time are a paste, or keys meant for another window."""
QUIET_S = 0.12
"""Time without any key after which a complete text counts: a burst that begins with it does nothing."""

LEAST_NAME = 3
"""Texts of so many characters are names: a slip in them can be mended with Backspace."""
MOST_SLIPS = 3
"""Wrong characters in a row that are slips; one more is something else."""

Word: TypeAlias = Literal["open", "confirmed", "cancelled"]


@dataclass(frozen=True)
class Confirming:
    """A prompt, and all that was done to it. Moments are seconds of one monotonic clock."""

    token: str
    """What has to be typed; where it is empty, nothing confirms."""
    opener: str
    """The key that opened it."""
    opened_s: float
    expires_s: float
    deaf_until_s: float
    scrolls: frozenset[str] = frozenset()
    """Keys that only move or copy what is shown, as long as they are not what has to be typed next."""
    word: Word = "open"
    why: str = ""
    """Why it was cancelled."""
    typed: str = ""
    complete_s: float | None = None
    """When the last character of the whole text was typed."""
    last_key: str = ""
    last_s: float = float("-inf")
    characters_s: tuple[float, ...] = ()
    """When the newest characters came, those that were ignored as well."""
    first_s: float = float("-inf")
    """When the first character that counts came …"""
    n_keys: int = 0
    """… and how many keys since, itself included."""

    @property
    def is_open(self) -> bool:
        return self.word == "open"

    @property
    def is_name(self) -> bool:
        return len(self.token) >= LEAST_NAME

    @property
    def can_be_typed(self) -> bool:
        """Is there a text at all, has it characters that keyboards have, and others than the opener?"""
        return bool(self.token) and self.token.isprintable() and set(self.token) != {self.opener}

    @property
    def is_right_so_far(self) -> bool:
        return self.token.startswith(self.typed)

    @property
    def due_s(self) -> float:
        """When ``waited`` has something to say."""
        return self.expires_s if self.complete_s is None else min(self.expires_s, self.complete_s + QUIET_S)

    def is_deaf(self, at_s: float) -> bool:
        return at_s < self.deaf_until_s

    def is_scroll(self, key: str) -> bool:
        """Does the key only move or copy what is shown? A character does not once the text has begun."""
        is_text = len(key) == 1 and (bool(self.typed) or self.token.startswith(key))
        return key in self.scrolls and not is_text


def opened(token: str, opener: str, at_s: float, expires_s: float, scrolls: frozenset[str] = frozenset()) -> Confirming:
    """A prompt that has just appeared."""
    return Confirming(token, opener, at_s, expires_s, at_s + DEAF_S, scrolls)


def pressed(state: Confirming, key: str, at_s: float) -> Confirming:
    """After a key: a character as itself, any other by its name."""
    if not state.is_open:
        return state
    if at_s >= state.expires_s:
        return _expired(state)
    is_repeat = key == state.last_key and at_s - state.last_s < HAND_S
    is_first = at_s - state.last_s > HAND_S
    state = replace(state, last_key=key, last_s=at_s, n_keys=state.n_keys + 1)
    if state.complete_s is not None:
        return cancelled(state, "another key followed the text")
    if len(key) == 1 and not is_repeat:
        recent = tuple(each for each in state.characters_s if at_s - each <= BURST_S)
        state = replace(state, characters_s=(*recent, at_s))
        if len(state.characters_s) >= BURST_KEYS:
            return cancelled(state, "that was faster than a hand: pasted, or meant for another window")
    if state.is_deaf(at_s):
        return _ignored(state, at_s)
    if is_repeat or state.is_scroll(key):
        return state
    if key == "backspace" and state.is_name and state.typed:
        return replace(state, typed=state.typed[:-1])
    if len(key) != 1:
        return cancelled(state, NAMED.get(key, "another key"))
    if not state.typed:
        if not is_first:
            return cancelled(state, "that was faster than a hand: pasted, or meant for another window")
        state = replace(state, first_s=at_s, n_keys=1)
    return _typed(replace(state, typed=state.typed + key), at_s)


CANCELLED = "cancelled"
"""By a key that means it."""
NAMED: dict[str, str] = {
    "escape": CANCELLED,
    "enter": "Enter confirms nothing",
    "ctrl+c": CANCELLED,
    "backspace": CANCELLED,
}
"""Key → why it cancels."""


def _ignored(state: Confirming, at_s: float) -> Confirming:
    deaf_until_s = max(state.deaf_until_s, at_s + MORE_DEAF_S)
    if deaf_until_s > state.opened_s + LONGEST_DEAF_S:
        return cancelled(state, "keys kept coming")
    return replace(state, deaf_until_s=deaf_until_s)


def _typed(state: Confirming, at_s: float) -> Confirming:
    """With one more character."""
    if state.typed == state.token and state.can_be_typed:
        gaps = state.n_keys - 1
        if gaps and (at_s - state.first_s) / gaps <= HAND_S:
            return cancelled(state, "that was faster than a hand: pasted, or meant for another window")
        return replace(state, complete_s=at_s)
    right = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(state.typed, state.token, strict=False)))
    slips = len(state.typed) - right
    if slips > (MOST_SLIPS if state.is_name else 0):
        return cancelled(state, "another text" if state.is_name else "another key")
    return state


def waited(state: Confirming, at_s: float) -> Confirming:
    """After some time without a key."""
    if not state.is_open:
        return state
    if at_s >= state.expires_s:
        return _expired(state)
    if state.complete_s is not None and at_s >= state.complete_s + QUIET_S:
        return replace(state, word="confirmed")
    return state


def _expired(state: Confirming) -> Confirming:
    return cancelled(state, "it expired")


def cancelled(state: Confirming, why: str) -> Confirming:
    """After something else happened: a paste, the screen is gone."""
    return replace(state, word="cancelled", why=why) if state.is_open else state

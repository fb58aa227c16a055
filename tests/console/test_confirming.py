"""What a prompt takes for a person's yes, key by key on a virtual clock."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.console.confirming import (
    DEAF_S,
    HAND_S,
    LEAST_NAME,
    LONGEST_DEAF_S,
    QUIET_S,
    Confirming,
    cancelled,
    opened,
    pressed,
    waited,
)

SCROLLS = frozenset({"up", "down", "pageup", "pagedown", "left", "right", "Y"})
EXPIRES_S = 120.0
TOKENS = ("y", "ba", "chat-assist", "aa", "b")
KEYS = (*"abchyYts-iz ", "enter", "escape", "backspace", "up", "down", "tab", "ctrl+c", "pagedown")
Key = tuple[str, float]
"""A key and the seconds since the one before."""


def prompt(token: str, opener: str = "p") -> Confirming:
    return opened(token, opener, 0.0, EXPIRES_S, SCROLLS)


def played(state: Confirming, keys: Sequence[Key], begin_s: float = 0.0) -> Confirming:
    """Keys one after the other, time being looked at whenever something is due; and then a long silence."""
    at_s = begin_s
    for key, gap_s in keys:
        at_s += gap_s
        while state.is_open and state.complete_s is not None and state.due_s < at_s:
            state = waited(state, state.due_s)
        state = pressed(state, key, at_s)
    return waited(state, min(at_s + 10.0, state.expires_s - 1e-9))


def typed(text: str, gap_s: float = 0.12) -> list[Key]:
    return [(character, gap_s) for character in text]


@pytest.mark.parametrize("token", ["y", "ba", "chat-assist", "p-service"])
@pytest.mark.parametrize("gap_s", [0.062, 0.12, 0.4])
def test_a_text_typed_by_a_hand_confirms(token: str, gap_s: float) -> None:
    state = played(prompt(token), typed(token, gap_s), begin_s=0.5)
    assert state.word == ("cancelled" if gap_s < 0.04 else "confirmed")
    assert state.typed == token


def test_nothing_counts_before_the_quiet_time_is_over() -> None:
    state = pressed(prompt("y"), "y", 1.0)
    assert waited(state, 1.0 + QUIET_S - 0.001).is_open
    assert waited(state, 1.0 + QUIET_S).word == "confirmed"


@pytest.mark.parametrize("key", ["y", "enter", "a", "up", "backspace", "escape"])
def test_any_key_after_the_text_cancels(key: str) -> None:
    state = played(prompt("y"), [("y", 1.0), (key, QUIET_S - 0.01)])
    assert state.word == "cancelled"
    assert "another key" in state.why


@pytest.mark.parametrize("key", ["enter", "escape", "q", "p", "tab", "ctrl+c", "n", "backspace"])
def test_any_other_key_cancels(key: str) -> None:
    for token in ("y", "ba"):
        assert played(prompt(token), [(key, 1.0)]).word == "cancelled"


@pytest.mark.parametrize("key", ["enter", "escape", "tab", "ctrl+c", "backspace"])
def test_keys_that_are_no_text_cancel_a_name_as_well(key: str) -> None:
    assert played(prompt("chat-assist"), [(key, 1.0)]).word == "cancelled"


@pytest.mark.parametrize("key", ["enter", "p"])
def test_what_opened_it_confirms_nothing_however_long_it_is_held(key: str) -> None:
    for first_s in (0.03, 0.3, 0.5):
        held = [(key, first_s), *[(key, 0.033)] * 300]
        assert played(prompt("y", key), held).word != "confirmed"
        assert played(prompt(key * 2 if len(key) == 1 else "y", key), held).word != "confirmed"


def test_a_text_of_the_opener_alone_cannot_be_typed() -> None:
    assert not prompt("b", "b").can_be_typed
    assert not prompt("", "b").can_be_typed
    assert not prompt("a\x1bb", "b").can_be_typed
    assert played(prompt("b", "b"), [("b", 1.0)]).word != "confirmed"
    assert played(prompt("", "b"), [("b", 1.0)]).word != "confirmed"


def test_keys_in_the_dead_time_are_ignored_and_make_it_longer() -> None:
    state = pressed(prompt("y"), "y", DEAF_S - 0.05)
    assert state.typed == ""
    assert state.is_deaf(DEAF_S + 0.1)
    assert pressed(state, "y", DEAF_S + 0.1).typed == ""
    assert pressed(state, "y", DEAF_S + 0.3).typed == "y"


def test_keys_that_keep_coming_cancel_instead_of_running_into_it() -> None:
    keys = [("x" if i % 2 else "z", 0.15) for i in range(30)]
    state = played(prompt("y"), keys)
    assert state.word == "cancelled"
    assert state.why == "keys kept coming"
    assert state.last_s < LONGEST_DEAF_S


def test_a_slip_in_a_name_is_mended_and_a_row_of_them_is_no_slip() -> None:
    mended = [*typed("chst"), ("backspace", 0.2), ("backspace", 0.2), *typed("at-assist")]
    assert played(prompt("chat-assist"), mended, 1.0).word == "confirmed"
    assert not played(prompt("chat-assist"), typed("chxyz"), 1.0).is_right_so_far
    assert played(prompt("chat-assist"), typed("chwxyz"), 1.0).word == "cancelled"
    assert played(prompt("chat-assist"), typed("chat-assistx"), 1.0).word == "cancelled"


def test_three_characters_at_once_are_no_hand() -> None:
    state = played(prompt("chat-assist"), typed("chat-assist", 0.01), 1.0)
    assert (state.word, state.typed) == ("cancelled", "ch")
    assert "faster than a hand" in state.why


def test_arrows_scroll_and_cancel_nothing() -> None:
    state = played(prompt("y"), [("down", 1.0), ("down", 0.03), ("up", 0.2), ("Y", 0.3)])
    assert state.is_open
    assert played(state, [("y", 1.0)], 2.0).word == "confirmed"


def test_a_text_in_the_wake_of_other_keys_is_no_hand() -> None:
    for before in ("down", "Y"):
        state = played(prompt("y"), [(before, 1.0), ("y", 0.04)])
        assert (state.word, state.typed) == ("cancelled", "")


def test_a_key_that_copies_is_text_where_it_can_be() -> None:
    assert prompt("chat").is_scroll("Y")
    assert not prompt("Yolo").is_scroll("Y")
    assert not pressed(prompt("chat"), "c", 1.0).is_scroll("Y")


def test_an_expired_plan_confirms_nothing() -> None:
    late = EXPIRES_S - QUIET_S / 2
    assert waited(pressed(prompt("y"), "y", late), EXPIRES_S).word == "cancelled"
    assert pressed(prompt("y"), "y", EXPIRES_S + 1).why == "it expired"


def test_once_over_nothing_changes_it() -> None:
    over = cancelled(prompt("y"), "pasted text confirms nothing")
    assert pressed(over, "y", 1.0) is over
    assert waited(over, 2.0) is over
    confirmed = played(prompt("y"), [("y", 1.0)])
    assert cancelled(confirmed, "late") is confirmed


gaps = st.floats(0.0, HAND_S - 1e-6)
bursts = st.lists(st.tuples(st.sampled_from(KEYS), gaps), min_size=2, max_size=40)


@given(bursts, st.sampled_from(TOKENS), st.sampled_from(["p", "b", "enter", "a"]), st.floats(0.0, 5.0))
def test_no_burst_of_two_keys_or_more_ever_confirms(burst: list[Key], token: str, opener: str, begin_s: float) -> None:
    assert played(prompt(token, opener), burst, begin_s).word != "confirmed"


@given(st.sampled_from(TOKENS[:3]), st.lists(gaps, min_size=12, max_size=12), st.floats(0.0, 5.0))
def test_the_very_text_pasted_key_by_key_never_confirms(token: str, pauses: list[float], begin_s: float) -> None:
    if len(token) > 1:
        burst = list(zip(token, pauses, strict=False))
        assert played(prompt(token), burst, begin_s).word != "confirmed"


def random_burst(chance: random.Random, token: str, opener: str) -> list[Key]:
    """As they come from a cat, a paste, a held key, or a text that was meant for another window."""
    length = chance.randint(3, 40)
    kind = chance.choice(("any", "any", "letters", "held", "held opener", "text", "text and more", "more and text"))
    letters = tuple(token) or KEYS
    keys = {
        "any": [chance.choice(KEYS) for _ in range(length)],
        "letters": [chance.choice(letters) for _ in range(length)],
        "held": ["enter"] * length,
        "held opener": [opener] * length,
        "text": list(token) if len(token) > 1 else list(token) * length,
        "text and more": [*token, *(chance.choice(KEYS) for _ in range(length))],
        "more and text": [*(chance.choice(KEYS) for _ in range(length)), *token],
    }[kind]
    return [(key, chance.uniform(0.0, HAND_S)) for key in keys]


def test_ten_thousand_bursts_confirm_nothing() -> None:
    chance = random.Random(20_261_123)
    confirmed = 0
    for _ in range(10_000):
        token, opener = chance.choice(TOKENS), chance.choice(("p", "b", "h", "a", "enter"))
        begin_s = chance.choice((0.0, 0.0, chance.uniform(0.0, 1.0), chance.uniform(1.0, 60.0)))
        state = played(prompt(token, opener), random_burst(chance, token, opener), begin_s)
        confirmed += state.word == "confirmed"
    assert confirmed == 0


def test_a_thousand_people_confirm_once_each() -> None:
    chance = random.Random(7)
    for _ in range(1_000):
        token = chance.choice(TOKENS[:3])
        keys = [(character, max(0.065, chance.gauss(0.16, 0.05))) for character in token]
        state = played(prompt(token), keys, begin_s=chance.uniform(0.45, 30.0))
        assert state.word == "confirmed", (token, keys, state)
        assert len(token) >= LEAST_NAME or state.typed == token

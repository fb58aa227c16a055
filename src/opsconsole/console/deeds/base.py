"""What a deed is: why it may not be done now, what it asks for, and what it has the daemon do.

Always true here: a deed is about what stands under the cursor or is open, named by its id before anything is asked; the
daemon judges it again, and what it answers is said in words.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from opsconsole import wire
from opsconsole.console.feed import Client
from opsconsole.console.forms import Form
from opsconsole.console.frame import Frame, State
from opsconsole.console.grammar.verbs import under_cursor
from opsconsole.console.place import Place
from opsconsole.errors import UsageError

MAY_ACT: frozenset[wire.Role] = frozenset({"operator", "admin"})


@dataclass(frozen=True)
class Done:
    """What came of a deed."""

    told: str
    place: Place | None = None
    """Where to go, if whoever did it is still where they were."""
    form: Form | None = None
    """What is asked next."""
    page: tuple[str, ...] = ()
    """A text to read."""


Why: TypeAlias = Callable[[State, Frame], str]
Begin: TypeAlias = Callable[[State, Frame], Form]
Send: TypeAlias = Callable[[Client, Form], Awaitable[Done]]


@dataclass(frozen=True)
class Deed:
    """One thing that can be done."""

    why_not: Why
    """Why it makes no sense here and now; empty when it does."""
    begin: Begin
    """The form to fill in; one without fields is sent at once."""
    send: Send
    roles: frozenset[wire.Role] = MAY_ACT
    """Any of which it takes."""
    asks: bool = False
    """It does nothing yet: it only looks something up, and mostly asks on."""


def may_not(permission: wire.Permission | None, roles: frozenset[wire.Role] = MAY_ACT) -> str:
    """Why this person may only look. Read-only consoles may: what they must not touch is a release."""
    if permission is None or roles & set(permission.roles):
        return ""
    return f"{permission.actor} may look and not act: the role operator is missing"


def never(state: State, frame: Frame) -> str:
    """Nothing speaks against it, …"""
    return ""


def only_asked(state: State, frame: Frame) -> Form:
    """… and no key begins it: it follows from another deed."""
    raise UsageError("this follows from something else")


def subject(state: State, frame: Frame) -> str:
    """Id of what is open, or of what is under the cursor."""
    if key := state.place.choice("key"):
        return key
    item = under_cursor(state, frame)
    return item.key if item is not None else ""

"""What has to be typed before anything is done: more for what could hurt more, and never the key that asked for it.

Always true here: the daemon decides what is to be typed and checks that it was, whichever door the request came by.
"""

from __future__ import annotations

from opsconsole.wire import FORWARD, Act, Risk

OPENERS: dict[Act, str] = {
    "promote": "p", "start": "p", "advance": "p", "set": "p", "rollback": "b", "abort": "a", "hold": "h", "resume": "h",
}  # fmt: skip
"""The key of the console that asks for it: what is typed does not begin with it, so a held key confirms nothing."""

YES = "y"


def confirm_with(service: str, act: Act, risk: Risk) -> str:
    """``y``, two letters of the service's name, or the whole name."""
    if risk == "high":
        return service
    if risk == "low" or act in ("hold", "resume"):
        return YES
    return service if act in FORWARD else short_token(service, OPENERS[act])


def short_token(service: str, opener: str) -> str:
    """Two different letters of the name: the first ones of its words where it has several, and not the opener first.

    A name without two such letters is to be typed whole.
    """
    words = [word for word in "".join(each if each.isalnum() else " " for each in service.lower()).split() if word]
    letters = [word[0] for word in words] + [letter for word in words for letter in word[1:]]
    candidates = [letter for letter in letters if letter.isascii()]
    first = next((letter for letter in candidates if letter != opener), "")
    second = next((letter for letter in candidates if letter not in (first, opener)), "")
    return first + second if first and second else service

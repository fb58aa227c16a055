"""Services by what a person types of their names.

Always true here: a service may be shortened as long as it is the only one; where no service is known yet, any name is
taken as it is.
"""

from __future__ import annotations

from opsconsole.console.frame import Frame
from opsconsole.errors import UsageError


def services(frame: Frame) -> list[str]:
    """Those that the console knows of."""
    return [row.service for row in frame.fleet.services] if frame.fleet is not None else []


def matching_services(word: str, frame: Frame) -> list[str]:
    """The service of that name, else those that begin with it."""
    known = services(frame)
    return [word] if word in known else [name for name in known if name.startswith(word)]


def named_service(word: str, frame: Frame) -> str:
    """The one service that a word means. Raises UsageError where it means none or several."""
    found = matching_services(word, frame)
    if len(found) == 1 or word in found:
        return found[0]
    if not found and not services(frame):
        return word
    known = ", ".join((found or services(frame))[:6])
    raise UsageError(f"{word!r} is {'more than one service' if found else 'no service'}", f"There are: {known}.")

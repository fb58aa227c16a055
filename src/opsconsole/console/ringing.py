"""What this console does when somebody is to be told: a bell, a desktop notification, the terminal's title.

Always true here: each ring is done once, and none that came too late; a terminal gets safe text alone, and no sequence
that it would print. The bell is a plain BEL, which tmux hears itself; the notification is OSC 9, handed through tmux or
screen; the title is OSC 2, which inside tmux names the pane.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from opsconsole import wire
from opsconsole.console.clipboard import WITHOUT_OSC, wrapped
from opsconsole.console.text import safe

MOST_CHARACTERS = 120


class Ringing:
    """The rings of one console."""

    def __init__(self, write: Callable[[str], None], environ: Mapping[str, str]) -> None:
        self._write, self._environ = write, environ
        self._last = 0

    def hear(self, rings: Iterable[wire.Ring], now: datetime) -> tuple[str, ...]:
        """Do what is new of these, as one sequence; the words of those that are said on the screen as well."""
        new = [ring for ring in rings if ring.number > self._last]
        if not new:
            return ()
        self._last = max(ring.number for ring in new)
        in_time = [ring for ring in new if ring.until > now]
        if sequence := "".join(map(self._sequence, in_time)):
            self._write(sequence)
        return tuple(ring.words for ring in in_time if ring.is_said)

    def _sequence(self, ring: wire.Ring) -> str:
        bell = "\x07" if ring.has_bell else ""
        if self._environ.get("TERM", "") in WITHOUT_OSC:
            return bell
        words = safe(ring.words, MOST_CHARACTERS)
        notification = wrapped(f"\x1b]9;{words}\x07", self._environ)
        return f"{bell}{notification}\x1b]2;{words}\x07"

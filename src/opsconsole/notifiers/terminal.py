"""The terminals of those who are attached: a bell, a desktop notification, the title.

Always true here: what goes to a terminal is one line of safe text; consoles put it into the sequences of their own
terminal. Nobody is told where nobody is attached.
"""

from __future__ import annotations

from opsconsole.notifiers import words
from opsconsole.notifiers.base import Kind, Message, Notifier, Options, Site, Unreachable
from opsconsole.wire import NoticeSeverity

MOST_WORDS = 120


class TerminalOptions(Options, frozen=True, kw_only=True):
    """What consoles do."""

    bell: tuple[NoticeSeverity, ...] = ("page",)
    """Severities that ring the bell, while they fire or are escalated."""


class Terminal:
    """Tells every console that is attached."""

    where = "terminal of every attached console"

    def __init__(self, options: TerminalOptions, site: Site) -> None:
        self._options, self._site = options, site

    def send(self, message: Message) -> str:
        notice = message.notice
        has_bell = notice.severity in self._options.bell and notice.kind in ("firing", "escalated", "test")
        shown = words.clipped(words.headline(notice, self._site.environment), MOST_WORDS)
        consoles = self._site.ring(shown, has_bell)
        if not consoles:
            raise Unreachable("no console is attached", "It is told when one is.")
        return f"shown on {consoles} console{'s' if consoles > 1 else ''}"

    def close(self) -> None:
        """Nothing is held open."""


def _make(options: TerminalOptions, site: Site) -> Notifier:
    return Terminal(options, site)


KIND = Kind(
    name="terminal",
    about="Every console that is attached: a bell, a desktop notification (OSC 9) and the terminal's title.",
    options=TerminalOptions,
    make=_make,
    tested_against="a console without a screen: the sequences that it writes; no desktop was watched",
    hazards=(
        "It is told within five seconds, and to nobody while nobody is attached.",
        "Whether a terminal shows a notification or rings is up to the terminal, and to tmux between it and the"
        " console (`allow-passthrough`).",
    ),
    example="""\
kind: terminal
options: {bell: [page]}
""",
)

"""Views without a terminal: the same painters, as plain text.

Always true here: what is printed is what the console shows at that size, in one ink.
"""

from __future__ import annotations

from datetime import datetime

from opsconsole import wire
from opsconsole.console.frame import Frame, Link, State
from opsconsole.console.grammar.keymap import Keymap
from opsconsole.console.lines import plain
from opsconsole.console.place import Place
from opsconsole.console.views.catalog import BY_NAME


def page(place: Place, answer: wire.Answer, window: str, as_of: datetime | None, columns: int, rows: int) -> str:
    """The view as lines of text, without the console's own first and last line."""
    state = State(place=place, window=window, as_of=as_of)
    frame = Frame(
        state=state,
        link=Link("ok"),
        environment=answer.environment if isinstance(answer, wire.View) else "",
        answers={place.view: answer},
        keys=Keymap().names,
    )
    lines = [plain(each).rstrip() for each in BY_NAME[place.view].paint(frame, columns, rows)]
    while lines and not lines[-1]:
        lines.pop()
    return "".join(f"{each}\n" for each in lines)

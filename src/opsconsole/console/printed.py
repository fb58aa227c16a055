"""Views without a terminal: the same painters, as plain text.

Always true here: what is printed is what the console shows at that size, in one ink; what the console asks the daemon
for a place is asked here too.
"""

from __future__ import annotations

from datetime import datetime

from opsconsole import wire
from opsconsole.console.frame import Frame, Link, State
from opsconsole.console.lines import plain
from opsconsole.console.place import Place
from opsconsole.console.views.catalog import BY_NAME
from opsconsole.errors import UsageError


def parameters(place: Place, window: str, as_of: datetime | None) -> dict[str, str]:
    """What the daemon is asked about a place, as its API names it.

    Raises UsageError where the view needs a service and the place has none, or the other way round.
    """
    spec = BY_NAME[place.view]
    if spec.scope == "service" and not place.service:
        raise UsageError(f"{place.view} is of one service", f"Name it: opsconsole show {place.view} SERVICE.")
    if spec.scope == "fleet" and place.service:
        raise UsageError(f"{place.view} is of all services", f"Leave {place.service!r} out.")
    asked = dict(spec.asks(place))
    if spec.is_timed:
        asked["window"] = window
        if as_of is not None:
            asked["as_of"] = as_of.isoformat()
    if spec.scope != "fleet":
        asked["service"] = place.service
    return dict(sorted(asked.items()))


def page(place: Place, answer: wire.Answer, window: str, as_of: datetime | None, columns: int, rows: int) -> str:
    """The view as lines of text, without the console's own first and last line."""
    state = State(place=place, window=window, as_of=as_of)
    frame = Frame(
        state=state,
        link=Link("ok"),
        environment=answer.environment if isinstance(answer, wire.View) else "",
        answers={place.view: answer},
    )
    lines = [plain(each).rstrip() for each in BY_NAME[place.view].paint(frame, columns, rows)]
    while lines and not lines[-1]:
        lines.pop()
    return "".join(f"{each}\n" for each in lines)

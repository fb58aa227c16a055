"""The releases of one service: what is deployed, a rollout and its analysis, what a change did, and what was done.

Always true here: a target that differs from what the console believes, or cannot be read, is said in the first lines;
the panels give way to each other in a fixed order, and each says in its title what it would show.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import (
    EMPTY,
    Line,
    Span,
    beside,
    block,
    ends,
    fill,
    is_wide,
    line_width,
    separated,
    span,
    whole,
)
from opsconsole.console.listing import Listing
from opsconsole.console.palette import Ink
from opsconsole.console.panels import canary, history, made_of, releases, watch
from opsconsole.console.panels.versions import UNNAMED
from opsconsole.console.states import TARGET_PHASES

VERSIONS, ROLLOUT, ANALYSIS, WATCH, HISTORY, MADE_OF = range(1, 7)
TITLES: tuple[str, ...] = ("versions", "rollout", "analysis", "watch", "history", "made of")
LIST_PANELS = frozenset({0, VERSIONS, HISTORY})
"""Of all of it, the history has the cursor."""


@dataclass(frozen=True)
class Part:
    """One panel."""

    digit: int
    summary: Callable[[wire.ReleaseView, int], Line]
    """What its title says: a panel of one row still answers."""
    body: Callable[[wire.ReleaseView, Frame, int, int], list[Line]]
    """Of columns and rows: at most so many."""
    wanted: Callable[[wire.ReleaseView, int], int]
    """Rows that it would fill, its title left out, at that width."""


def _versions(view: wire.ReleaseView, frame: Frame, width: int, height: int) -> list[Line]:
    return releases.versions(view, frame, width, height, has_cursor=frame.state.panel == VERSIONS)


def _cut(lines: Callable[[wire.ReleaseView, int], list[Line]]) -> Callable[..., list[Line]]:
    return lambda view, frame, width, height: lines(view, width)[:height]


def _counted(lines: Callable[[wire.ReleaseView, int], list[Line]]) -> Callable[[wire.ReleaseView, int], int]:
    return lambda view, width: len(lines(view, width))


PARTS: dict[int, Part] = {
    part.digit: part
    for part in (
        Part(
            VERSIONS,
            lambda view, width: separated(_shares(view)),
            _versions,
            lambda view, width: 1 + max(1, len(view.deployments)),
        ),
        Part(ROLLOUT, releases.rollout_title, _cut(releases.rollout), _counted(releases.rollout)),
        Part(
            ANALYSIS,
            canary.title,
            lambda view, frame, width, height: canary.body(view, width, height),
            _counted(canary.lines),
        ),
        Part(WATCH, watch.title, _cut(watch.lines), _counted(watch.lines)),
        Part(
            HISTORY,
            history.title,
            history.lines,
            lambda view, width: 1 + max(1, len(view.history)),
        ),
        Part(MADE_OF, made_of.title, made_of.lines, made_of.wanted),
    )
}

STACK: tuple[tuple[int, int], ...] = (
    (VERSIONS, 4),
    (ROLLOUT, 3),
    (ANALYSIS, 3),
    (WATCH, 4),
    (HISTORY, 4),
    (MADE_OF, 1),
)
"""Panel and the rows that it has before others have more, under each other."""
LEFT: tuple[tuple[int, int], ...] = ((VERSIONS, 5), (ROLLOUT, 3), (ANALYSIS, 7), (WATCH, 5))
RIGHT: tuple[tuple[int, int], ...] = ((HISTORY, 8), (MADE_OF, 5))
GROWING: tuple[int, ...] = (VERSIONS, WATCH, ANALYSIS, ROLLOUT, HISTORY, MADE_OF)
"""Who gets what it wants first, of the rows that are left over …"""
GIVING: tuple[int, ...] = (MADE_OF, ANALYSIS, HISTORY, WATCH, ROLLOUT, VERSIONS)
"""… and who is left its title alone first, where there are too few."""


def _shares(view: wire.ReleaseView) -> list[Line]:
    return [
        (span(f"{each.version or UNNAMED} ", "strong"), Span(numbers.share(each.share), "text"))
        for each in view.deployments
        if each.share
    ]


def listing(frame: Frame) -> Listing | None:
    """The versions where they are alone on the screen, else the history."""
    return releases.listing(frame) if frame.state.panel == VERSIONS else history.listing(frame)


def paint(frame: Frame, width: int, height: int) -> list[Line]:
    view = frame.release
    if view is None:
        return block(
            [EMPTY, (Span("   waiting for the releases of ", "dim"), span(frame.state.service))], width, height
        )
    head = _head(view, width)
    room = height - len(head)
    part = PARTS.get(frame.state.panel)
    if part is not None:
        return block([*head, *_drawn(part, view, frame, width, room)], width, height)
    if is_wide(width, height):
        left = (width - 2) * 11 // 20
        right = width - 2 - left
        columns = beside(
            _stacked(LEFT, view, frame, left, room), _stacked(RIGHT, view, frame, right, room), (Span("  ", "text"),)
        )
        return [*head, *columns]
    return block([*head, *_stacked(STACK, view, frame, width, room)], width, height)


def _stacked(
    places: Sequence[tuple[int, int]], view: wire.ReleaseView, frame: Frame, width: int, height: int
) -> list[Line]:
    """Panels under each other: each its least rows, then what they want in the order of ``GROWING``."""
    wants = {digit: 1 + PARTS[digit].wanted(view, width) for digit, _ in places}
    rows = {digit: min(least, wants[digit]) for digit, least in places}
    spare = height - sum(rows.values())
    for digit in GROWING if spare > 0 else GIVING:
        if digit in rows:
            more = max(1 - rows[digit], min(spare, wants[digit] - rows[digit])) if spare else 0
            rows[digit] += more
            spare -= more
    drawn: list[Line] = []
    for digit, _ in places:
        drawn += _drawn(PARTS[digit], view, frame, width, rows[digit])
    return block(drawn, width, height)


def _drawn(part: Part, view: wire.ReleaseView, frame: Frame, width: int, height: int) -> list[Line]:
    """Title line and body."""
    left = (Span(f" {part.digit} ", "accent"), Span(f"{TITLES[part.digit - 1]}  ", "strong"))
    told = part.summary(view, width - line_width(left) - 4)
    head = ends((*left, *told, Span(" ", "text")), (Span("──", "faint"),), width, "─", "faint")
    return block([head, *part.body(view, frame, width, height - 1)], width, height) if height > 0 else []


# Above the panels -------------------------------------------------------------------------------------------------


def _head(view: wire.ReleaseView, width: int) -> list[Line]:
    """Whose target, and what is wrong with it; then what freezes or was approved."""
    rows: list[Line] = []
    if view.out_of_band:
        rows += alarm(f"▲ out of band: {view.out_of_band}", width, "alert")
    if view.trouble:
        rows += alarm(f"✖ the target cannot be read: {view.trouble}", width, "fail")
    rows += _target(view, width)
    for freeze in view.freezes:
        until = f" until {freeze.until:%m-%d %H:%M}" if freeze.until is not None else ""
        rows.append((Span(" ▲ ", "warn"), span(f"frozen{until} by {freeze.by}: {freeze.reason}", "warn")))
    for approval in view.approvals:
        told = f"approved by {approval.by} until {approval.expires_at:%H:%M}: {approval.told}"
        rows.append((Span(" ✔ ", "ok"), span(told)))
    return block(rows, width, len(rows))


def alarm(text: str, width: int, ink: Ink) -> list[Line]:
    """In one ink from end to end, on two lines at the most."""
    rows = whole(text, width - 2, ink, limit=2 * width - 8)[:2]
    return [fill((Span(" ", ink), *row), width, ink) for row in rows]


def _target(view: wire.ReleaseView, width: int) -> list[Line]:
    if not view.target:
        told = "no target: the configuration names none for this service, so nothing is changed from here"
        return [(Span(" ", "text"), span(view.service, "strong"), Span(f"  {told}", "dim"))]
    phase = (TARGET_PHASES[view.state.phase].span,) if view.state is not None else ()
    left = separated(((Span(" ", "text"), span(view.service, "strong")), span(view.target), phase), "  ")
    pinned = (Span("● pinned ", "accent"), span(view.pinned, "strong"), Span(" ", "text")) if view.pinned else ()
    rows = [ends(left, pinned, width)]
    if view.caps is not None:
        scope = "metadata: what serves may differ" if view.caps.scope == "metadata" else ""
        tested = (Span("tested against ", "dim"), span(view.caps.tested_against, "dim"))
        rows.append((Span("   ", "text"), *separated((tested, Span(scope, "warn")))))
    return rows

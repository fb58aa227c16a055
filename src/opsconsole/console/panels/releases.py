"""What is deployed and how a rollout stands: the panels of the release view that everybody reads first.

Always true here: the share that the target says and the share of the records that arrive stand side by side, and where
they are surely not the same, that is marked with a sign; what cannot be read is a dash.
"""

from __future__ import annotations

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import Line, Span, fitting, line, separated, span
from opsconsole.console.listing import Item, Listing
from opsconsole.console.panels.shares import differs
from opsconsole.console.panels.versions import UNNAMED
from opsconsole.console.states import ROLES, ROLLOUT_PHASES
from opsconsole.console.widgets import table
from opsconsole.console.widgets.listed import list_body
from opsconsole.console.widgets.table import Cell, Column

COLUMNS: tuple[Column, ...] = (
    Column("role", "role", 10),
    Column("version", "version", 12, grow=1),
    Column("share", "target", 6, is_right=True),
    Column("observed", "arriving", 9, is_right=True),
    Column("since", "since", 11),
    Column("by", "by", 9, grow=1),
    Column("n", "n", 5, is_right=True),
)


def listing(frame: Frame) -> Listing | None:
    view = frame.release
    if view is None:
        return None
    n = records(view)
    return frame.listings.of(
        ("release", "versions"),
        view,
        lambda: Listing("versions", "version", tuple(_item(each, n) for each in view.deployments)),
    )


def _item(each: wire.Deployment, n: int) -> Item:
    return Item(
        each.version,
        {
            "version": each.version,
            "role": each.role,
            "share": each.share,
            "observed_share": each.observed_share,
            "since": each.since.isoformat() if each.since is not None else None,
            "by": each.by,
            "n": each.n,
        },
        differs(each.share, each.observed_share, n),
    )


def records(view: wire.ReleaseView) -> int:
    """Records behind the observed shares."""
    return sum(each.n for each in view.deployments)


def versions(view: wire.ReleaseView, frame: Frame, width: int, height: int, *, has_cursor: bool) -> list[Line]:
    """A row a version; where they have no cursor, as many as there is room for."""
    n = records(view)
    by_version = {each.version: each for each in view.deployments}
    items = frame.shown(listing(frame)) if has_cursor else (listing(frame) or Listing("", "", ())).items
    columns = table.visible(COLUMNS, width)
    if not has_cursor and items:
        rows = [table.row(columns, _cells(by_version[each.key], view, n), width) for each in items]
        return [table.header(columns, width), *rows][:height]
    return list_body(
        frame,
        items,
        columns,
        lambda i: _cells(by_version[items[i].key], view, n),
        width,
        height,
        nothing="no version is known yet",
        has_cursor=has_cursor,
    )


def _cells(each: wire.Deployment, view: wire.ReleaseView, n: int) -> dict[str, Cell]:
    is_apart = differs(each.share, each.observed_share, n)
    pinned = (Span(" ●", "accent"),) if each.version == view.pinned and each.role != "pinned" else ()
    observed = numbers.MISSING if each.observed_share is None else numbers.share(each.observed_share)
    return {
        "role": ROLES[each.role].span,
        "version": (span(each.version or UNNAMED, "strong"), *pinned),
        "share": numbers.MISSING if each.share is None else numbers.share(each.share),
        "observed": Span(f"▲ {observed}" if is_apart else observed, "warn" if is_apart else "text"),
        "since": numbers.MISSING if each.since is None else f"{each.since:%m-%d %H:%M}",
        "by": span(each.by),
        "n": numbers.count(each.n),
    }


# Rollout ----------------------------------------------------------------------------------------------------------


def rollout_title(view: wire.ReleaseView, width: int) -> Line:
    rollout = view.rollout
    if rollout is None:
        return (Span("none under way", "dim"),)
    parts: list[Line] = [
        (ROLLOUT_PHASES[rollout.phase].span,),
        (span(rollout.version, "strong"), Span(" against ", "dim"), span(rollout.baseline, "text")),
        line(f"step {rollout.step + 1} of {len(rollout.steps)}"),
        (Span("since ", "dim"), Span(f"{rollout.step_since:%H:%M}", "text")),
        (Span("by ", "dim"), span(rollout.started_by)),
    ]
    return fitting(parts, width)


def rollout(view: wire.ReleaseView, width: int) -> list[Line]:
    """The steps: done, now and to come; and what the next one waits for."""
    rollout = view.rollout
    if rollout is None:
        return []
    steps: list[Line] = []
    for i, share in enumerate(rollout.steps):
        sign, ink = ("✔", "ok") if i < rollout.step else ("●", "accent") if i == rollout.step else ("◌", "dim")
        steps.append((Span(f"{sign} ", ink), Span(numbers.share(share), "strong" if i == rollout.step else "text")))
    rows: list[Line] = [(Span("   ", "text"), *separated(steps, " ─ "))]
    if rollout.waiting_for:
        is_open = rollout.phase in ("running", "held")
        rows.append((Span("   waits for " if is_open else "   because ", "dim"), span(rollout.waiting_for)))
    return rows

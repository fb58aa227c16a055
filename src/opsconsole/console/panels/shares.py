"""Shares of the traffic, and how versions do, as the panels and pages of releases write them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.lines import Line, Span, separated, span, whole
from opsconsole.console.palette import Ink
from opsconsole.console.panels.versions import UNNAMED
from opsconsole.console.widgets.table import Cell, Column

LEAST_APART = 0.02
"""Shares nearer to each other than this are alike whatever their number."""
DEVIATIONS = 3.0
"""Standard deviations of a binomial share that chance may explain."""


def shares_line(shares: Mapping[str, float]) -> Line:
    """``v41 90% · v42 10%``, the largest first."""
    if not shares:
        return (Span("not known", "dim"),)
    ordered = sorted(shares.items(), key=lambda each: (-each[1], each[0]))
    return separated(
        (span(f"{name or UNNAMED} ", "strong"), Span(numbers.share(share), "text")) for name, share in ordered
    )


def routing_line(routing: wire.Routing) -> Line:
    """The shares, and what is routed beside them."""
    headers = tuple(span(f"{header} → {version}") for header, version in routing.headers.items())
    shadow = tuple(span(f"shadow {version} {numbers.share(share)}") for version, share in routing.shadow.items())
    return separated((shares_line(routing.shares), *headers, *shadow))


def differs(share: float | None, observed: float | None, n: int) -> bool:
    """Is a share of the records that arrived surely another one than that of the target?

    ``n``: records behind it. The bounds are ``DEVIATIONS`` of a binomial share around the target's, ``LEAST_APART`` at
    the least.
    """
    if share is None or observed is None or not n:
        return False
    chance = DEVIATIONS * math.sqrt(share * (1 - share) / n)
    return abs(share - observed) > max(LEAST_APART, chance)


EVIDENCE_COLUMNS: tuple[Column, ...] = (
    Column("version", "version", 14, grow=1),
    Column("share", "arriving", 8, is_right=True),
    Column("n", "n", 5, is_right=True),
    Column("errors", "errors", 6, is_right=True),
    Column("p99", "p99", 5, is_right=True),
    Column("cost", "$/req", 8, is_right=True),
)
"""How one version does now."""


def evidence_cells(each: wire.VersionEvidence) -> dict[str, Cell]:
    return {
        "version": span(each.version or UNNAMED, "strong"),
        "share": numbers.MISSING if each.share is None else numbers.share(each.share),
        "n": numbers.count(each.n),
        "errors": numbers.percent(each.error_rate),
        "p99": numbers.duration(each.p99_ms),
        "cost": numbers.money(each.usd_per_request),
    }


LABEL_CELLS = 13


def labelled(label: str, told: Line) -> Line:
    """A fact with its name before it; without a name it continues the one above."""
    return (Span(f"   {label:<{LABEL_CELLS - 3}}", "head"), *told)


def told(label: str, text: str, width: int, ink: Ink = "text") -> list[Line]:
    """A text with its name before it, all of it, on as many lines as it takes."""
    return [labelled("" if i else label, row) for i, row in enumerate(whole(text, width - LABEL_CELLS - 1, ink))]

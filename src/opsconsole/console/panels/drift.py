"""The drift panel: every column against the baseline, worst first, with what the verdict rests on."""

from __future__ import annotations

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import EMPTY, Line, Span, block, line, separated, span, wrapped
from opsconsole.console.listing import Item, Listing, cursor
from opsconsole.console.palette import Ink
from opsconsole.console.states import VERDICTS
from opsconsole.console.widgets import table
from opsconsole.console.widgets.listed import list_body
from opsconsole.console.widgets.table import Column
from opsconsole.search import Value

DIGIT = 3
WORDS_FROM = 100
"""Cells from which the verdict is a word as well as its sign; the title line explains the signs."""

COLUMNS: tuple[Column, ...] = (
    Column("sign", "", 1, below_width=WORDS_FROM),
    Column("verdict", "verdict", 9, from_width=WORDS_FROM),
    Column("feature", "feature", 18, grow=2),
    Column("version", "version", 8, grow=1),
    Column("effect", "effect", 6, is_right=True),
    Column("n", "n", 5, is_right=True),
    Column("phi", "φ", 4, is_right=True),
    Column("baseline_n", "base n", 6, is_right=True, from_width=WORDS_FROM),
    Column("p", "p adj", 6, is_right=True, from_width=WORDS_FROM),
    Column("why", "why", 20, grow=4),
)

FULL_EFFECT = 0.83
"""The largest effect there is: square root of the natural logarithm of two."""

DETAIL_ROWS = 4
"""Below the list, for the finding under the cursor."""


def summary(frame: Frame) -> Line:
    """The verdicts counted, and what everything is compared with."""
    if frame.service is None:
        return ()
    drift = frame.service.drift
    if not drift.findings:
        return (Span("nothing judged: ", "text"), Span(why_nothing(drift), "dim"))
    against: Line = (Span("against ", "dim"), span(drift.baseline.label)) if drift.baseline.kind != "none" else ()
    return separated([counted(drift), against])


def counted(drift: wire.Drift) -> Line:
    """How many findings have each verdict."""
    counts = {word: sum(1 for each in drift.findings if each.verdict == word) for word in VERDICTS}
    return separated(
        Span(f"{VERDICTS[word].sign} {n} {VERDICTS[word].word}", VERDICTS[word].ink) for word, n in counts.items() if n
    )


def why_nothing(drift: wire.Drift) -> str:
    """Why there is no finding."""
    if drift.baseline.kind != "none":
        return "no column to compare"
    return "no baseline was set, none could be chosen"


def measured(frame: Frame) -> str:
    """How many values the largest finding rests on."""
    findings = frame.service.drift.findings if frame.service else ()
    return f"n {numbers.count(max((each.n for each in findings), default=0))}"


def length(frame: Frame) -> int:
    return len(frame.service.drift.findings) if frame.service else 0


def listing(frame: Frame) -> Listing | None:
    """The findings, worst first."""
    view = frame.service
    if view is None:
        return None
    make = lambda: Listing("findings", "feature", tuple(map(item, view.drift.findings)))  # noqa: E731
    return frame.listings.of(("service", "drift"), view, make)


def item(finding: wire.DriftFinding) -> Item:
    values: dict[str, Value] = {
        "feature": finding.feature,
        "version": finding.version,
        "verdict": finding.verdict,
        "effect": finding.effect,
        "p_value": finding.p_value,
        "n": finding.n,
        "n_baseline": finding.n_baseline,
        "phi": finding.phi,
        "null_rate": finding.null_rate,
        "unseen_rate": finding.unseen_rate,
        "why": "; ".join(finding.reasons),
    }
    return Item(f"{finding.feature}@{finding.version}", values, finding.verdict == "drift")


def body(frame: Frame, width: int, height: int) -> list[Line]:
    """The ranked table; alone on the screen with a cursor, and all about the finding under it."""
    if frame.service is None:
        return block((), width, height)
    drift = frame.service.drift
    if not drift.findings:
        return block((), width, height)
    if frame.state.panel == DIGIT:
        return _alone(frame, drift, width, height)
    columns = table.visible(COLUMNS, width)
    rows = [table.row(columns, cells(finding), width) for finding in drift.findings]
    room = height - 1
    if len(rows) > room > 1:
        hidden = len(rows) - room + 1
        rows = [*rows[: room - 1], line(Span(f"   … {hidden} more, less drifted: {DIGIT} shows all", "dim"))]
    elif len(rows) + 3 <= room:
        rows += [EMPTY, *_rule(drift, width)]
    return block([table.header(columns, width), *rows], width, height)


def _alone(frame: Frame, drift: wire.Drift, width: int, height: int) -> list[Line]:
    columns = table.visible(COLUMNS, width)
    items = frame.shown(listing(frame))
    by_key = {item(each).key: each for each in drift.findings}
    listed = list_body(
        frame,
        items,
        columns,
        lambda i: cells(by_key[items[i].key]),
        width,
        height - DETAIL_ROWS,
        nothing=frame.nothing_matches,
    )
    if not items:
        return block(listed, width, height)
    found = by_key[items[cursor(items, frame.state.place.cursor)].key]
    detail = [EMPTY, *_indented(_told(found), width, "text")[: DETAIL_ROWS - 1]]
    spare = height - len(listed) - len(detail)
    rule = [EMPTY, *_rule(drift, width)]
    return block([*listed, *detail, *(rule if len(rule) <= spare else ())], width, height)


def _told(finding: wire.DriftFinding) -> str:
    """The finding in words, with every number it rests on."""
    numbered = (
        f"effect {numbers.effect(finding.effect)}",
        f"p adjusted {numbers.MISSING if finding.p_value is None else _p(finding.p_value)}",
        f"n {numbers.count(finding.n)} against {numbers.count(finding.n_baseline)}",
        f"φ {_phi(finding)}",
        *finding.reasons,
    )
    version = f" on {finding.version}" if finding.version else ""
    return f"{finding.feature}{version}, {VERDICTS[finding.verdict].word}: {' · '.join(numbered)}"


def _rule(drift: wire.Drift, width: int) -> list[Line]:
    """The rule by which all was judged."""
    told = (
        f"{drift.n_tests} tests in this look, p adjusted for all of them; effect runs from 0 to {FULL_EFFECT}; "
        "φ is how restless ordinary windows are"
    )
    return _indented(told, width, "dim")


def _indented(text: str, width: int, ink: Ink) -> list[Line]:
    return [(Span("   ", "text"), *row) for row in wrapped(text, width - 4, ink)]


def cells(finding: wire.DriftFinding) -> dict[str, table.Cell]:
    """The cells of COLUMNS."""
    sign = VERDICTS[finding.verdict]
    judged = "text" if finding.verdict in ("drift", "ok") else "dim"
    return {
        "sign": Span(sign.sign, sign.ink),
        "verdict": sign.span,
        "feature": span(finding.feature, "strong" if finding.verdict == "drift" else judged),
        "version": span(finding.version or numbers.MISSING, judged),
        "effect": Span(numbers.effect(finding.effect), sign.ink if finding.verdict == "drift" else judged),
        "n": Span(numbers.count(finding.n), judged),
        "phi": Span(_phi(finding), judged),
        "baseline_n": Span(numbers.count(finding.n_baseline), judged),
        "p": Span(numbers.MISSING if finding.p_value is None else _p(finding.p_value), judged),
        "why": span("; ".join(finding.reasons), judged),
    }


def _phi(finding: wire.DriftFinding) -> str:
    return numbers.MISSING if finding.phi is None else f"{finding.phi:.1f}"


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "<.001"

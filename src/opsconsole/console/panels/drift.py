"""The drift panel: every column against the baseline, worst first, with what the verdict rests on."""

from __future__ import annotations

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import Line, Span, block, line, separated, span
from opsconsole.console.states import VERDICTS
from opsconsole.console.widgets import table
from opsconsole.console.widgets.table import Column

COLUMNS: tuple[Column, ...] = (
    Column("verdict", "verdict", 9),
    Column("feature", "feature", 14, grow=2),
    Column("version", "version", 8, grow=1),
    Column("effect", "effect", 6, is_right=True),
    Column("n", "n", 5, is_right=True),
    Column("phi", "φ", 4, is_right=True),
    Column("median", "median", 6, is_right=True, from_width=64),
    Column("baseline_n", "base n", 6, is_right=True, from_width=90),
    Column("p", "p adj", 6, is_right=True, from_width=90),
    Column("why", "why", 14, grow=4),
)

FULL_EFFECT = 0.83
"""The largest effect there is: square root of the natural logarithm of two."""


def summary(frame: Frame) -> Line:
    """The verdicts counted, and what everything is compared with."""
    if frame.service is None:
        return ()
    drift = frame.service.drift
    counts = {word: sum(1 for each in drift.findings if each.verdict == word) for word in VERDICTS}
    said = separated(
        Span(f"{VERDICTS[word].sign} {n} {VERDICTS[word].word}", VERDICTS[word].ink) for word, n in counts.items() if n
    )
    against = (Span("against ", "dim"), span(drift.baseline.label)) if drift.baseline.kind != "none" else ()
    return separated((against, said))


def measured(frame: Frame) -> str:
    """How many values the largest finding rests on."""
    findings = frame.service.drift.findings if frame.service else ()
    return f"n {numbers.count(max((each.n for each in findings), default=0))}"


def body(frame: Frame, width: int, height: int) -> list[Line]:
    """The ranked table; where there is room, the rule by which it was judged."""
    if frame.service is None:
        return block((), width, height)
    drift = frame.service.drift
    if not drift.findings:
        why = (
            "no column to compare"
            if drift.baseline.kind != "none"
            else "no baseline: none was set, none could be chosen"
        )
        return block([(Span("   nothing judged: ", "strong"), Span(why, "dim"))], width, height)
    columns = table.visible(COLUMNS, width)
    rows = [table.row(columns, _cells(finding), width) for finding in drift.findings]
    room = height - 1
    if len(rows) > room:
        hidden = len(rows) - room + 1
        rows = (
            [*rows[: room - 1], line(Span(f"   … {hidden} more, less drifted: 3 shows all", "dim"))]
            if room > 1
            else rows
        )
    elif len(rows) + 3 <= room:
        rows += [(), line(Span(f"   {drift.n_tests} tests in this look, p adjusted for all of them;", "dim"))]
        rows += [line(Span(f"   effect runs from 0 to {FULL_EFFECT}; φ is how restless ordinary windows are", "dim"))]
    return block([table.header(columns, width), *rows], width, height)


def _cells(finding: wire.DriftFinding) -> dict[str, table.Cell]:
    sign = VERDICTS[finding.verdict]
    judged = "text" if finding.verdict in ("drift", "ok") else "dim"
    return {
        "verdict": sign.span,
        "feature": span(finding.feature, "strong" if finding.verdict == "drift" else judged),
        "version": span(finding.version or numbers.MISSING, judged),
        "effect": Span(numbers.effect(finding.effect), sign.ink if finding.verdict == "drift" else judged),
        "n": Span(numbers.count(finding.n), judged),
        "phi": Span(numbers.MISSING if finding.phi is None else f"{finding.phi:.1f}", judged),
        "median": Span(numbers.ratio(finding.median_ratio), judged),
        "baseline_n": Span(numbers.count(finding.n_baseline), judged),
        "p": Span(numbers.MISSING if finding.p_value is None else _p(finding.p_value), judged),
        "why": span("; ".join(finding.reasons), judged),
    }


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "<.001"

"""Runs of checklists in rows: a step as it stands, what it asks for, what was found, and the keys that do something.

Always true here: what a machine verified and what somebody ticked are different signs and words; a key that is not
listed does nothing to the run.
"""

from __future__ import annotations

from collections.abc import Iterator

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.frame import Frame
from opsconsole.console.lines import Line, Span, separated, span
from opsconsole.console.palette import Ink
from opsconsole.console.panels.document import Row, prose
from opsconsole.console.states import RUN_PHASES, STEP_WORDS, Sign
from opsconsole.console.text import safe
from opsconsole.page import aligned

UNKNOWN = Sign("?", "unknown", "unknown")
MOST_ROWS = 8
"""Rows of a piece of evidence; the record has all that were kept."""
CELL = 26
STATE_CELLS = 13
"""Of the sign and the word of a step, with their blanks."""

VERBS: dict[str, tuple[tuple[wire.StepVerb, str], ...]] = {
    "step_yes": (
        ("send", "send it"),
        ("tick", "done"),
        ("plan", "plan it"),
        ("approve", "approve"),
    ),
    "step_no": (("fail", "it is not so"), ("deny", "deny")),
    "step_retry": (("retry", "once more"),),
    "step_skip": (("skip", "skip"),),
    "step_note": (("note", "note"),),
    "step_abort": (("abort", "abort"),),
}
"""Action → what it does of a step, and how that is called; of several the first that is allowed is meant."""


def meant(action: str, view: wire.RunView) -> tuple[wire.StepVerb, str] | None:
    """What a key does now; None where it does nothing."""
    return next((each for each in VERBS[action] if each[0] in view.verbs), None)


def phase_sign(word: str, phase: str) -> Sign:
    """How a run stands, by how it ended where it has."""
    return RUN_PHASES.get(word or phase, UNKNOWN)


def tally_line(tally: wire.RunTally) -> Line:
    """``3 verified · 1 ticked · 5 open``: of what there is some."""
    counted: tuple[tuple[int, str, Ink], ...] = (
        (tally.verified, "verified", "ok"),
        (tally.ticked, "ticked", "accent"),
        (tally.decided, "decided", "text"),
        (tally.skipped, "skipped", "dim"),
        (tally.failed, "failed", "fail"),
        (tally.open, "open", "text"),
    )
    return separated(Span(f"{n} {word}", ink) for n, word, ink in counted if n)


def step_row(run: wire.Run, step: wire.Step) -> Row:
    """One step: its sign and word, its title, who, and why."""
    progress = run.steps.get(step.id)
    title = step.title or step.id
    if progress is None:
        return Row(
            f"s {step.id}",
            (Span(f" {'·':<{STATE_CELLS - 2}} ", "dim"), span(title, "dim")),
            page=_step_page(step, None),
        )
    sign = STEP_WORDS[progress.word]
    is_now = step.id == run.current
    parts = [
        Span(f" {sign.sign} {sign.word:<9} ", sign.ink),
        span(title, "strong" if is_now else "text"),
        Span(f" (attempt {progress.attempt})" if progress.attempt > 1 else "", "dim"),
        span(f"  {progress.by.who}" if progress.by is not None else "", "head"),
        span(f": {progress.note}" if progress.note else "", "dim"),
    ]
    return Row(
        f"s {step.id}", tuple(parts), {"state": progress.word}, page=_step_page(step, progress),
        is_fault=progress.word == "failed",
        hang=STATE_CELLS,
    )  # fmt: skip


def _step_page(step: wire.Step, progress: wire.Progress | None) -> tuple[str, ...]:
    """Everything that is known of a step."""
    head = (
        step.title or step.id,
        f"{step.type}{f', {step.timebox}' if step.timebox else ''}",
        "",
        *step.text.split("\n"),
    )
    if progress is None:
        return (*head, "", "not entered yet")
    by = f" by {progress.by.who}" if progress.by is not None else ""
    found = [finding_words(each) for each in progress.findings]
    shown = [line for each in progress.evidence for line in exhibit_lines(each)]
    return (*head, "", f"{progress.word}{by}  {progress.note}".rstrip(), "", *found, "", *shown)


def finding_words(finding: wire.Finding) -> str:
    sign = {True: "✔", False: "✖", None: "?"}[finding.ok]
    unclear = " (cannot be told)" if finding.ok is None else ""
    asked = f"   [{finding.query.splitlines()[0]}]" if finding.query else ""
    return f"{sign} {finding.which}: {finding.told}{unclear}{asked}"


FINDING_INKS: dict[bool | None, Ink] = {True: "ok", False: "fail", None: "unknown"}


def exhibit_lines(exhibit: wire.Exhibit) -> Iterator[str]:
    """A piece of evidence: what was asked, what was answered, and the first rows."""
    asked = exhibit.query.splitlines()[0] if exhibit.query else ""
    yield f"sent: {exhibit.told}" if exhibit.kind == "message" else f"{exhibit.kind}: {asked}  → {exhibit.told}"
    if exhibit.rows:
        rows = [exhibit.columns, *(tuple(map(_cell, row)) for row in exhibit.rows[:MOST_ROWS])]
        yield from aligned([[safe(cell, CELL) for cell in row] for row in rows], "  ").splitlines()


def _cell(value: wire.QueryValue) -> str:
    return numbers.MISSING if value is None else f"{value:.5g}" if isinstance(value, float) else str(value)


# The step whose turn it is ----------------------------------------------------------------------------------------


def turn_rows(view: wire.RunView, frame: Frame) -> Iterator[Row]:
    """What is asked for now, first what can be done about it."""
    run = view.run
    if run.phase == "ended":
        word = "ok" if run.word == "done" else "warn"
        yield Row("now ended", (Span(f" {run.word}", word), span(f"  {run.why}", "text")))
        return
    yield from _options(view)
    yield Row("now keys", (Span(" ", "text"), *keys_line(view, frame)), hang=1)
    if run.phase == "aborting":
        yield from prose("now aborting", f"▼ aborting: {run.why}", "warn")
        undoing = f"to be undone next: {view.undoing}" if view.undoing else "what was sent is being looked up"
        yield from prose("now undoing", undoing, "strong")
        return
    if not run.current:
        return
    step = run.checklist.step(run.current)
    yield from _asked(view, step)
    progress = run.steps.get(run.current)
    if progress is not None:
        yield from _found(progress)
    if view.waits:
        yield from prose("now waits", f"… waiting: {view.waits.partition(' for ')[0]}", "accent")


def _options(view: wire.RunView) -> Iterator[Row]:
    """The ways of a decision with their keys, above every other key."""
    run = view.run
    for option in run.checklist.step(run.current).options if run.current and run.phase == "running" else ():
        consequence = f"  {option.consequence}" if option.consequence else ""
        line = (span(f" {option.key} ", "accent"), span(option.label, "strong"), span(consequence, "dim"))
        yield Row(f"now option {option.key}", line)


def keys_line(view: wire.RunView, frame: Frame) -> Line:
    """``y done · s skip · t note · a abort · q leave``."""
    parts: list[Line] = [
        (Span(f"{frame.key(action)} ", "accent"), Span(verb[1], "text"))
        for action in VERBS
        if (verb := meant(action, view)) is not None
    ]
    return separated([*parts, (Span(f"{frame.key('back')} ", "accent"), Span("leave it", "dim"))])


def _asked(view: wire.RunView, step: wire.Step) -> Iterator[Row]:
    """What the step says to people."""
    for i, paragraph in enumerate(step.text.split("\n\n") if step.text else ()):
        lines = paragraph.split("\n")
        is_list = any(line.startswith(("- ", "* ", "|", "```", "    ")) for line in lines)
        for j, text in enumerate(lines if is_list else [" ".join(lines)]):
            yield from prose(f"now text {i} {j}", text)
    if step.action:
        told = " ".join(f"{name}={value}" for name, value in step.with_.items())
        yield from prose("now action", f"does {step.action} {told}".rstrip(), "strong")
    for i, line in enumerate(view.message.split("\n") if view.message else ()):
        yield from prose(f"now message {i}", f"│ {line}")
    if view.message:
        yield from prose("now to", f"to {', '.join(step.to) or 'nobody by itself'} ({step.audience})", "dim")
    if view.confirm:
        yield from prose("now confirm", f"whoever approves types {view.confirm}", "strong")
    for name, probe in (("expects", step.expect), ("verified when", step.verify), ("waits until", step.until)):
        if probe is not None:
            within = f" within {probe.within}" if probe.within else ""
            yield from prose(f"now {name}", f"{name} {probe.signal or _one_line(probe.sql)}{within}", "dim")


def _one_line(sql: str) -> str:
    return " ".join(sql.split())


def _found(progress: wire.Progress) -> Iterator[Row]:
    for i, finding in enumerate(progress.findings[-3:]):
        yield from prose(f"now finding {i}", finding_words(finding), FINDING_INKS[finding.ok])
    if progress.word == "failed":
        yield from prose("now failed", f"✖ failed: {progress.note}" if progress.note else "✖ failed", "fail")
    for i, exhibit in enumerate(each for each in progress.evidence if each.at >= progress.entered_at):
        for j, text in enumerate(exhibit_lines(exhibit)):
            shown = (Span("   ", "text"), span(text, "head" if not j else "text"))
            yield Row(f"now evidence {i} {j}", shown, {"text": text}, hang=5)

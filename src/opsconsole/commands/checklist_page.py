"""Checklists and runs as plain text: what the command line prints, in 80 columns where it can.

Always true here: no escape sequence and no colour; ``verified`` and ``ticked`` are different words; what came from data
passed ``safe``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from opsconsole import wire
from opsconsole.commands.release_page import plan_page as plan_page
from opsconsole.console.text import safe
from opsconsole.page import aligned, counted

_WIDTH = 78
_ROWS_SHOWN = 8
_CELL = 28
_KEPT = ("- ", "* ", "|", "```", "    ", "1")
"""How a line begins that is not filled with its neighbours."""
_SIGNS: dict[str, str] = {
    "verified": "✓", "ticked": "·", "decided": "→", "approved": "✓", "skipped": "-", "failed": "✗", "undone": "↶",
    "active": ">", "waiting": "…", "verifying": "…", "acting": "…",
}  # fmt: skip
KEYS: dict[wire.StepVerb, tuple[str, str]] = {
    "send": ("y", "send"),
    "tick": ("y", "done"),
    "plan": ("y", "plan it"),
    "approve": ("y", "approve"),
    "fail": ("n", "it is not so"),
    "deny": ("n", "deny"),
    "retry": ("r", "once more"),
    "skip": ("s", "skip, with a reason"),
    "note": ("t", "take a note"),
    "abort": ("a", "abort, and undo what ran"),
}
"""Verb → its key in a terminal, and what that does. Of two verbs with one key the first that is allowed is meant."""


def list_page(view: wire.ChecklistsView) -> str:
    rows = [("checklist", "steps", "reviewed", "drilled", "owner", "title")]
    rows += [
        (
            safe(each.id),
            str(each.steps),
            f"{each.last_reviewed}" if each.last_reviewed else "never",
            f"{each.last_drilled:%Y-%m-%d}" if each.last_drilled else "never",
            safe(each.owner) or "–",
            safe(each.title),
        )
        for each in view.checklists
    ]
    lines = [aligned(rows)]
    for each in view.checklists:
        lines += [f"AMBER {safe(each.id)}: {safe(why)}\n" for why in each.stale]
        if each.problems:
            lines.append(f"ERROR {safe(each.id)}: {counted(each.problems, 'problem')}; opsconsole checklist lint\n")
    for suggestion in view.suggested:
        lines += [f"TAKE {safe(suggestion.checklist)}: {safe(suggestion.told)}\n", f"  {safe(suggestion.command)}\n"]
    if view.runs:
        heading = ("run", "checklist", "state", "verified", "ticked", "open", "began", "by", "at")
        told = [heading, *(_run_row(run) for run in view.runs)]
        lines += ["\n", aligned(told)]
        lines += [f"AMBER {run.id}: {safe(flag)}\n" for run in view.runs for flag in run.flags]
    return "".join(lines)


def _run_row(run: wire.RunBrief) -> tuple[str, ...]:
    return (
        run.id, safe(run.checklist), run.word or run.phase, str(run.tally.verified), str(run.tally.ticked),
        str(run.tally.open), f"{run.started_at:%m-%d %H:%M}", safe(run.started_by), safe(run.step),
    )  # fmt: skip


def show_page(view: wire.ChecklistView) -> str:
    entry = view.entry
    head = [f"AMBER: {why}" for why in entry.stale] + [f"{_kind(each)} {each}" for each in view.problems]
    head = [f"{entry.path}", *head, ""]
    return "".join(f"{safe(line, 4_000)}\n" for line in [*head, *view.text.rstrip("\n").split("\n")])


def lint_page(reply: wire.LintReply) -> str:
    lines = []
    for problem in reply.problems:
        lines += [f"{problem.path}:{problem.line}: {_kind(problem)}: {problem.message}", f"    {problem.remedy}"]
    errors = sum(1 for problem in reply.problems if problem.is_error)
    warnings = len(reply.problems) - errors
    lines.append(
        f"{counted(len(reply.paths), 'checklist')}: {counted(errors, 'error')}, {counted(warnings, 'warning')}"
    )
    return "".join(f"{safe(line, 2_000)}\n" for line in lines)


def _kind(problem: wire.ChecklistProblem) -> str:
    return "error" if problem.is_error else "warning"


# A run ---------------------------------------------------------------------------------------------------------------


def run_page(view: wire.RunView) -> str:
    """A run with every step, and what the one whose turn it is asks for."""
    return "".join(f"{safe(line, 2_000)}\n" for line in _run(view))


def _run(view: wire.RunView) -> Iterator[str]:
    run = view.run
    yield head(run)
    for step in run.checklist.steps:
        yield f"  {stands(run, step)}"
    yield ""
    yield from turn(view)


def head(run: wire.Run) -> str:
    params = " ".join(f"{name}={value}" for name, value in run.params.items() if value)
    incident = f" · {run.incident}" if run.incident else ""
    state = run.word or run.phase
    return f"{run.id} · {run.checklist.title} · {state}{incident}" + (f" · {params}" if params else "")


def stands(run: wire.Run, step: wire.Step) -> str:
    """One step in a line: its sign, its word, and who."""
    progress = run.steps.get(step.id)
    if progress is None:
        return f"  {'':<9} {step.title or step.id}"
    by = f" by {progress.by.who}" if progress.by is not None else ""
    note = f": {progress.note}" if progress.note else ""
    again = f" (attempt {progress.attempt})" if progress.attempt > 1 else ""
    return f"{_SIGNS[progress.word]} {progress.word:<9} {step.title or step.id}{again}{by}{note}"


def turn(view: wire.RunView) -> Iterator[str]:
    """The step whose turn it is, with what was found, and what can be done."""
    run = view.run
    yield from (f"AMBER: {flag}" for flag in view.flags)
    if run.phase == "ended":
        counts = view.tally
        yield (
            f"{run.id} {run.word}: {counts.verified} verified, {counts.ticked} ticked, {counts.skipped} skipped, "
            f"{counts.failed} failed" + (f" · {run.why}" if run.word == "aborted" else "")
        )
        return
    if run.phase == "aborting":
        yield f"aborting: {run.why}"
        yield f"to be undone next: {view.undoing}" if view.undoing else "what was sent is being looked up"
        return
    step, progress = run.checklist.step(run.current), run.steps[run.current]
    yield from step_words(view, step)
    yield from (line for exhibit in progress.evidence if exhibit.at >= progress.entered_at for line in shown(exhibit))
    yield from map(found, progress.findings)
    if view.waits:
        yield f"… waiting: {view.waits}"
    if view.child:
        yield f"… {view.child} is a part of it: opsconsole checklist resume {view.child}"
    if progress.word == "failed":
        yield f"✗ failed{': ' + progress.note if progress.note else ''}"


def step_words(view: wire.RunView, step: wire.Step) -> Iterator[str]:
    """What a step says to people."""
    ids = [each.id for each in view.run.checklist.steps]
    about = " · ".join(word for word in (step.type, step.role, step.timebox) if word)
    yield f"[{ids.index(step.id) + 1}/{len(ids)}] {step.title or step.id}  ({about})"
    for paragraph in step.text.split("\n\n") if step.text else ():
        yield from (f"  {line}" for line in _wrapped(paragraph))
    for option in step.options:
        consequence = f" — {option.consequence}" if option.consequence else ""
        yield f"  {option.key}  {option.label}{consequence}"
    if step.action:
        yield f"  does: {step.action}"
    if view.message:
        yield from (f"  | {line}" for line in view.message.split("\n"))
        yield f"  to: {', '.join(step.to) or 'nobody by itself'} ({step.audience})"
    if view.confirm:
        yield f"  whoever approves types {view.confirm}"


def _wrapped(paragraph: str) -> list[str]:
    """Prose is filled; a list, a table or code stays as it is."""
    lines = [line for line in paragraph.split("\n") if line]
    is_prose = not any(line.startswith(_KEPT) for line in lines)
    return textwrap.wrap(" ".join(lines), _WIDTH) if is_prose else lines


def shown(exhibit: wire.Exhibit) -> Iterator[str]:
    """A piece of evidence."""
    first = exhibit.query.split("\n")[0]
    yield f"  {exhibit.kind}: {first}  → {exhibit.told}" if exhibit.kind != "message" else f"  sent: {exhibit.told}"
    if exhibit.rows:
        cells = [exhibit.columns, *(tuple(_cell(value) for value in row) for row in exhibit.rows[:_ROWS_SHOWN])]
        yield from aligned([[safe(cell, _CELL) for cell in row] for row in cells], "      ").splitlines()


def _cell(value: object) -> str:
    return "–" if value is None else f"{value:.5g}" if isinstance(value, float) else str(value)


def found(finding: wire.Finding) -> str:
    sign = {True: "✓", False: "✗", None: "?"}[finding.ok]
    return f"  {sign} {finding.which}: {finding.told}" + ("" if finding.ok is not None else " (cannot be told)")


def keys(view: wire.RunView) -> dict[str, wire.StepVerb]:
    """The keys that do something now."""
    offered: dict[str, wire.StepVerb] = {}
    for name, (key, _) in KEYS.items():
        if name in view.verbs:
            offered.setdefault(key, name)
    return offered


def prompt(view: wire.RunView) -> str:
    options = view.run.checklist.step(view.run.current).options if "decide" in view.verbs else ()
    ways = [f"{option.key} {option.label}" for option in options]
    words = [f"{key} {KEYS[name][1]}" for key, name in keys(view).items()]
    return " · ".join([*ways, *words, "Enter look again", "q leave it"]) + ": "

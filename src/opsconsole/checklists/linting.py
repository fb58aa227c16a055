"""What can be wrong with a checklist that was read: a table of rules, each a generator of what it finds.

Always true here: every finding names the line, what is wrong and what to do; what keeps a list from being run is an
error, what makes it less worth following is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date

from opsconsole import wire
from opsconsole.checklists import graph
from opsconsole.checklists.actions import ACTIONS
from opsconsole.checklists.course import TIMERS
from opsconsole.checklists.looked import CheckSql, Looked, Rule, probes
from opsconsole.checklists.params import BUILT_IN, names_in
from opsconsole.checklists.parsing import Parsed
from opsconsole.checklists.questions import QUESTIONS
from opsconsole.config.load import nearest
from opsconsole.durations import duration, is_duration

MOST_KILLERS = 9
"""Steps that must not be missed, of one section: what fits into a head at 3 a.m. (Gawande 2009: five to nine)."""
ID = re.compile(r"[a-z0-9][a-z0-9-]*")


def lint(
    parsed: Parsed,
    today: date,
    others: Mapping[str, wire.Checklist] | None = None,
    check_sql: CheckSql | None = None,
) -> tuple[wire.ChecklistProblem, ...]:
    """Everything that is wrong with a file, in the order of its lines."""
    if parsed.checklist is None or not parsed.checklist.steps:
        return parsed.problems
    looked = Looked(parsed, parsed.checklist, today, others or {}, check_sql=check_sql)
    structure = [problem for rule in STRUCTURE for problem in rule(looked)]
    further = [] if structure else [problem for rule in RULES for problem in rule(looked)]
    return tuple(sorted((*parsed.problems, *structure, *further), key=lambda problem: problem.line))


# Structure: without it the other rules would stumble -----------------------------------------------------------------


def _ids(looked: Looked) -> Iterator[wire.ChecklistProblem]:
    if not ID.fullmatch(looked.checklist.id):
        yield looked.found("id", f"{looked.checklist.id!r} is no id", "Use small letters, digits and hyphens.")
    seen: set[str] = set()
    for path, step in looked.steps:
        if not ID.fullmatch(step.id) or step.id == wire.END:
            yield looked.found(path, f"{step.id!r} is no id of a step", "Use small letters, digits and hyphens.")
        if step.id in seen:
            yield looked.found(path, f"there are two steps {step.id!r}", "Give each an id of its own.")
        seen.add(step.id)


def _gotos(looked: Looked) -> Iterator[wire.ChecklistProblem]:
    known = {step.id for step in looked.checklist.steps} | {wire.END}
    for path, step in looked.steps:
        leads = {"goto": step.goto, **{name: branch.goto for name, branch in graph.branches(step).items()}}
        leads |= {f"options[{index}].goto": option.goto for index, option in enumerate(step.options)}
        for name, goto in leads.items():
            if goto and goto not in known:
                yield looked.found(f"{path}.{name}", f"there is no step {goto!r}", nearest(goto, sorted(known)))


STRUCTURE: tuple[Rule, ...] = (_ids, _gotos)


# The list ------------------------------------------------------------------------------------------------------------


def _upkeep(looked: Looked) -> Iterator[wire.ChecklistProblem]:
    checklist = looked.checklist
    if not checklist.owner:
        yield looked.found("id", "it has no owner", "Add `owner:` with who keeps it true.")
    if checklist.last_reviewed is None:
        yield looked.found("id", "it has no last_reviewed", f"Add `last_reviewed: {looked.today}` once you read it.")
        return
    if checklist.last_reviewed > looked.today:
        yield looked.found("last_reviewed", "it was reviewed in the future", "Correct the date.", is_error=False)
    if is_duration(checklist.stale_after) and looked.today > checklist.last_reviewed + duration(checklist.stale_after):
        age = (looked.today - checklist.last_reviewed).days
        yield looked.found(
            "last_reviewed",
            f"last reviewed {age} days ago, and it is stale after {checklist.stale_after}",
            "Read it, correct it, and set the date.",
            is_error=False,
        )


def _ways(looked: Looked) -> Iterator[wire.ChecklistProblem]:
    """Unreachable steps, and loops without an exit."""
    checklist = looked.checklist
    if checklist.style == "do-confirm":
        for path, step in looked.steps:
            if step.goto or step.options or graph.branches(step):
                yield looked.found(path, f"{step.id!r} branches", "A do-confirm list has no branches: be `read-do`.")
        return
    start = graph.reached(checklist.steps[0].id, graph.edges(checklist))
    caught, restless = set(graph.without_exit(checklist)), set(graph.restless(checklist))
    for path, step in looked.steps:
        if step.id not in start:
            yield looked.found(path, f"no way leads to {step.id!r}", "Lead to it by a `goto`, or take it out.")
        elif step.id in caught:
            yield looked.found(path, f"from {step.id!r} no way leads to the end", "Let a step of this loop lead out.")
        elif step.id in restless:
            yield looked.found(
                path, f"{step.id!r} leads back to itself with nobody asked", "Put a wait or a decision into the loop."
            )


def _sections(looked: Looked) -> Iterator[wire.ChecklistProblem]:
    counts: dict[str, int] = {}
    for path, step in looked.steps:
        counts[step.section] = counts.get(step.section, 0) + step.killer
        if step.killer and counts[step.section] == MOST_KILLERS + 1:
            where = f"section {step.section!r}" if step.section else "the list"
            yield looked.found(
                path,
                f"{where} has more than {MOST_KILLERS} killer steps",
                "Begin a `## section`, or say `killer: false` of what may be missed.",
            )


def _durations(looked: Looked) -> Iterator[wire.ChecklistProblem]:
    checklist = looked.checklist
    said = {"stale_after": checklist.stale_after}
    said |= {f"timers.{name}": text for name, text in checklist.timers.items()}
    for path, step in looked.steps:
        said |= {f"{path}.timebox": step.timebox, f"{path}.for": step.for_, f"{path}.expires": step.expires}
        said |= {f"{path}.retry.every": step.retry.every} if step.retry else {}
        said |= {f"{path}.on_silence.flag_after": step.on_silence.flag_after} if step.on_silence else {}
    for path, probe in probes(looked):
        said |= {f"{path}.within": probe.within, f"{path}.poll": probe.poll}
    for path, text in said.items():
        if text and not is_duration(text):
            yield looked.found(path, f"{text!r} is no duration", "Write it like 90s, 15m, 2h or 90d.")


def _timers(looked: Looked) -> Iterator[wire.ChecklistProblem]:
    for name in looked.checklist.timers.keys() - TIMERS.keys():
        yield looked.found(f"timers.{name}", f"there is no timer {name!r}", nearest(name, TIMERS))


def _roles(looked: Looked) -> Iterator[wire.ChecklistProblem]:
    roles = {*looked.checklist.roles, "operator"}
    for path, step in looked.steps:
        for name, role in (("role", step.role), ("distinct_from", step.distinct_from)):
            if role and role not in roles:
                yield looked.found(
                    f"{path}.{name}",
                    f"there is no role {role!r}",
                    f"Add it under `roles:`; {nearest(role, sorted(roles))}",
                )
    for name, rule in looked.checklist.roles.items():
        if rule.distinct_from and rule.distinct_from not in roles:
            yield looked.found(
                f"roles.{name}", f"there is no role {rule.distinct_from!r}", nearest(rule.distinct_from, sorted(roles))
            )


def _params(looked: Looked) -> Iterator[wire.ChecklistProblem]:
    for name, rule in looked.checklist.params.items():
        if rule.type == "enum" and not rule.values:
            yield looked.found(f"params.{name}", f"{name} is an enum without values", "Add `values: [a, b]`.")
        if name in BUILT_IN:
            yield looked.found(f"params.{name}", f"${name} is every run's own", "Call it otherwise.")
    for path, text in _texts(looked):
        for name in sorted(names_in(text) - looked.names):
            yield looked.found(path, f"${name} is no parameter", nearest(name, sorted(looked.names)))


def _texts(looked: Looked) -> Iterator[tuple[str, str]]:
    """Every text that is filled in."""
    for path, step in looked.steps:
        yield from ((f"{path}.with.{name}", word) for name, word in step.with_.items())
        yield f"{path}.message", step.message
        yield f"{path}.type_to_confirm", step.type_to_confirm
        if step.undo is not None:
            yield from ((f"{path}.undo.with.{name}", word) for name, word in step.undo.with_.items())
        for index, wish in enumerate(step.evidence):
            yield f"{path}.evidence[{index}].signal", wish.signal
    for path, probe in probes(looked):
        yield f"{path}.signal", probe.signal


# Steps ---------------------------------------------------------------------------------------------------------------

_NEEDS: Mapping[wire.StepType, tuple[tuple[str, str], ...]] = {
    "check": (("expect", "Add `expect:` with a signal or SQL; without one it is `manual`."),),
    "manual": (),
    "decision": (("options", "Add `options:` with at least two ways, each with `key` and `label`."),),
    "action": (
        ("action", "Add `action:`, for example release.rollback."),
        ("undo", "Add `undo: restore`, or the action that takes it back."),
        ("verify", "Add `verify:` with what has to hold afterwards."),
    ),
    "wait": (),
    "comms": (("message", "Add `message:` with the text."), ("audience", "Add `audience: internal`.")),
    "approval": (("role", "Add `role:` with who approves."),),
    "subchecklist": (("checklist", "Add `checklist:` with its id."),),
}
_OF: Mapping[str, tuple[wire.StepType, ...]] = {
    "options": ("decision",),
    "action": ("action",),
    "undo": ("action",),
    "until": ("wait",),
    "for_": ("wait",),
    "message": ("comms",),
    "audience": ("comms",),
    "to": ("comms",),
    "type_to_confirm": ("approval",),
    "expires": ("approval",),
    "distinct_from": ("approval",),
    "checklist": ("subchecklist",),
    "retry": ("check", "wait"),
    "expect": ("check", "manual"),
    "verify": ("action", "manual"),
    "with_": ("action", "subchecklist"),
}
"""Field → the types that it means something to."""
TAKEN = ("s", "t", "a", "q", "j", "k", "g", "G", "f", "?", ":", "/")
"""Keys that skip, take a note, abort and leave wherever a run is worked, and those that move in its page."""
AUDIENCES = ("internal", "external", "executive")


def _fields(looked: Looked) -> Iterator[wire.ChecklistProblem]:
    for path, step in looked.steps:
        if not step.timebox:
            yield looked.found(path, f"{step.id!r} has no timebox", "Add `timebox: 3m`: how long it should take.")
        for name, remedy in _NEEDS[step.type]:
            if not getattr(step, name):
                yield looked.found(path, f"the {step.type} {step.id!r} has no `{name}`", remedy)
        for name, kinds in _OF.items():
            if getattr(step, name) and step.type not in kinds:
                said = name.rstrip("_")
                yield looked.found(
                    f"{path}.{said}", f"`{said}` means nothing to a {step.type}", f"It belongs to: {', '.join(kinds)}."
                )
        if step.type == "wait" and bool(step.for_) == (step.until is not None):
            yield looked.found(path, f"the wait {step.id!r} needs one of `for` and `until`", "Say which.")
        if step.audience and step.audience not in AUDIENCES:
            yield looked.found(
                f"{path}.audience", f"no such audience: {step.audience!r}", nearest(step.audience, AUDIENCES)
            )
        keys = [option.key for option in step.options]
        if step.type == "decision" and (len(keys) < 2 or len(set(keys)) < len(keys)):
            yield looked.found(
                f"{path}.options", "a decision has two options at least, each with a key of its own", "Add one."
            )
        for index, option in enumerate(step.options):
            if option.key in TAKEN:
                yield looked.found(
                    f"{path}.options[{index}].key",
                    f"the key {option.key!r} does something else in a run",
                    f"Any letter will do but {', '.join(TAKEN)}.",
                )


def _actions(looked: Looked) -> Iterator[wire.ChecklistProblem]:
    for path, step in looked.steps:
        if step.type == "action" and step.action:
            yield from _action(looked, f"{path}.action", f"{path}.with", step.action, step.with_, undoes=False)
        if step.undo is None or step.type != "action":
            continue
        known = ACTIONS.get(step.action)
        if step.undo.action != wire.RESTORE:
            where = f"{path}.undo"
            yield from _action(looked, where, f"{where}.with", step.undo.action, step.undo.with_, undoes=True)
        elif known is not None and not known.can_restore:
            remedy = "Undo release.hold by release.resume, and the other way round."
            yield looked.found(f"{path}.undo", f"setting shares again does not take {step.action} back", remedy)


def _action(
    looked: Looked, path: str, with_path: str, name: str, words: Mapping[str, str], *, undoes: bool
) -> Iterator[wire.ChecklistProblem]:
    action = ACTIONS.get(name)
    if action is None:
        yield looked.found(path, f"the gate knows no action {name!r}", nearest(name, ACTIONS))
        return
    needed = [need for need in action.needs if not (undoes and need == "service")]
    for need in needed:
        if need not in words:
            yield looked.found(path, f"{name} needs `{need}`", f"Add `with: {{{need}: ${need}}}`.")
    for word in words:
        if word not in (*action.needs, *action.may):
            known = (*action.needs, *action.may)
            yield looked.found(f"{with_path}.{word}", f"{name} knows no `{word}`", nearest(word, known))


def _children(looked: Looked) -> Iterator[wire.ChecklistProblem]:
    known = {**looked.others, looked.checklist.id: looked.checklist}
    for path, step in looked.steps:
        if step.type != "subchecklist" or not step.checklist:
            continue
        if step.checklist not in known:
            yield looked.found(
                f"{path}.checklist", f"there is no checklist {step.checklist!r}", nearest(step.checklist, known)
            )
        elif looked.checklist.id in graph.reached(step.checklist, _calls(known)):
            yield looked.found(
                f"{path}.checklist", f"{step.checklist!r} leads back to this list", "Write the steps out."
            )


def _calls(known: Mapping[str, wire.Checklist]) -> graph.Edges:
    return {
        name: frozenset(step.checklist for step in each.steps if step.type == "subchecklist")
        for name, each in known.items()
    }


RULES: tuple[Rule, ...] = (
    _upkeep, _ways, _sections, _durations, _timers, _roles, _params, _fields, _actions, *QUESTIONS, _children,
)  # fmt: skip

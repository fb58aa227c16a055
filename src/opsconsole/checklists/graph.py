"""A checklist as a graph of steps: what can be reached, and from where there is no way out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from opsconsole import wire
from opsconsole.checklists.course import following

Edges = Mapping[str, frozenset[str]]


def edges(checklist: wire.Checklist) -> Edges:
    """Step → the steps that may come right after it, ``end`` among them."""
    return {step.id: frozenset(_after(checklist, step)) for step in checklist.steps}


def _after(checklist: wire.Checklist, step: wire.Step) -> Iterable[str]:
    if not step.options:
        yield following(checklist, step)
    for option in step.options:
        yield following(checklist, step, option.key)
    for branch in branches(step).values():
        yield branch.goto


def branches(step: wire.Step) -> dict[str, wire.Branch]:
    """Field → where it leads, of every way that is taken after a failure."""
    probes = {"expect": step.expect, "verify": step.verify, "until": step.until}
    found = {f"{name}.on_timeout": probe.on_timeout for name, probe in probes.items() if probe is not None}
    return {name: branch for name, branch in {"on_fail": step.on_fail, **found}.items() if branch is not None}


def reached(start: str, graph: Edges) -> set[str]:
    """Every step that can come after this one, itself included."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += graph.get(name, frozenset())
    return seen


def without_exit(checklist: wire.Checklist) -> list[str]:
    """Steps from which the end cannot be reached."""
    graph = edges(checklist)
    start = reached(checklist.steps[0].id, graph)
    return [step.id for step in checklist.steps if step.id in start and wire.END not in reached(step.id, graph)]


def restless(checklist: wire.Checklist) -> list[str]:
    """Checks that lead back to themselves with nobody asked and nothing waited for on the way."""
    checks = {step.id for step in checklist.steps if step.type == "check"}
    graph = {
        name: frozenset(after & checks) if name in checks else frozenset() for name, after in edges(checklist).items()
    }
    return [name for name in graph if any(name in reached(after, graph) for after in graph[name])]

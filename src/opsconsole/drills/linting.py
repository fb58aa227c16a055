"""What can be wrong with a scenario: a table of rules, each a generator of what it finds.

Always true here: every finding names the line, what is wrong and what to do; a scenario without errors can be played to
its end; what makes it less worth playing is no error.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from opsconsole import wire
from opsconsole.checklists.catalogue import LIBRARY as CHECKLISTS
from opsconsole.config.load import nearest
from opsconsole.drills import recording_rules
from opsconsole.drills.conditions import ConditionError, condition, expectations_of
from opsconsole.drills.fleet import SPAN_S
from opsconsole.drills.looking import Looked, Rule, pools_of
from opsconsole.drills.moments import is_moment, length_s, moment_s
from opsconsole.drills.pools import Pool
from opsconsole.drills.reading import lines_of_keys, parse, text_of
from opsconsole.drills.scenario import MANUAL, Scenario
from opsconsole.drills.script import wrong_in
from opsconsole.drills.shapes import KEYS, REGIONS
from opsconsole.drills.troubles import NEVER
from opsconsole.durations import is_duration
from opsconsole.errors import ConfigError

LEAST_REQUESTS = 1_000
"""Of a service, in its history: with fewer there is nothing that anything could be compared with."""


def lint(path: Path, text: str) -> tuple[wire.DrillProblem, ...]:
    """Everything that is wrong with a file, in the order of its lines."""
    try:
        scenario = parse(text, path)
    except ConfigError as error:
        where, _, message = error.message.removeprefix(f"{path.absolute()}:").removeprefix(f"{path}:").partition(": ")
        line = int(where) if where.isdecimal() else 1
        return (wire.DrillProblem(path=str(path), line=line, message=message or error.message, remedy=error.remedy),)
    looked = Looked(str(path), scenario, lines_of_keys(text), pools_of(scenario))
    found = [problem for rule in RULES for problem in rule(looked)]
    return tuple(sorted(found, key=lambda problem: problem.line))


def lint_file(path: Path) -> tuple[wire.DrillProblem, ...]:
    """The same of a file that perhaps cannot be read at all."""
    try:
        text = text_of(path)
    except ConfigError as error:
        message = error.message.removeprefix(f"{path}: ")
        return (wire.DrillProblem(path=str(path), line=1, message=message, remedy=error.remedy),)
    return lint(path, text)


def _moments(looked: Looked) -> Iterator[wire.DrillProblem]:
    """Moments and lengths are such, and lie within the drill."""
    scenario = looked.scenario
    lengths = {f"clock.{name}": getattr(scenario.clock, name) for name in ("length", "lead", "history", "look")}
    lengths |= {f"faults[{i}].ramp": each.ramp for i, each in enumerate(scenario.faults)}
    lengths |= {f"reactions[{i}].after": each.after for i, each in enumerate(scenario.reactions)}
    lengths |= {f"expectations[{i}].within": each.within for i, each in enumerate(scenario.expectations) if each.within}
    lengths |= {f"services.{name}.target.lag": each.target.lag for name, each in scenario.services.items()}
    if scenario.cadence is not None:
        lengths["cadence.every"] = scenario.cadence.every
    for field, length in lengths.items():
        if not is_duration(length):
            yield looked.found(field, f"{length!r} is no length", "Write it like 90s, 5m or 1h30m.")
        elif length_s(length) % 1:
            yield looked.found(field, f"{length} is no whole number of seconds", "Time goes on by whole seconds.")
    moments = {f"faults[{i}].at": each.at for i, each in enumerate(scenario.faults) if each.at != NEVER}
    moments |= {f"injects[{i}].at": each.at for i, each in enumerate(scenario.injects) if each.at not in ("", MANUAL)}
    moments |= {f"prelude[{i}].at": each.at for i, each in enumerate(scenario.prelude)}
    moments |= {
        f"services.{name}.target.conflict_at": each.target.conflict_at
        for name, each in scenario.services.items()
        if each.target.conflict_at
    }
    moments |= {f"hints[{i}].after": each.after for i, each in enumerate(scenario.hints)}
    end_s = length_s(scenario.clock.length) if is_duration(scenario.clock.length) else 0.0
    if scenario.replay is not None:
        moments["replay.impact"] = scenario.replay.impact
    for field, moment in moments.items():
        if not is_moment(moment):
            yield looked.found(field, f"{moment!r} is no moment", "Write it like +90s; before the start like -2m.")
        elif moment_s(moment) % 1:
            yield looked.found(field, f"{moment} is no whole number of seconds", "Time goes on by whole seconds.")
        elif moment_s(moment) >= end_s > 0:
            yield looked.found(
                field, f"{moment} is not before the end", f"The drill ends after {scenario.clock.length}."
            )
        elif field.startswith("prelude") and moment_s(moment) >= 0:
            yield looked.found(field, "is not before the start", "Write a negative moment: -2m.")


def _names(looked: Looked) -> Iterator[wire.DrillProblem]:
    """What is named is there, and once."""
    scenario = looked.scenario
    for field, ids in _ids(scenario):
        for name, n in Counter(ids).items():
            if n > 1:
                yield looked.found(field, f"{name!r} is there {n} times", "Give each an id of its own.")
    for field, name, known in _references(looked):
        if name and name not in known:
            yield looked.found(
                field, f"there is no {name!r}", nearest(name, known) if known else "Nothing is named yet."
            )


def _ids(scenario: Scenario) -> Iterator[tuple[str, list[str]]]:
    for field in ("objectives", "faults", "injects", "expectations", "forbidden"):
        yield field, [each.id for each in getattr(scenario, field)]


def _references(looked: Looked) -> Iterator[tuple[str, str, list[str]]]:
    """(Field, what it names, what there is)."""
    scenario = looked.scenario
    expectations = [each.id for each in scenario.expectations]
    objectives = [each.id for each in scenario.objectives]
    faults = [each.id for each in scenario.faults]
    services = list(scenario.services)
    for i, expectation in enumerate(scenario.expectations):
        yield f"expectations[{i}].after", expectation.after, expectations
        yield f"expectations[{i}].objective", expectation.objective, objectives
    for i, rule in enumerate(scenario.forbidden):
        yield f"forbidden[{i}].before", rule.before, expectations
    for i, inject in enumerate(scenario.injects):
        yield f"injects[{i}].expect", inject.expect, expectations
        yield f"injects[{i}].service", inject.service, services
    for i, reaction in enumerate(scenario.reactions):
        for name in (*reaction.clears, *reaction.starts):
            yield f"reactions[{i}]", name, faults
    for i, name in enumerate(scenario.checklists):
        yield f"checklists[{i}]", name, sorted(path.stem for path in CHECKLISTS.glob("*.md"))
    yield from _fault_references(looked)
    for name, service in scenario.services.items():
        for version in service.routing:
            yield f"services.{name}.routing.{version}", version, list(service.versions)
        for version in service.target.conflict_to:
            yield f"services.{name}.target.conflict_to.{version}", version, list(service.versions)
        yield f"services.{name}.baseline", service.baseline, list(service.versions)


def _fault_references(looked: Looked) -> Iterator[tuple[str, str, list[str]]]:
    scenario, services = looked.scenario, looked.scenario.services
    recorded = {each for pool in looked.pools.values() if isinstance(pool, Pool) for each in pool.regions}
    regions = [*REGIONS, *sorted(recorded - set(REGIONS))]
    extra = [each.effect.extra.key for each in scenario.faults if each.effect.extra is not None]
    for i, fault in enumerate(scenario.faults):
        meant = [services[fault.service]] if fault.service in services else list(services.values())
        versions = [name for service in meant for name in service.versions]
        providers = [service.provider for service in meant]
        providers += [traits.provider for service in meant for traits in service.versions.values() if traits.provider]
        yield f"faults[{i}].service", fault.service, list(services)
        yield f"faults[{i}].version", fault.version, versions
        yield f"faults[{i}].provider", fault.provider, sorted(set(providers))
        yield f"faults[{i}].region", fault.region, regions
        yield f"faults[{i}].key", fault.key, [*KEYS, *extra]
        if fault.effect.extra is not None:
            yield f"faults[{i}].effect.extra.region", fault.effect.extra.region, list(REGIONS)


def _conditions(looked: Looked) -> Iterator[wire.DrillProblem]:
    """Every condition can be read, and the expectations that it names are there."""
    known = [each.id for each in looked.scenario.expectations]
    for field, text in _texts(looked.scenario):
        try:
            read = condition(text)
        except ConditionError as error:
            yield looked.found(field, str(error), "docs/drills.md lists the words of conditions.")
            continue
        for name in expectations_of(read):
            if name not in known:
                yield looked.found(field, f"there is no expectation {name!r}", nearest(name, known))


def _texts(scenario: Scenario) -> Iterator[tuple[str, str]]:
    for i, expectation in enumerate(scenario.expectations):
        if expectation.match:
            yield f"expectations[{i}].match", expectation.match
    for i, rule in enumerate(scenario.forbidden):
        yield f"forbidden[{i}].match", rule.match
    for i, reaction in enumerate(scenario.reactions):
        yield f"reactions[{i}].when", reaction.when
    for i, inject in enumerate(scenario.injects):
        if inject.when:
            yield f"injects[{i}].when", inject.when
    for i, stop in enumerate(scenario.stop_conditions):
        if stop.when:
            yield f"stop_conditions[{i}].when", stop.when
    for i, fault in enumerate(scenario.faults):
        if fault.until and not is_moment(fault.until):
            yield f"faults[{i}].until", fault.until
    if scenario.cause:
        yield "cause", scenario.cause


def _stops(looked: Looked) -> Iterator[wire.DrillProblem]:
    """Each says one thing, no two say something of the same, and nothing is said to no effect."""
    said: Counter[str] = Counter()
    for i, stop in enumerate(looked.scenario.stop_conditions):
        field = f"stop_conditions[{i}]"
        keys = [key for key in ("real_incident", "manual") if getattr(stop, key) is not None]
        keys += ["when"] if stop.when else []
        if len(keys) != 1:
            yield looked.found(field, "is none or several of `real_incident`, `manual`, `when`", "Write one of them.")
            continue
        said[keys[0]] += keys[0] != "when"
        if said[keys[0]] > 1:
            yield looked.found(field, f"`{keys[0]}` is said twice", "Keep one of them.")
        if stop.does is not None and (stop.manual is not None or stop.real_incident is False):
            yield looked.found(f"{field}.does", f"has no effect beside `{keys[0]}`", "Take it out.")


def _views(looked: Looked) -> Iterator[wire.DrillProblem]:
    """Nothing is hidden that there is not."""
    scenario = looked.scenario
    if "hints" in scenario.views.player.hide and not scenario.hints:
        yield looked.found("views.player.hide", "there are no hints to be hidden", "Take `hints` out, or write some.")


def _prelude(looked: Looked) -> Iterator[wire.DrillProblem]:
    """Its lines can be said; their moments are looked at with all others."""
    for i, line in enumerate(looked.scenario.prelude):
        for field, message, remedy in wrong_in(line):
            if field != "at":
                yield looked.found(f"prelude[{i}].{field}", message, remedy)


def _spans(looked: Looked) -> Iterator[wire.DrillProblem]:
    """What serves begins with a whole span: requests are drawn for one at a time."""
    scenario = looked.scenario
    if not scenario.services or scenario.replay is not None:
        return
    if scenario.clock.start.timestamp() % SPAN_S:
        yield looked.found(
            "clock.start", f"is no multiple of {SPAN_S:g} s", "Some traffic would be lost: write 02:55:00 or 02:55:10."
        )
    leads = {"clock.lead": scenario.clock.lead}
    leads |= {f"prelude[{i}].at": each.at.removeprefix("-") for i, each in enumerate(scenario.prelude)}
    known = {field: length_s(length) for field, length in leads.items() if is_duration(length)}
    field = max(known, key=lambda each: known[each], default="")
    if field and known[field] % SPAN_S:
        yield looked.found(
            field, f"the lead is no multiple of {SPAN_S:g} s",
            f"Some traffic would be served twice: write `lead: {math.ceil(known[field] / SPAN_S) * SPAN_S:g}s`.",
        )  # fmt: skip


def _files(looked: Looked) -> Iterator[wire.DrillProblem]:
    """What becomes a file's name, or names one."""
    scenario, stem = looked.scenario, Path(looked.path).stem
    if scenario.id != stem:
        yield looked.found("id", f"{scenario.id!r} is not how the file is called", f"Write `id: {stem}`.")
    for name, service in scenario.services.items():
        if Path(service.log).name != service.log:
            yield looked.found(f"services.{name}.log", f"{service.log!r} is no plain name", "Write it like `fleet`.")


def _numbers(looked: Looked) -> Iterator[wire.DrillProblem]:
    """Numbers that can be drawn with, and hints in the order in which they are given."""
    scenario = looked.scenario
    if scenario.seed < 0:
        yield looked.found("seed", "is negative", "Write 0 or more.")
    for name, service in scenario.services.items():
        weights = {f"routing.{version}": weight for version, weight in service.routing.items()}
        weights |= {f"target.conflict_to.{version}": weight for version, weight in service.target.conflict_to.items()}
        for field, weight in weights.items():
            if weight < 0:
                yield looked.found(f"services.{name}.{field}", "is negative", "Write 0 or more.")
    if scenario.cadence is not None and is_duration(scenario.cadence.every) and not length_s(scenario.cadence.every):
        yield looked.found("cadence.every", "is nothing", "Write it like 10m.")
    known = [(i, moment_s(each.after)) for i, each in enumerate(scenario.hints) if is_moment(each.after)]
    for (_, before), (i, after) in pairwise(known):
        if after < before:
            yield looked.found(f"hints[{i}].after", "is earlier than the hint before it", "Sort them by `after`.")


def _whole(looked: Looked) -> Iterator[wire.DrillProblem]:
    """What is needed to play it."""
    scenario = looked.scenario
    if scenario.mode != "tabletop" and not scenario.services:
        yield looked.found("mode", "nothing serves", "Name services, or make it a tabletop.")
    for i, inject in enumerate(scenario.injects):
        if bool(inject.at) == bool(inject.when):
            yield looked.found(f"injects[{i}]", "has both or neither of `at` and `when`", "Keep one of them.")
    for i, each in enumerate(scenario.expectations):
        if bool(each.match) == each.judged:
            yield looked.found(
                f"expectations[{i}]", "is matched or judged, and one of them", "Write `match`, or `judged: true`."
            )
    for name, service in scenario.services.items():
        if not any(service.routing.values()):
            yield looked.found(f"services.{name}.routing", "nobody answers", "Give a version some weight.")
        if service.target.conflict_at and not service.target.conflict_to:
            yield looked.found(f"services.{name}.target", "`conflict_at` without `conflict_to`", "Say who serves then.")
    if scenario.replay is not None and (scenario.faults or scenario.reactions):
        yield looked.found("replay", "a recording has no faults and does not react", "Take them out, or the recording.")
    if not scenario.expectations:
        yield looked.found("expectations", "nothing is expected", "Say what should be done, and by when.")


def _tabletop(looked: Looked) -> Iterator[wire.DrillProblem]:
    """Nothing serves: services are there to be named."""
    for name, service in looked.scenario.services.items() if looked.scenario.mode == "tabletop" else ():
        if service.rate or service.pool is not None:
            yield looked.found(
                f"services.{name}", "serves in a tabletop", "Write `rate: 0`, or make it a team's drill."
            )
    if looked.scenario.mode == "tabletop" and looked.scenario.faults:
        yield looked.found("faults", "nothing serves that could fail", "Tell what happens by `injects`.")


def _worth(looked: Looked) -> Iterator[wire.DrillProblem]:
    """What makes it less worth playing."""
    scenario = looked.scenario
    for field, text in (("guide", scenario.guide), ("brief", scenario.brief), ("cause", scenario.cause)):
        if not text:
            yield looked.found(field, "is empty", "Say what players, or the facilitator, have to know.", is_error=False)
    if not scenario.debrief.questions:
        yield looked.found("debrief", "nothing is asked afterwards", "Write two or three questions.", is_error=False)
    if not scenario.checklists:
        yield looked.found("checklists", "no checklist is rehearsed", "Name the one that it is about.", is_error=False)
    is_recorded = scenario.replay is not None
    history_s = length_s(scenario.clock.history) if is_duration(scenario.clock.history) else 0.0
    for name, service in scenario.services.items():
        is_drawn = (
            not is_recorded
            and scenario.mode != "tabletop"
            and (service.pool is None or service.pool.arrivals == "drawn")
        )
        if is_drawn and service.rate * history_s < LEAST_REQUESTS:
            yield looked.found(
                f"services.{name}.rate", f"its history holds fewer than {LEAST_REQUESTS} requests",
                "Raise the rate, or `clock.history`.", is_error=False,
            )  # fmt: skip


RULES: tuple[Rule, ...] = (
    _moments, _names, _conditions, _stops, _views, _prelude, _spans, _files, *recording_rules.RULES, _numbers, _whole,
    _tabletop, _worth,
)  # fmt: skip


def errors_of(problems: Iterable[wire.DrillProblem]) -> int:
    return sum(problem.is_error for problem in problems)

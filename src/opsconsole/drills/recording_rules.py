"""What can be wrong with the recordings that a scenario plays or draws from.

Always true here: a file is read as it will be when the drill is played; what would have no effect is said to have none.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from opsconsole import wire
from opsconsole.drills.looking import Looked, Rule
from opsconsole.drills.pools import Pool
from opsconsole.drills.recordings import sha256_of
from opsconsole.errors import ConfigError


def _files(looked: Looked) -> Iterator[wire.DrillProblem]:
    """Each is there, beside the scenario, and the one that is meant."""
    replay = looked.scenario.replay
    named = {f"services.{name}.pool": each.pool for name, each in looked.scenario.services.items() if each.pool}
    for field, each in ({"replay": replay} if replay else {} | named).items():
        if not each.file.is_file():
            yield looked.found(f"{field}.file", f"{each.file} is not there", "Put it beside the scenario.")
        elif each.file.parent != Path(looked.path).absolute().parent:
            yield looked.found(
                f"{field}.file", f"{each.file} is elsewhere", "Put it beside the scenario: a run keeps both together."
            )
        elif (found := _sha256(each.file)) != each.sha256:
            yield looked.found(f"{field}.sha256", "the file is another one", f"If it is right: `sha256: {found}`.")
        elif isinstance(wrong := looked.pools.get(field.removeprefix("services.").removesuffix(".pool")), ConfigError):
            yield looked.found(f"{field}.file", wrong.message, wrong.remedy)


def _sha256(path: Path) -> str:
    try:
        return sha256_of(path)
    except ConfigError:
        return "unreadable"


def _pools(looked: Looked) -> Iterator[wire.DrillProblem]:
    """What is written beside a pool has an effect, and each version has rows."""
    for name, service in looked.scenario.services.items():
        if service.pool is None:
            continue
        field = f"services.{name}"
        if looked.scenario.replay is not None:
            yield looked.found(f"{field}.pool", "nothing is drawn where a recording is played", "Take one of them out.")
        for key in ("rate", "bursts"):
            if service.pool.arrivals == "recorded" and f"{field}.{key}" in looked.lines:
                yield looked.found(
                    f"{field}.{key}", "says nothing: arrivals are recorded", "Take it out, or `arrivals: drawn`."
                )
        if not isinstance(pool := looked.pools[name], Pool):
            continue
        for version, traits in service.versions.items():
            if traits.errors != 1 and not pool.ranked.get(version, pool.ranked[""]).failed:
                yield looked.found(
                    f"{field}.versions.{version}.errors", "no row of it failed, and none will",
                    "Let a fault bring the errors.", is_error=False,
                )  # fmt: skip
            if version not in pool.ranked:
                yield looked.found(
                    f"{field}.versions.{version}", "the recording has none of it",
                    "It is drawn from all rows of the service: say how it differs.", is_error=False,
                )  # fmt: skip


def _drift(looked: Looked) -> Iterator[wire.DrillProblem]:
    """Nobody knows what other people would have asked a service whose requests were recorded."""
    for i, fault in enumerate(looked.scenario.faults):
        meant = [fault.service] if fault.service else list(looked.scenario.services)
        if fault.effect.drift and any(name in looked.pools for name in meant):
            yield looked.found(
                f"faults[{i}].effect.drift", "requests of a pool do not drift", "Name a service that has no pool."
            )


RULES: tuple[Rule, ...] = (_files, _pools, _drift)

"""Seldon: the weights of a Core 2 Experiment's candidates, or the traffic of a Core 1 SeldonDeployment's predictors.

Always true here: weights are changed one by one, each tested with the name beside it, because a merge patch replaces
the whole list and a place in a list says nothing about who stands there. A candidate that gets nothing keeps its place
with the weight 0, so that going back needs nothing to be loaded.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from opsconsole.releases.targets.base import Kind, Rejected, Site, Target, Unsupported
from opsconsole.releases.targets.kubernetes import (
    Cluster,
    KubernetesOptions,
    KubernetesTarget,
    Operation,
    Patch,
    Seen,
    must_be,
    put,
    ready_phase,
    remove,
)
from opsconsole.releases.targets.naming import Naming
from opsconsole.releases.targets.shares import parts_of, shares_of
from opsconsole.wire import Caps, Routing, TargetPhase

_PARTS = 100

CAPS = Caps(
    split=True,
    shadow=True,
    dry_run=True,
    guarding="cas",
    weight_unit="relative",
    tested_against="recorded kube-apiserver 1.20 exchanges; vendor schema: as written down by us from "
    "Seldon's own types; no controller ran",
)


class SeldonOptions(KubernetesOptions, frozen=True, kw_only=True):
    """Which object, and how its candidates are told apart."""

    resource: Literal["Experiment", "SeldonDeployment"] = "Experiment"
    """`Experiment` of Core 2, or `SeldonDeployment` of Core 1."""
    candidate: str = "{version}"
    """What the candidate, or the predictor, of a version is called: `fraud-{version}`."""
    versions: dict[str, str] = msgspec.field(default_factory=dict)
    """Version → its candidate's name, where the rule does not fit."""


class Weighted(msgspec.Struct, frozen=True):
    """One candidate, as it stands in its list."""

    name: str
    weight: int | None
    """None where none is written."""
    is_shadow: bool = False


class Basis(msgspec.Struct, frozen=True):
    """What a patch depends on."""

    generation: int
    candidates: tuple[Weighted, ...]
    mirror: Weighted | None = None
    """Of an Experiment: who gets a copy, and of how many percent."""


class ExperimentDialect:
    """Core 2: ``spec.candidates[].weight``, relative; ``spec.mirror`` gets a copy of a percentage."""

    kind = "seldon"
    caps = CAPS
    resource = ("mlops.seldon.io/v1alpha1", "experiments")
    basis = Basis

    def __init__(self, naming: Naming) -> None:
        self._naming = naming

    def seen(self, document: Any, cluster: Cluster) -> Seen:
        spec = document["spec"]
        mirror = spec.get("mirror")
        basis = Basis(
            generation=document["metadata"].get("generation", 0),
            candidates=tuple(Weighted(entry["name"], entry.get("weight")) for entry in spec.get("candidates") or ()),
            mirror=Weighted(mirror["name"], mirror.get("percent")) if mirror else None,
        )
        shadow = {self._naming.here(basis.mirror.name): (basis.mirror.weight or 0) / 100} if basis.mirror else {}
        shares = _shares({self._naming.here(entry.name): entry.weight or 0 for entry in basis.candidates})
        detail = {f"weight of {entry.name}": str(entry.weight) for entry in basis.candidates}
        return Seen(Routing(shares=shares, shadow=shadow), ready_phase(document), basis, detail)

    def patch(self, basis: Basis, before: Routing, after: Routing) -> Patch:
        _refuse_headers(after)
        parts = {self._naming.there(version): part for version, part in parts_of(_some(after.shares), _PARTS).items()}
        operations = [must_be("/metadata/generation", basis.generation)]
        operations += _weights("/spec/candidates", "weight", basis.candidates, parts)
        known = {entry.name for entry in basis.candidates}
        operations += [
            put("/spec/candidates/-", {"name": name, "weight": part}, is_there=False)
            for name, part in parts.items()
            if name not in known
        ]
        return Patch([*operations, *self._mirrored(basis.mirror, _some(after.shadow))])

    def _mirrored(self, mirror: Weighted | None, shadow: dict[str, float]) -> list[Operation]:
        if len(shadow) > 1:
            raise Unsupported("an Experiment has one mirror", "Plan a routing with one shadow.")
        wanted = None
        for version, share in shadow.items():
            wanted = {
                "name": self._naming.there(version),
                "percent": parts_of({version: share, "": 1 - share}, 100)[version],
            }
        seen = {"name": mirror.name, "percent": mirror.weight} if mirror else None
        if wanted == seen:
            return []
        change = put("/spec/mirror", wanted, is_there=bool(seen)) if wanted else remove("/spec/mirror")
        return [must_be("/spec/mirror", seen), change] if seen else [change]


class DeploymentDialect:
    """Core 1: ``spec.predictors[].traffic`` in percent; a predictor with ``shadow`` gets a copy of its traffic."""

    kind = "seldon"
    caps = CAPS
    resource = ("machinelearning.seldon.io/v1", "seldondeployments")
    basis = Basis

    def __init__(self, naming: Naming) -> None:
        self._naming = naming

    def seen(self, document: Any, cluster: Cluster) -> Seen:
        entries = document["spec"].get("predictors") or ()
        basis = Basis(
            generation=document["metadata"].get("generation", 0),
            candidates=tuple(
                Weighted(entry["name"], entry.get("traffic"), bool(entry.get("shadow"))) for entry in entries
            ),
        )
        live = [entry for entry in basis.candidates if not entry.is_shadow]
        whole = 100 if len(live) == 1 else 0
        shares = _shares({self._naming.here(entry.name): whole or entry.weight or 0 for entry in live})
        shadow = {
            self._naming.here(entry.name): (100 if entry.weight is None else entry.weight) / 100
            for entry in basis.candidates
            if entry.is_shadow
        }
        detail = {f"traffic of {entry.name}": str(entry.weight) for entry in basis.candidates}
        return Seen(Routing(shares=shares, shadow=shadow), _state_phase(document), basis, detail)

    def patch(self, basis: Basis, before: Routing, after: Routing) -> Patch:
        _refuse_headers(after)
        if _some(after.shadow) != _some(before.shadow):
            raise Unsupported("a predictor becomes a shadow in the manifest only", "Change the SeldonDeployment there.")
        parts = {self._naming.there(version): part for version, part in parts_of(_some(after.shares), 100).items()}
        live = {entry.name for entry in basis.candidates if not entry.is_shadow}
        if missing := parts.keys() - live:
            raise Unsupported(
                f"there is no predictor {', '.join(sorted(missing))}",
                f"Add it to the SeldonDeployment; there is: {', '.join(sorted(live)) or 'none'}.",
            )
        tests = [must_be("/metadata/generation", basis.generation)]
        return Patch([*tests, *_weights("/spec/predictors", "traffic", basis.candidates, parts)])


def _weights(place: str, key: str, entries: tuple[Weighted, ...], parts: dict[str, int]) -> list[Operation]:
    """Tests and changes of every weight; weights that say the same in another unit are left alone."""
    live = {entry.name: entry.weight or 0 for entry in entries if not entry.is_shadow}
    total = sum(live.values())
    wanted = {name: parts.get(name, 0) for name in live}
    is_same = parts.keys() <= live.keys() and all(live[name] * _PARTS == wanted[name] * total for name in live)
    tests: list[Operation] = []
    changes: list[Operation] = []
    for index, entry in enumerate(entries):
        path = f"{place}/{index}/{key}"
        tests.append(must_be(f"{place}/{index}/name", entry.name))
        if entry.weight is not None:
            tests.append(must_be(path, entry.weight))
        if not entry.is_shadow and not is_same and wanted[entry.name] != entry.weight:
            changes.append(put(path, wanted[entry.name], is_there=entry.weight is not None))
    return [*tests, *changes]


def _shares(weights: dict[str, int]) -> dict[str, float]:
    try:
        return {version: share for version, share in shares_of(weights).items() if share > 0}
    except ValueError as error:
        raise Rejected(f"the weights are not understood: {error}", "Mend the object.") from error


def _some(shares: dict[str, float]) -> dict[str, float]:
    return {version: share for version, share in shares.items() if share > 0}


def _refuse_headers(after: Routing) -> None:
    if after.headers:
        raise Unsupported("Seldon routes no headers by weight", "Plan a routing of shares.")


def _state_phase(document: Any) -> TargetPhase:
    phases: dict[str, TargetPhase] = {"Available": "steady", "Creating": "changing", "Failed": "failed"}
    return phases.get((document.get("status") or {}).get("state", ""), "unknown")


def _made(options: SeldonOptions, site: Site) -> Target:
    naming = Naming(options.candidate, options.versions)
    dialect = ExperimentDialect(naming) if options.resource == "Experiment" else DeploymentDialect(naming)
    return KubernetesTarget(dialect, Cluster(options, site), options, site)


KIND = Kind(
    name="seldon",
    about="An Experiment of Seldon Core 2, or a SeldonDeployment of Core 1.",
    options=SeldonOptions,
    make=_made,
    caps=CAPS,
    hazards=(
        "An Experiment becomes active only when all its candidates are ready: until then the old weights serve.",
        "A new candidate names a Model; where there is none of that name the Experiment does not become ready.",
        "A merge patch of others replaces the whole list of candidates.",
        "Unloading a model from an MLServer of one's own unloads all versions of it.",
    ),
    example="""\
target: seldon
options:
  kubeconfig: ~/.kube/config
  namespace: ml
  name: fraud
  resource: Experiment
  candidate: "fraud-{version}"
""",
)

"""How an InferenceService gets from what was seen to what is wanted.

Always true here: each patch tests the generation, which every change of the specification raises and no report of a
status does, and besides that each value that it is about; at most one new version is beside one that serves already.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from opsconsole.releases.targets.base import Unsupported
from opsconsole.releases.targets.kubernetes import Operation, Patch, must_be, put, remove
from opsconsole.releases.targets.naming import Naming
from opsconsole.releases.targets.shares import parts_of
from opsconsole.wire import Routing

_PREDICTOR = "/spec/predictor"
_PERCENT = f"{_PREDICTOR}/canaryTrafficPercent"
_CANARIES = "/spec/canary"


class Canary(msgspec.Struct, frozen=True):
    """One entry of ``spec.canary``."""

    name: str
    percent: int
    place: str
    source: str
    predictor: dict[str, Any]


class Basis(msgspec.Struct, frozen=True):
    """What of an InferenceService a patch depends on."""

    generation: int
    mode: str
    """``Knative``, ``Standard`` or ``unknown``."""
    place: str
    """Where in the predictor its model stands."""
    source: str
    """What stands there."""
    percent: int | None
    """``canaryTrafficPercent``; None where there is none."""
    predictor: dict[str, Any]
    """Of Standard, where a canary begins as a copy of it."""
    canaries: tuple[Canary, ...] | None
    """``spec.canary``; None where there is none."""
    has_canaries: bool
    """Does the installed KServe know ``spec.canary``?"""
    rolled_out: str
    """The version that had all the traffic last, of Knative; empty where it is not told."""


def knative_patch(basis: Basis, before: Routing, after: Routing, naming: Naming) -> Patch:
    shares = _plain_shares(after)
    newest = naming.here(basis.source)
    is_canary = basis.percent is not None and basis.percent < 100
    base = (basis.rolled_out or _other(before, newest)) if is_canary else newest
    match list(shares):
        case [version] if version == newest:
            changes = _set_percent(basis, None)
        case [version] if version == base and is_canary:
            changes = _set_percent(basis, 0)
        case [version]:
            changes = [*_set_source(basis, naming.there(version)), *_set_percent(basis, None)]
        case [_, _] if newest in shares and base in shares and is_canary:
            changes = _set_percent(basis, parts_of(shares, 100)[newest])
        case [_, _] if base in shares:
            (new,) = shares.keys() - {base}
            percent = parts_of(shares, 100)[new]
            changes = [*_set_source(basis, naming.there(new)), *_set_percent(basis, percent)]
        case _:
            raise Unsupported(
                "Knative splits between the newest revision and the last that had everything, "
                f"which is {base or 'not known'}",
                "Plan a routing of that and at most one other version.",
            )
    return Patch([*_same(basis), *changes])


def standard_patch(basis: Basis, before: Routing, after: Routing, naming: Naming) -> Patch:
    shares = _plain_shares(after)
    stable = naming.here(basis.source)
    if len(shares) > 1 and not basis.has_canaries:
        raise Unsupported(
            "this KServe has no weights in this mode: it would pass over canaryTrafficPercent and roll out everything",
            "KServe 0.20 has spec.canary; until then move all the traffic, or deploy by Knative.",
        )
    canaries = {naming.here(canary.source): index for index, canary in enumerate(basis.canaries or ())}
    if list(shares) == [stable]:
        return Patch([*_same(basis), *([] if basis.canaries is None else [remove(_CANARIES)])])
    if len(shares) == 1:
        (version,) = shares
        return Patch([*_same(basis), *_promoted(basis, canaries.get(version), naming.there(version))])
    if stable not in shares:
        raise Unsupported(
            f"{stable} is what the weights are taken from", f"Leave {stable} a share, or promote another."
        )
    return Patch([*_same(basis), *_weighted(basis, canaries, parts_of(shares, 100), stable, naming)])


def _weighted(
    basis: Basis, canaries: dict[str, int], parts: dict[str, int], stable: str, naming: Naming
) -> list[Operation]:
    operations: list[Operation] = []
    entries = basis.canaries or ()
    for version, index in canaries.items():
        place = f"{_CANARIES}/{index}"
        wanted, canary = parts.get(version, 0), entries[index]
        operations += [must_be(f"{place}/predictor{canary.place}", canary.source)]
        operations += [must_be(f"{place}/trafficPercent", canary.percent)]
        if wanted != canary.percent:
            operations += [put(f"{place}/trafficPercent", wanted, is_there=True)]
    new = [version for version in parts if version != stable and version not in canaries]
    if new and basis.canaries is None:
        operations += [put(_CANARIES, [], is_there=False)]
    operations += [
        put(f"{_CANARIES}/-", _canary_of(basis, naming, version, parts[version]), is_there=False) for version in new
    ]
    return operations


def _canary_of(basis: Basis, naming: Naming, version: str, percent: int) -> dict[str, Any]:
    """A canary is given its model alone: KServe takes the rest from the predictor that is there."""
    name = re.sub(r"[^a-z0-9]+", "-", version.lower()).strip("-")
    key, *rest = basis.place.strip("/").split("/")
    if rest != ["storageUri"]:
        raise Unsupported("a canary with a container of its own cannot be made here", "Add it to spec.canary by hand.")
    model = {**basis.predictor[key], "storageUri": naming.there(version)}
    return {"trafficPercent": percent, "predictor": {"name": name, key: model}}


def _promoted(basis: Basis, index: int | None, source: str) -> list[Operation]:
    """A canary takes the place of the predictor, name and all, so that its pods go on; else the model is replaced."""
    if index is None or basis.canaries is None:
        changes = _set_source(basis, source)
        return changes if basis.canaries is None else [*changes, remove(_CANARIES)]
    canary = basis.canaries[index]
    key = canary.place.strip("/").split("/")[0]
    return [
        must_be(f"{_CANARIES}/{index}/predictor{canary.place}", canary.source),
        put(f"{_PREDICTOR}/name", canary.name, is_there="name" in basis.predictor),
        put(f"{_PREDICTOR}/{key}", canary.predictor[key], is_there=key in basis.predictor),
        remove(_CANARIES),
    ]


def _plain_shares(after: Routing) -> dict[str, float]:
    if after.headers or after.shadow:
        raise Unsupported("KServe has neither headers nor shadows", "Plan a routing of shares.")
    return {version: share for version, share in after.shares.items() if share > 0}


def _other(before: Routing, newest: str) -> str:
    return next((version for version in before.shares if version != newest), "")


def _same(basis: Basis) -> list[Operation]:
    return [must_be("/metadata/generation", basis.generation), must_be(_PREDICTOR + basis.place, basis.source)]


def _set_source(basis: Basis, source: str) -> list[Operation]:
    return [put(_PREDICTOR + basis.place, source, is_there=True)]


def _set_percent(basis: Basis, percent: int | None) -> list[Operation]:
    """Tested only where there is one: that it is absent is what the generation says."""
    if percent == basis.percent:
        return []
    if basis.percent is None:
        return [put(_PERCENT, percent, is_there=False)]
    change = remove(_PERCENT) if percent is None else put(_PERCENT, percent, is_there=True)
    return [must_be(_PERCENT, basis.percent), change]

"""Argo Rollouts: a Rollout of the canary strategy, whose steps stand in its specification.

Always true here: a share is not something that can be set. The steps say which shares there are, and what can be done
is to start an image, to let the rollout go on to its next step, to let it skip everything to the end, and to stop it;
what is asked beyond that is refused, with what would be possible. Stopping is possible in every state: while a full
promotion is on its way, which would win over ``abort``, the old image is specified again instead.

A version is the image of a container.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec

from opsconsole.releases.targets.base import AuthFailed, Kind, Rejected, Site, Target, Unsupported
from opsconsole.releases.targets.kubernetes import (
    Cluster,
    KubernetesOptions,
    KubernetesTarget,
    Operation,
    Patch,
    Seen,
    must_be,
    put,
    remove,
)
from opsconsole.releases.targets.naming import Naming
from opsconsole.releases.targets.shares import parts_of
from opsconsole.wire import Caps, Routing, TargetPhase

_HASH = "rollouts-pod-template-hash"
_PHASES: dict[str, TargetPhase] = {
    "Healthy": "steady",
    "Progressing": "changing",
    "Paused": "steady",
    "Degraded": "failed",
}

CAPS = Caps(
    split=True,
    dry_run=True,
    guarding="cas",
    weight_unit="percent",
    tested_against="vendor schema: as written down by us from Argo Rollouts' types and the patches of its kubectl "
    "plug-in; no controller ran",
)


class ArgoOptions(KubernetesOptions, frozen=True, kw_only=True):
    """Which Rollout, and how its images are told apart."""

    image: str = "{version}"
    """The image of a version: `registry.example.com/fraud:{version}`."""
    versions: dict[str, str] = msgspec.field(default_factory=dict)
    """Version → its image, where the rule does not fit."""
    container: str = ""
    """The container that serves; else the first."""


class Basis(msgspec.Struct, frozen=True):
    """What a patch depends on."""

    container: int
    image: str
    stable_image: str
    """Empty where the stable ReplicaSet cannot be read."""
    stable_hash: str
    current_hash: str
    weights: tuple[int, ...]
    """Percent after each step: what the last ``setWeight`` up to it says."""
    step: int | None
    """Index of the step that is due; None where there are no steps, or nothing to do."""
    is_paused: bool
    """By a step, or by ``spec.paused``."""
    is_paused_by_spec: bool
    is_aborted: bool
    is_promoted_in_full: bool

    @property
    def is_rolling(self) -> bool:
        return self.stable_hash != self.current_hash


class ArgoDialect:
    kind = "argo"
    caps = CAPS
    resource = ("argoproj.io/v1alpha1", "rollouts")
    basis = Basis

    def __init__(self, options: ArgoOptions) -> None:
        self._options = options
        self._naming = Naming(options.image, options.versions)

    def seen(self, document: Any, cluster: Cluster) -> Seen:
        spec, status = document["spec"], document.get("status") or {}
        containers = ((spec.get("template") or {}).get("spec") or {}).get("containers") or []
        index = self._container(containers)
        image = containers[index]["image"]
        basis = Basis(
            container=index,
            image=image,
            stable_image=image if status.get("stableRS") == status.get("currentPodHash") else "",
            stable_hash=status.get("stableRS", ""),
            current_hash=status.get("currentPodHash", ""),
            weights=_weights((spec.get("strategy") or {}).get("canary")),
            step=status.get("currentStepIndex"),
            is_paused=bool(status.get("pauseConditions") or spec.get("paused")),
            is_paused_by_spec=bool(spec.get("paused")),
            is_aborted=bool(status.get("abort")),
            is_promoted_in_full=bool(status.get("promoteFull")),
        )
        if basis.is_rolling:
            basis = msgspec.structs.replace(basis, stable_image=self._image_of(basis.stable_hash, cluster))
        shares, source = self._shares(basis, status)
        detail = {
            "phase": ": ".join(filter(None, (status.get("phase", "unknown"), status.get("message")))),
            "shares": source,
            "step": f"{basis.step} of {len(basis.weights)}: {', '.join(f'{weight} %' for weight in basis.weights)}",
            "stable": f"{basis.stable_hash} {basis.stable_image}",
            "specified": f"{basis.current_hash} {basis.image}",
        }
        return Seen(Routing(shares=shares), self._phase(document, basis), basis, detail)

    def patch(self, basis: Basis, before: Routing, after: Routing) -> Patch:
        if after.headers or after.shadow:
            raise Unsupported("what a Rollout does by header stands in its steps", "Plan a routing of shares.")
        wanted = {version: share for version, share in after.shares.items() if share > 0}
        new, stable = self._naming.here(basis.image), self._naming.here(basis.stable_image or basis.stable_hash)
        if basis.is_rolling and list(wanted) == [stable]:
            return self._stopped(basis)
        if basis.is_rolling and list(wanted) == [new]:
            return self._promoted(basis)
        if basis.is_rolling and wanted.keys() == {new, stable}:
            return self._advanced(basis, parts_of(wanted, 100)[new])
        if not basis.is_rolling and list(wanted) == [new]:
            return Patch(_image_is(basis))
        others = wanted.keys() - {stable}
        if len(others) == 1 and not basis.is_rolling:
            (version,) = others
            return self._started(basis, version, parts_of(wanted, 100)[version])
        raise Unsupported(
            f"a Rollout has its stable version and one more: {stable or 'unknown'} and {new}",
            "Promote or stop what is rolling out first.",
        )

    def _stopped(self, basis: Basis) -> Patch:
        if basis.is_promoted_in_full or basis.is_aborted:
            if not basis.stable_image:
                raise Unsupported("the stable image is not known", "Let the daemon read ReplicaSets.")
            path = _image_path(basis)
            return Patch([*_image_is(basis), put(path, basis.stable_image, is_there=True)])
        return Patch([*_hashes_are(basis), put("/status/abort", value=True, is_there=False)], "/status")

    def _promoted(self, basis: Basis) -> Patch:
        if basis.is_aborted:
            raise Unsupported(
                "this rollout was stopped: promoting it would be acknowledged and do nothing until it is tried again",
                "`kubectl argo rollouts retry rollout` first.",
            )
        changes = [] if basis.is_promoted_in_full else [put("/status/promoteFull", value=True, is_there=False)]
        return Patch([*_hashes_are(basis), *changes], "/status")

    def _advanced(self, basis: Basis, percent: int) -> Patch:
        """Let a paused rollout go on: to the next weight in its steps, which is the only one that it can have next."""
        step = basis.step or 0
        coming = next((weight for weight in basis.weights[step + 1 :] if weight != basis.weights[step]), 100)
        if not basis.is_paused or basis.is_aborted or percent != coming:
            state = "stopped" if basis.is_aborted else "paused" if basis.is_paused else "not paused"
            raise Unsupported(
                f"the shares stand in the Rollout's steps; it is {state}, and {coming} % come next, not {percent} %",
                f"Plan {coming} % while it is paused, promote it, or stop it.",
            )
        if basis.is_paused_by_spec:
            return Patch([*_image_is(basis), must_be("/spec/paused", True), put("/spec/paused", False, is_there=True)])
        tests = [*_hashes_are(basis), must_be("/status/currentStepIndex", step)]
        return Patch([*tests, remove("/status/pauseConditions")], "/status")

    def _started(self, basis: Basis, version: str, percent: int) -> Patch:
        """A new image. All the traffic at once is never refused, because going back must not be: steps come first."""
        first = basis.weights[0] if basis.weights else 100
        if percent not in (first, 100):
            raise Unsupported(
                f"the shares stand in the Rollout's steps: it begins with {first} %, not {percent} %",
                f"Plan {first} %, or change its steps.",
            )
        return Patch([*_image_is(basis), put(_image_path(basis), self._naming.there(version), is_there=True)])

    def _container(self, containers: list[Any]) -> int:
        for index, container in enumerate(containers):
            if self._options.container in ("", container.get("name")):
                return index
        raise Rejected(
            f"the Rollout has no container {self._options.container or 'of its own'}",
            "Correct `container`; a Rollout with a workloadRef keeps its template elsewhere and is not supported.",
        )

    def _image_of(self, template_hash: str, cluster: Cluster) -> str:
        """The image of a ReplicaSet; empty where it cannot be read."""
        path = f"/apis/apps/v1/namespaces/{cluster.namespace}/replicasets?labelSelector="
        try:
            found = cluster.get(path + quote(f"{_HASH}={template_hash}"))["items"]
            containers = found[0]["spec"]["template"]["spec"]["containers"]
            return str(containers[self._container(containers)]["image"])
        except (AuthFailed, Rejected, KeyError, IndexError, TypeError):
            return ""

    def _shares(self, basis: Basis, status: Any) -> tuple[dict[str, float], str]:
        new, stable = self._naming.here(basis.image), self._naming.here(basis.stable_image or basis.stable_hash)
        if not basis.stable_hash or not basis.is_rolling:
            return {new: 1.0}, "one version"
        reported = (((status.get("canary") or {}).get("weights") or {}).get("canary") or {}).get("weight")
        step = min(basis.step or 0, len(basis.weights) - 1)
        weight = reported if reported is not None else basis.weights[step] if basis.weights else 0
        weight = 0 if basis.is_aborted and reported is None else weight
        shares = {stable: 1 - weight / 100, new: weight / 100}
        source = "reported by the router" if reported is not None else "as its step says: no router reports them"
        return {version: share for version, share in shares.items() if share > 0}, source

    def _phase(self, document: Any, basis: Basis) -> TargetPhase:
        status = document.get("status") or {}
        observed, generation = status.get("observedGeneration"), document["metadata"].get("generation")
        if observed is not None and str(observed) != str(generation):
            return "changing"
        if basis.is_aborted and status.get("phase") == "Degraded":
            return "rolling back" if basis.is_rolling and _has_canary_traffic(status) else "failed"
        return _PHASES.get(status.get("phase", ""), "unknown")


def _has_canary_traffic(status: Any) -> bool:
    return bool((((status.get("canary") or {}).get("weights") or {}).get("canary") or {}).get("weight"))


def _weights(canary: Any) -> tuple[int, ...]:
    """The weight that is in force after each step. Raises Unsupported for other strategies."""
    if canary is None:
        raise Rejected("this Rollout is not of the canary strategy", "Blue-green has no shares: use Argo's own tools.")
    weights: list[int] = []
    for step in canary.get("steps") or ():
        weights.append(step.get("setWeight", weights[-1] if weights else 0))
    return tuple(weights)


def _image_path(basis: Basis) -> str:
    return f"/spec/template/spec/containers/{basis.container}/image"


def _image_is(basis: Basis) -> list[Operation]:
    return [must_be(_image_path(basis), basis.image)]


def _hashes_are(basis: Basis) -> list[Operation]:
    return [must_be("/status/currentPodHash", basis.current_hash), must_be("/status/stableRS", basis.stable_hash)]


def _made(options: ArgoOptions, site: Site) -> Target:
    return KubernetesTarget(ArgoDialect(options), Cluster(options, site), options, site)


KIND = Kind(
    name="argo",
    about="A Rollout of Argo Rollouts, of the canary strategy.",
    options=ArgoOptions,
    make=_made,
    caps=CAPS,
    hazards=(
        "Shares stand in the steps of the specification: only the next one can be asked for.",
        "After a stop the specification still names the new image: a retry, or whoever applies it, goes on with it.",
        "Promoting skips analysis and pauses; while that is on its way a stop would be ignored, so the old image is "
        "specified again instead.",
        "Going back after a rollout has ended sets the image and nothing else of the template, and begins with the "
        "first step unless rollbackWindow lets it skip them: going back once more then promotes it in full.",
        "What is changed here is not in git: a GitOps controller may put it back.",
    ),
    example="""\
target: argo
options:
  kubeconfig: ~/.kube/config
  namespace: ml
  name: fraud
  container: model
  image: "registry.example.com/fraud:{version}"
""",
)

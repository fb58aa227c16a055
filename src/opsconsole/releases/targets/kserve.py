"""KServe: an InferenceService, its model, and the share of a canary.

Always true here: how the service is deployed is found out before anything is planned, because the two ways split
traffic by different fields and the wrong one is passed over in silence, which would roll out everything at once:

- Knative (``Serverless``): ``predictor.canaryTrafficPercent`` is the share of the newest revision; the rest goes to the
  last revision that had everything. No field: the newest gets everything. 0: everything goes back, without a restart.
- Standard (``RawDeployment``): ``spec.canary[]``, named predictors with a share each, from KServe 0.20 on; before that
  there is no split at all.

A version is where its model is: ``storageUri``, or the image of a predictor with a container of its own.
"""

from __future__ import annotations

import json
from typing import Any, Literal

import msgspec

from opsconsole.releases.targets.base import AuthFailed, Kind, Rejected, Site, Target, TargetError, Unsupported
from opsconsole.releases.targets.kserve_patches import Basis, Canary, knative_patch, standard_patch
from opsconsole.releases.targets.kubernetes import (
    Cluster,
    KubernetesOptions,
    KubernetesTarget,
    Patch,
    Seen,
    pointer,
    ready_phase,
)
from opsconsole.releases.targets.naming import Naming
from opsconsole.wire import Caps, Routing

_SOURCE = "internal.serving.kserve.io/storage-initializer-sourceuri"
"""Annotation of a Knative revision: where its model came from."""
_MODE = "serving.kserve.io/deploymentMode"
_MODES: dict[str, Literal["Knative", "Standard"]] = {
    "Knative": "Knative",
    "Serverless": "Knative",
    "Standard": "Standard",
    "RawDeployment": "Standard",
}
_CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/inferenceservices.serving.kserve.io"

CAPS = Caps(
    split=True,
    dry_run=True,
    guarding="cas",
    weight_unit="percent",
    tested_against="recorded kube-apiserver 1.20 exchanges; vendor schema: as written down by us from "
    "KServe's own types; no controller ran",
)


class KserveOptions(KubernetesOptions, frozen=True, kw_only=True):
    """Which InferenceService, and how its models are told apart."""

    model: str = "{version}"
    """Where a version's model is: `s3://models/fraud/{version}`."""
    versions: dict[str, str] = msgspec.field(default_factory=dict)
    """Version → where its model is, where the rule does not fit."""
    mode: Literal["auto", "Knative", "Standard"] = "auto"
    """How it is deployed: `Knative` (once `Serverless`) or `Standard` (once `RawDeployment`); `auto` finds out."""
    controller_namespace: str = "kserve"
    """Where KServe keeps its configuration, which says how services are deployed that do not say it themselves."""


class KserveDialect:
    kind = "kserve"
    caps = CAPS
    resource = ("serving.kserve.io/v1beta1", "inferenceservices")
    basis = Basis

    def __init__(self, options: KserveOptions) -> None:
        self._options = options
        self._naming = Naming(options.model, options.versions)
        self._schema_has_canary: bool | None = None

    def seen(self, document: Any, cluster: Cluster) -> Seen:
        predictor = document["spec"].get("predictor") or {}
        place, source = _model_of(predictor)
        mode, why = self._mode(document, cluster)
        canaries = document["spec"].get("canary")
        basis = Basis(
            generation=document["metadata"].get("generation", 0),
            mode=mode,
            place=place,
            source=source,
            percent=predictor.get("canaryTrafficPercent"),
            predictor=predictor if mode == "Standard" else {},
            canaries=_canaries(canaries) if mode == "Standard" and canaries is not None else None,
            has_canaries=mode == "Standard" and (canaries is not None or self._knows_canaries(cluster)),
            rolled_out="",
        )
        detail = {"deployed by": f"{mode} ({why})", "model": source}
        if mode == "Knative":
            shares, more, rolled_out = self._revisions(document, basis, cluster)
            basis = msgspec.structs.replace(basis, rolled_out=rolled_out)
        else:
            shares, more = self._specified(basis), {"shares": "as specified: this mode reports none"}
        phase = "mixed" if not shares else ready_phase(document)
        return Seen(Routing(shares=shares), phase, basis, detail | more)

    def patch(self, basis: Basis, before: Routing, after: Routing) -> Patch:
        make = {"Knative": knative_patch, "Standard": standard_patch}.get(basis.mode)
        if make is None:
            raise Unsupported(
                "how it is deployed cannot be found out, and the wrong field would roll out everything at once",
                "Set `mode`, or let the daemon read KServe's configuration.",
            )
        return make(basis, before, after, self._naming)

    def _mode(self, document: Any, cluster: Cluster) -> tuple[str, str]:
        """The mode and where it is said, in KServe's own order: status, annotation, configuration."""
        if self._options.mode != "auto":
            return self._options.mode, "configured here"
        status = document.get("status") or {}
        says = (
            ("status", status.get("deploymentMode")),
            ("annotation", (document["metadata"].get("annotations") or {}).get(_MODE)),
            ("revisions", "Knative" if _predictor(status).get("latestReadyRevision") else None),
        )
        for where, word in says:
            if word:
                return _MODES.get(word, "unknown"), f"{word} by its {where}"
        path = f"/api/v1/namespaces/{self._options.controller_namespace}/configmaps/inferenceservice-config"
        try:
            word = json.loads(cluster.get(path)["data"]["deploy"])["defaultDeploymentMode"]
        except (AuthFailed, Rejected, KeyError, TypeError, ValueError) as error:
            return "unknown", f"KServe's configuration cannot be read: {_first_words(error)}"
        return _MODES.get(word, "unknown"), f"{word} by KServe's configuration"

    def _knows_canaries(self, cluster: Cluster) -> bool:
        """Does the installed KServe have ``spec.canary``? Where that cannot be read, no.

        The schema is more than a megabyte, so it is read once: an upgrade is noticed when the daemon starts anew.
        """
        if self._schema_has_canary is None:
            try:
                versions = cluster.get(_CRD)["spec"]["versions"]
            except (AuthFailed, Rejected, KeyError, TypeError):
                return False
            schemas = (version.get("schema", {}).get("openAPIV3Schema", {}) for version in versions)
            specs = [schema.get("properties", {}).get("spec", {}).get("properties", {}) for schema in schemas]
            self._schema_has_canary = any("canary" in properties for properties in specs)
        return self._schema_has_canary

    def _revisions(self, document: Any, basis: Basis, cluster: Cluster) -> tuple[dict[str, float], dict[str, str], str]:
        """Shares by what each revision serves, words on them, and the version that had everything last."""
        predictor = _predictor(document.get("status") or {})
        shares: dict[str, float] = {}
        detail: dict[str, str] = {}
        rolled_out = ""
        for entry in predictor.get("traffic") or ():
            revision = entry.get("revisionName", "")
            version = self._version_of(revision, entry, predictor, basis, cluster)
            percent = entry.get("percent") or 0
            detail[f"revision {revision}"] = (
                f"{version}, {percent} %{', previous' if entry.get('tag') == 'prev' else ''}"
            )
            if percent:
                shares[version] = shares.get(version, 0.0) + percent / 100
            if revision == predictor.get("latestRolledoutRevision"):
                rolled_out = version
        return shares, detail, rolled_out

    def _version_of(self, revision: str, entry: Any, predictor: Any, basis: Basis, cluster: Cluster) -> str:
        try:
            found = cluster.get(f"/apis/serving.knative.dev/v1/namespaces/{cluster.namespace}/revisions/{revision}")
            annotations = found["metadata"].get("annotations") or {}
            return self._naming.here(annotations.get(_SOURCE) or found["spec"]["containers"][0]["image"])
        except (AuthFailed, Rejected, KeyError, IndexError, TypeError):
            # Without the right to look at revisions only the newest can be named, while it is what is specified.
            is_newest = entry.get("latestRevision") and revision == predictor.get("latestCreatedRevision", revision)
            return self._naming.here(basis.source) if is_newest else revision

    def _specified(self, basis: Basis) -> dict[str, float]:
        shares = {self._naming.here(canary.source): canary.percent / 100 for canary in basis.canaries or ()}
        shares[self._naming.here(basis.source)] = 1 - sum(shares.values())
        return {version: share for version, share in shares.items() if share > 0}


def _predictor(status: Any) -> Any:
    return (status.get("components") or {}).get("predictor") or {}


def _model_of(predictor: Any) -> tuple[str, str]:
    """Where in a predictor its model stands (a JSON pointer), and what stands there."""
    for key, value in predictor.items():
        if isinstance(value, dict) and isinstance(value.get("storageUri"), str):
            return pointer(key, "storageUri"), value["storageUri"]
    containers = predictor.get("containers") or ()
    if containers and containers[0].get("image"):
        return pointer("containers", 0, "image"), containers[0]["image"]
    raise Rejected("the predictor names neither a storageUri nor an image", "Such a service cannot be told apart here.")


def _canaries(entries: Any) -> tuple[Canary, ...]:
    made = []
    for entry in entries:
        predictor = entry.get("predictor") or {}
        place, source = _model_of(predictor)
        percent = entry.get("trafficPercent", 0)
        made.append(
            Canary(name=predictor.get("name", ""), percent=percent, place=place, source=source, predictor=predictor)
        )
    return tuple(made)


def _first_words(error: Exception) -> str:
    return error.message if isinstance(error, TargetError) else type(error).__name__


def _made(options: KserveOptions, site: Site) -> Target:
    return KubernetesTarget(KserveDialect(options), Cluster(options, site), options, site)


KIND = Kind(
    name="kserve",
    about="An InferenceService of KServe.",
    options=KserveOptions,
    make=_made,
    caps=CAPS,
    hazards=(
        "Deployed as Standard (RawDeployment), KServe before 0.20 passes over canaryTrafficPercent in silence and "
        "rolls out everything at once: weights are refused there.",
        "After going back with canaryTrafficPercent 0 the specification still names the new model: whoever applies it "
        "without that field rolls it out to everybody.",
        "Canaries one after the other can mix up which revision is the previous one: compare the revisions' names.",
        "Traffic moves when the new revision is ready, minutes after the API server has acknowledged.",
    ),
    example="""\
target: kserve
options:
  kubeconfig: ~/.kube/config
  namespace: ml
  name: fraud
  model: "s3://models/fraud/{version}"
""",
)

"""The KServe target: against the API server that the recordings prove and a controller that does as KServe's."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import pytest
from apiserver import ApiServer
from clusters import every_answer, hold_to_its_meaning, made, on_cluster
from loopback import Asked, Loopback, Said

from opsconsole.releases.targets.base import (
    Conflict,
    Indeterminate,
    Rejected,
    Target,
    TargetError,
    Unsupported,
)
from opsconsole.releases.targets.kserve import KIND, KserveOptions
from opsconsole.wire import Routing

SERVICE = "/apis/serving.kserve.io/v1beta1/namespaces/ml/inferenceservices/fraud"
REVISIONS = "/apis/serving.knative.dev/v1/namespaces/ml/revisions"
CONFIG = "/api/v1/namespaces/kserve/configmaps/inferenceservice-config"
CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/inferenceservices.serving.kserve.io"
SOURCE = "internal.serving.kserve.io/storage-initializer-sourceuri"
V1, V2, V3 = (Routing(shares={f"v{n}": 1.0}) for n in (1, 2, 3))


def split(**shares: float) -> Routing:
    return Routing(shares=shares)


def uri(version: str) -> str:
    return f"s3://models/fraud/{version}"


def model(version: str) -> dict[str, Any]:
    return {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": uri(version)}}


class Knative(ApiServer):
    """With KServe's controller for Knative: a revision for each model, traffic as its ``createKnativeService`` says."""

    def __init__(self, failing: Any = None) -> None:
        super().__init__(failing=failing)
        self.put(CONFIG, {"data": {"deploy": '{"defaultDeploymentMode": "Serverless"}'}})
        self.put(SERVICE, {"kind": "InferenceService", "metadata": {}, "spec": {"predictor": model("v1")}})
        self.rolled_out = ""
        self.reconcile()

    def reconcile(self) -> None:
        predictor = self.objects[SERVICE]["spec"]["predictor"]
        source = predictor["model"]["storageUri"]
        revisions = [path for path in self.objects if path.startswith(REVISIONS)]
        if not revisions or self.objects[revisions[-1]]["metadata"]["annotations"][SOURCE] != source:
            name = f"fraud-predictor-{len(revisions) + 1:05}"
            self.put(f"{REVISIONS}/{name}", {"metadata": {"annotations": {SOURCE: source}}, "spec": {}})
            revisions.append(f"{REVISIONS}/{name}")
        latest = revisions[-1].rpartition("/")[2]
        percent = predictor.get("canaryTrafficPercent")
        if percent is None or not self.rolled_out:
            percent = 100
        traffic = [{"latestRevision": True, "percent": percent, "revisionName": latest}]
        if percent < 100:
            rest = {"latestRevision": False, "percent": 100 - percent, "revisionName": self.rolled_out, "tag": "prev"}
            traffic.append(rest)
        else:
            self.rolled_out = latest
        component = {"latestCreatedRevision": latest, "latestReadyRevision": latest, "traffic": traffic}
        self.report(
            SERVICE,
            {
                "conditions": [{"type": "Ready", "status": "True"}],
                "components": {"predictor": component | {"latestRolledoutRevision": self.rolled_out}},
                "observedGeneration": self.objects[SERVICE]["metadata"]["generation"],
            },
        )


class Standard(ApiServer):
    """A service that is deployed by Deployments, of a KServe with or without ``spec.canary``."""

    def __init__(self, *, has_canary: bool) -> None:
        super().__init__()
        properties = {"predictor": {}, **({"canary": {}} if has_canary else {})}
        schema = {"openAPIV3Schema": {"properties": {"spec": {"properties": properties}}}}
        self.put(CRD, {"spec": {"versions": [{"name": "v1beta1", "schema": schema}]}})
        self.put(CONFIG, {"data": {"deploy": '{"defaultDeploymentMode": "RawDeployment"}'}})
        self.put(SERVICE, {"kind": "InferenceService", "metadata": {}, "spec": {"predictor": model("v1")}})


def on(url: str, **options: Any) -> Target:
    settings = KserveOptions(server=url, namespace="ml", name="fraud", model=uri("{version}"), **options)
    return made(KIND, settings)


def cluster(fake: ApiServer, **options: Any) -> AbstractContextManager[tuple[Target, Loopback]]:
    return on_cluster(fake, partial(on, **options))


def patched(there: Loopback) -> list[dict[str, Any]]:
    """The operations of the last patch, without its tests."""
    operations = there.writes()[-1].document
    assert operations[0] == {"op": "test", "path": "/metadata/generation", "value": operations[0]["value"]}
    return [operation for operation in operations if operation["op"] != "test"]


def test_a_canary_is_started_widened_taken_back_and_promoted() -> None:
    fake = Knative()
    with cluster(fake) as (target, there):

        def go(after: Routing) -> list[dict[str, Any]]:
            before = target.read()
            (shown,) = target.requests(before, after)
            target.apply(before, after, "op-1")
            sent = there.writes()[-1]
            assert (shown.method, shown.where) == (sent.method, there.url + sent.path)
            assert json.loads(shown.body.splitlines()[-1]) == sent.document
            fake.reconcile()
            assert target.read().routing == after
            return patched(there)

        assert target.read().routing == V1
        percent = "/spec/predictor/canaryTrafficPercent"
        source = "/spec/predictor/model/storageUri"
        assert go(split(v2=0.1, v1=0.9)) == [
            {"op": "replace", "path": source, "value": uri("v2")},
            {"op": "add", "path": percent, "value": 10},
        ]
        assert go(split(v2=0.5, v1=0.5)) == [{"op": "replace", "path": percent, "value": 50}]
        assert go(V1) == [{"op": "replace", "path": percent, "value": 0}], "going back needs nothing to be loaded"
        assert go(split(v2=0.25, v1=0.75)) == [{"op": "replace", "path": percent, "value": 25}]
        assert go(V2) == [{"op": "remove", "path": percent}]
        assert go(V1) == [{"op": "replace", "path": source, "value": uri("v1")}]


def test_after_a_taken_back_canary_another_can_be_started() -> None:
    fake = Knative()
    with cluster(fake) as (target, there):
        for after in (split(v2=0.1, v1=0.9), V1, split(v3=0.2, v1=0.8)):
            target.apply(target.read(), after, "op-1")
            fake.reconcile()
            assert target.read().routing == after
        assert {operation["value"] for operation in patched(there)} == {uri("v3"), 20}


def test_what_serves_is_named_by_revision_and_by_where_its_model_is() -> None:
    fake = Knative()
    with cluster(fake) as (target, _):
        target.apply(target.read(), split(v2=0.1, v1=0.9), "op-1")
        assert target.read().phase == "changing", "the controller has not seen it yet"
        fake.reconcile()
        state = target.read()
    assert state.phase == "steady"
    assert state.detail["revision fraud-predictor-00002"] == "v2, 10 %"
    assert state.detail["revision fraud-predictor-00001"] == "v1, 90 %, previous"
    assert state.detail["model"] == uri("v2")
    assert "Knative" in state.detail["deployed by"]


def test_without_the_right_to_look_at_revisions_the_previous_one_keeps_its_own_name() -> None:
    def failing(asked: Asked) -> Said | None:
        return (403, {"message": "forbidden"}) if "/revisions/" in asked.path else None

    fake = Knative()
    with cluster(fake) as (target, there):
        target.apply(target.read(), split(v2=0.1, v1=0.9), "op-1")
        fake.reconcile()
        fake.failing = failing
        before = target.read()
        assert before.routing == Routing(shares={"v2": 0.1, "fraud-predictor-00001": 0.9})
        target.apply(before, Routing(shares={"fraud-predictor-00001": 1.0}), "op-2")
        assert patched(there) == [{"op": "replace", "path": "/spec/predictor/canaryTrafficPercent", "value": 0}]


# How it is deployed ---------------------------------------------------------------------------------------------------


def test_weights_are_refused_where_they_would_be_passed_over_in_silence() -> None:
    with cluster(Standard(has_canary=False)) as (target, there):
        before = target.read()
        assert before.routing == V1
        with pytest.raises(Unsupported, match="roll out everything"):
            target.requests(before, split(v1=0.9, v2=0.1))
        with pytest.raises(Unsupported):
            target.apply(before, split(v1=0.9, v2=0.1), "op-1")
        assert there.writes() == []
        target.apply(before, V2, "op-2")
        assert patched(there) == [{"op": "replace", "path": "/spec/predictor/model/storageUri", "value": uri("v2")}]


def test_a_standard_deployment_has_named_canaries_where_kserve_knows_them() -> None:
    fake = Standard(has_canary=True)
    with cluster(fake) as (target, _):

        def go(after: Routing) -> Any:
            target.apply(target.read(), after, "op-1")
            assert target.read().routing == after
            return fake.objects[SERVICE]["spec"]

        spec = go(split(v2=0.25, v1=0.75))
        assert spec["canary"] == [{"trafficPercent": 25, "predictor": {"name": "v2", **model("v2")}}]
        assert go(split(v2=0.5, v3=0.25, v1=0.25))["canary"][1]["predictor"]["name"] == "v3"
        assert go(V2) == {"predictor": {"name": "v2", **model("v2")}}, "the canary's pods go on under its name"
        assert go(split(v3=0.1, v2=0.9))["predictor"]["name"] == "v2"
        assert go(V2) == {"predictor": {"name": "v2", **model("v2")}}


@pytest.mark.parametrize(
    ("status", "annotation", "configuration", "word"),
    [
        ("Standard", "Serverless", "Serverless", "Standard (Standard by its status)"),
        (None, "RawDeployment", "Serverless", "Standard (RawDeployment by its annotation)"),
        (None, None, "Knative", "Knative (Knative by KServe's configuration)"),
        (None, "ModelMesh", "Knative", "unknown (ModelMesh by its annotation)"),
        (None, None, None, "unknown (KServe's configuration cannot be read"),
    ],
)
def test_the_mode_is_found_as_kserve_finds_it(
    status: str | None, annotation: str | None, configuration: str | None, word: str
) -> None:
    fake = Standard(has_canary=False)
    del fake.objects[CONFIG]
    if configuration:
        fake.put(CONFIG, {"data": {"deploy": f'{{"defaultDeploymentMode": "{configuration}"}}'}})
    if annotation:
        annotations = {"serving.kserve.io/deploymentMode": annotation}
        fake.change(SERVICE, lambda document: document["metadata"].update(annotations=annotations))
    if status:
        fake.report(SERVICE, {"deploymentMode": status})
    with cluster(fake) as (target, _):
        state = target.read()
        assert state.detail["deployed by"].startswith(word)
        if word.startswith("unknown"):
            with pytest.raises(Unsupported, match="cannot be found out"):
                target.requests(state, split(v1=0.9, v2=0.1))
    with cluster(fake, mode="Knative") as (target, _):
        assert target.read().detail["deployed by"] == "Knative (configured here)"


@pytest.mark.parametrize(
    "after",
    [
        split(v2=0.1, v3=0.9),
        split(v1=0.4, v2=0.3, v3=0.3),
        split(v1=0.999, v2=0.001),
        Routing(shares={"v1": 1.0}, shadow={"v2": 0.1}),
        Routing(shares={"v1": 1.0}, headers={"X-Canary: 1": "v2"}),
        V1,
    ],
)
def test_what_knative_cannot_do_is_refused_and_nothing_is_sent(after: Routing) -> None:
    with cluster(Knative()) as (target, there):
        before = target.read()
        with pytest.raises(Unsupported):
            target.requests(before, after)
        with pytest.raises(Unsupported):
            target.apply(before, after, "op-1")
        with pytest.raises(Unsupported):
            target.rehearse(before, after)
        assert there.writes() == []


# The world moves, and fails -----------------------------------------------------------------------------------------


def test_a_rehearsal_says_what_the_api_server_would_make_of_it_and_keeps_nothing() -> None:
    fake = Knative()
    with cluster(fake) as (target, there):
        before = target.read()
        told = target.rehearse(before, split(v2=0.1, v1=0.9))
        assert told.splitlines() == [
            "spec.predictor.canaryTrafficPercent: – → 10",
            f'spec.predictor.model.storageUri: "{uri("v1")}" → "{uri("v2")}"',
        ]
        assert target.read() == before
        assert "dryRun=All" in there.writes()[0].path


def test_a_stale_plan_is_a_conflict_and_sends_nothing() -> None:
    fake = Knative()
    with cluster(fake) as (target, there):
        before = target.read()
        fake.change(SERVICE, lambda document: document["spec"]["predictor"]["model"].update(storageUri=uri("v3")))
        fake.reconcile()
        with pytest.raises(Conflict) as caught:
            target.apply(before, split(v2=0.1, v1=0.9), "op-1")
        assert there.writes() == []
    assert caught.value.found is not None
    assert caught.value.found.routing == V3


def test_a_report_of_the_controller_alone_is_no_conflict() -> None:
    fake = Knative()
    with cluster(fake) as (target, _):
        before = target.read()
        fake.report(SERVICE, fake.objects[SERVICE]["status"] | {"url": "http://fraud.example.com"})
        target.apply(before, split(v2=0.1, v1=0.9), "op-1")


def test_what_changes_between_the_last_look_and_the_patch_is_refused_by_the_api_server() -> None:
    fake = Knative()

    def intrude(asked: Asked) -> Said | None:
        if asked.method == "PATCH":
            fake.failing = None
            fake.change(SERVICE, lambda document: document["spec"]["predictor"].update(minReplicas=3))
        return None

    with cluster(fake) as (target, _):
        before = target.read()
        fake.failing = intrude
        with pytest.raises(Conflict) as caught:
            target.apply(before, split(v2=0.1, v1=0.9), "op-1")
        assert caught.value.found is not None
        assert "canaryTrafficPercent" not in fake.objects[SERVICE]["spec"]["predictor"]


@every_answer
def test_every_answer_has_its_meaning(said: Said, of_read: type[TargetError], of_write: type[TargetError]) -> None:
    after = split(v2=0.1, v1=0.9)
    hold_to_its_meaning(Knative(), partial(on, timeout_s=0.5), after, said, of_read, of_write)


@pytest.mark.parametrize("said", [(200, b"<html>"), (200, {"kind": "Status"})])
def test_an_answer_that_is_no_inference_service_is_rejected(said: Said) -> None:
    fake = Knative()
    with cluster(fake) as (target, _):
        fake.failing = lambda asked: said if asked.method == "GET" else None
        with pytest.raises(Rejected):
            target.read()


def test_a_patch_whose_answer_is_lost_shows_when_it_is_read_back() -> None:
    fake = Knative()

    def cut(asked: Asked) -> Said | None:
        if asked.method != "PATCH":
            return None
        fake.failing = None
        fake(asked)
        return "reset"

    with cluster(fake) as (target, _):
        before = target.read()
        fake.failing = cut
        with pytest.raises(Indeterminate):
            target.apply(before, split(v2=0.1, v1=0.9), "op-1")
        fake.reconcile()
        assert target.read().routing == split(v2=0.1, v1=0.9)

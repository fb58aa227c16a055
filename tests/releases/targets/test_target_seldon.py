"""The Seldon target, both generations of it, against the API server that the recordings prove."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import pytest
from apiserver import ApiServer
from clusters import every_answer, hold_to_its_meaning, made, on_cluster
from hypothesis import given
from hypothesis import strategies as st
from loopback import Asked, Loopback, Said

from opsconsole.releases.targets.base import (
    Conflict,
    Rejected,
    Target,
    TargetError,
    Unsupported,
)
from opsconsole.releases.targets.naming import Naming
from opsconsole.releases.targets.seldon import KIND, Basis, ExperimentDialect, SeldonOptions, Weighted
from opsconsole.releases.targets.shares import same_routing
from opsconsole.wire import Routing

EXPERIMENT = "/apis/mlops.seldon.io/v1alpha1/namespaces/ml/experiments/fraud"
DEPLOYMENT = "/apis/machinelearning.seldon.io/v1/namespaces/ml/seldondeployments/fraud"
HALVES = Routing(shares={"v1": 0.5, "v2": 0.5})


def experiment(**spec: Any) -> dict[str, Any]:
    candidates = [{"name": "fraud-v1", "weight": 90}, {"name": "fraud-v2", "weight": 10}]
    return {"kind": "Experiment", "metadata": {}, "spec": {"default": "fraud-v1", "candidates": candidates, **spec}}


def deployment(*predictors: dict[str, Any]) -> dict[str, Any]:
    two = ({"name": "fraud-v1", "traffic": 90}, {"name": "fraud-v2", "traffic": 10})
    return {"kind": "SeldonDeployment", "metadata": {}, "spec": {"predictors": list(predictors or two)}}


def cluster(fake: ApiServer, resource: Any = "Experiment") -> AbstractContextManager[tuple[Target, Loopback]]:
    return on_cluster(fake, partial(on, resource=resource))


def on(url: str, resource: Any = "Experiment", timeout_s: float = 5.0) -> Target:
    options = SeldonOptions(
        server=url, namespace="ml", name="fraud", resource=resource, candidate="fraud-{version}", timeout_s=timeout_s
    )
    return made(KIND, options)


def having(path: str, document: dict[str, Any]) -> ApiServer:
    fake = ApiServer()
    fake.put(path, document)
    return fake


def test_weights_are_relative_and_become_shares() -> None:
    candidates = [{"name": "fraud-v1", "weight": 3}, {"name": "fraud-v2", "weight": 1}, {"name": "other", "weight": 0}]
    with cluster(having(EXPERIMENT, experiment(candidates=candidates))) as (target, _):
        state = target.read()
    assert state.routing == Routing(shares={"v1": 0.75, "v2": 0.25})
    assert state.detail["weight of other"] == "0"


def test_each_weight_is_tested_with_its_name_and_only_what_differs_is_changed() -> None:
    fake = having(EXPERIMENT, experiment())
    with cluster(fake) as (target, there):
        target.apply(target.read(), HALVES, "op-1")
        assert target.read().routing == HALVES
    assert there.writes()[0].document == [
        {"op": "test", "path": "/metadata/generation", "value": 1},
        {"op": "test", "path": "/spec/candidates/0/name", "value": "fraud-v1"},
        {"op": "test", "path": "/spec/candidates/0/weight", "value": 90},
        {"op": "test", "path": "/spec/candidates/1/name", "value": "fraud-v2"},
        {"op": "test", "path": "/spec/candidates/1/weight", "value": 10},
        {"op": "replace", "path": "/spec/candidates/0/weight", "value": 50},
        {"op": "replace", "path": "/spec/candidates/1/weight", "value": 50},
    ]


def test_a_version_that_gets_nothing_keeps_its_place_and_a_new_one_is_added() -> None:
    fake = having(EXPERIMENT, experiment())
    with cluster(fake) as (target, _):
        target.apply(target.read(), Routing(shares={"v1": 0.8, "v3": 0.2}), "op-1")
        assert target.read().routing == Routing(shares={"v1": 0.8, "v3": 0.2})
    assert fake.objects[EXPERIMENT]["spec"]["candidates"] == [
        {"name": "fraud-v1", "weight": 80},
        {"name": "fraud-v2", "weight": 0},
        {"name": "fraud-v3", "weight": 20},
    ]


def test_a_mirror_is_a_shadow_and_comes_and_goes() -> None:
    fake = having(EXPERIMENT, experiment())
    shares = {"v1": 0.9, "v2": 0.1}
    with cluster(fake) as (target, _):
        for shadow in ({"v3": 0.5}, {"v3": 1.0}, {"v4": 0.25}, {}):
            after = Routing(shares=shares, shadow=shadow)
            target.apply(target.read(), after, "op-1")
            assert target.read().routing == after
        with pytest.raises(Unsupported, match="one mirror"):
            target.requests(target.read(), Routing(shares=shares, shadow={"v3": 0.5, "v4": 0.5}))
    assert "mirror" not in fake.objects[EXPERIMENT]["spec"]


def test_predictors_of_core_one_are_weighted_by_their_traffic() -> None:
    fake = having(DEPLOYMENT, deployment())
    with cluster(fake, "SeldonDeployment") as (target, _):
        assert target.read().routing == Routing(shares={"v1": 0.9, "v2": 0.1})
        target.apply(target.read(), HALVES, "op-1")
        assert target.read().routing == HALVES
        with pytest.raises(Unsupported, match="no predictor fraud-v3"):
            target.requests(target.read(), Routing(shares={"v1": 0.9, "v3": 0.1}))


def test_one_predictor_has_everything_and_a_shadow_is_left_as_it_is() -> None:
    one = {"name": "fraud-v1"}
    shadow = {"name": "fraud-v2", "shadow": True, "traffic": 40}
    with cluster(having(DEPLOYMENT, deployment(one, shadow)), "SeldonDeployment") as (target, _):
        before = target.read()
        assert before.routing == Routing(shares={"v1": 1.0}, shadow={"v2": 0.4})
        with pytest.raises(Unsupported, match="shadow"):
            target.requests(before, Routing(shares={"v1": 1.0}))
        with pytest.raises(Unsupported, match="nothing would change"):
            target.requests(before, before.routing)


@pytest.mark.parametrize(
    ("resource", "path", "status", "phase"),
    [
        ("Experiment", EXPERIMENT, {"conditions": [{"type": "Ready", "status": "True"}]}, "steady"),
        ("Experiment", EXPERIMENT, {"conditions": [{"type": "Ready", "status": "False"}]}, "failed"),
        ("Experiment", EXPERIMENT, {"conditions": [{"type": "Ready", "status": "Unknown"}]}, "changing"),
        ("Experiment", EXPERIMENT, {"observedGeneration": 0}, "changing"),
        ("Experiment", EXPERIMENT, {}, "unknown"),
        ("SeldonDeployment", DEPLOYMENT, {"state": "Available"}, "steady"),
        ("SeldonDeployment", DEPLOYMENT, {"state": "Creating"}, "changing"),
        ("SeldonDeployment", DEPLOYMENT, {"state": "Failed"}, "failed"),
        ("SeldonDeployment", DEPLOYMENT, {}, "unknown"),
    ],
)
def test_the_phase_is_what_the_controller_reports(resource: str, path: str, status: dict[str, Any], phase: str) -> None:
    fake = having(path, experiment() if resource == "Experiment" else deployment())
    fake.report(path, status)
    with cluster(fake, resource) as (target, _):
        assert target.read().phase == phase


@given(
    weights=st.lists(st.integers(0, 1000), min_size=1, max_size=4).filter(any),
    parts=st.lists(st.integers(0, 100), min_size=1, max_size=5).filter(any),
)
def test_any_split_that_can_be_counted_in_percents_is_what_is_read_back(weights: list[int], parts: list[int]) -> None:
    dialect = ExperimentDialect(Naming("fraud-{version}"))
    candidates = [{"name": f"fraud-v{n}", "weight": weight} for n, weight in enumerate(weights)]
    fake = having(EXPERIMENT, experiment(candidates=candidates))
    basis = Basis(1, tuple(Weighted(entry["name"], entry["weight"]) for entry in candidates))  # type: ignore[arg-type]
    total = sum(parts)
    shares = {f"v{n}": part / total for n, part in enumerate(parts)}
    smallest = min(share for share in shares.values() if share > 0)
    after = Routing(shares=shares)
    try:
        patch = dialect.patch(basis, after, after)
    except Unsupported:
        assert smallest < 0.01
        return
    asked = Asked(
        "PATCH", EXPERIMENT, {"content-type": "application/json-patch+json"}, json.dumps(patch.operations).encode()
    )
    said = fake(asked)
    assert said[0] == 200
    seen = dialect.seen(fake.objects[EXPERIMENT], None)  # type: ignore[arg-type]
    assert same_routing(seen.routing, after, 0.01)


def test_what_somebody_else_has_changed_is_a_conflict_before_and_while_it_is_sent() -> None:
    fake = having(EXPERIMENT, experiment())

    def theirs(document: Any) -> None:
        document["spec"]["candidates"][1]["weight"] = 30

    def intrude(asked: Asked) -> Said | None:
        if asked.method == "PATCH":
            fake.failing = None
            fake.change(EXPERIMENT, theirs)
        return None

    with cluster(fake) as (target, there):
        before = target.read()
        fake.failing = intrude
        with pytest.raises(Conflict) as caught:
            target.apply(before, HALVES, "op-1")
        assert caught.value.found is not None
        assert caught.value.found.routing == Routing(shares={"v1": 0.75, "v2": 0.25})
        with pytest.raises(Conflict):
            target.apply(before, HALVES, "op-2")
        assert len(there.writes()) == 1
        assert fake.objects[EXPERIMENT]["spec"]["candidates"][1]["weight"] == 30


def test_what_the_schema_refuses_is_rejected_in_its_words_and_a_rehearsal_keeps_nothing() -> None:
    fake = having(EXPERIMENT, experiment())
    with cluster(fake) as (target, _):
        before = target.read()
        assert target.rehearse(before, HALVES).splitlines() == [
            "spec.candidates[0].weight: 90 → 50",
            "spec.candidates[1].weight: 10 → 50",
        ]
        assert target.read() == before
        fake.checks["experiments"] = lambda _: [{"reason": "x", "message": "too many", "field": "spec.candidates"}]
        with pytest.raises(Rejected, match="too many"):
            target.apply(before, HALVES, "op-1")
        with pytest.raises(Rejected, match="too many"):
            target.rehearse(before, HALVES)


@every_answer
def test_every_answer_has_its_meaning(said: Said, of_read: type[TargetError], of_write: type[TargetError]) -> None:
    fake = having(EXPERIMENT, experiment())
    hold_to_its_meaning(fake, partial(on, timeout_s=0.5), HALVES, said, of_read, of_write)


def test_weights_that_say_nothing_are_rejected() -> None:
    with (
        cluster(having(EXPERIMENT, experiment(candidates=[{"name": "fraud-v1", "weight": 0}]))) as (target, _),
        pytest.raises(Rejected, match="weight"),
    ):
        target.read()

"""The Argo Rollouts target: it sends what Argo's own plug-in would, to an API server that says no when it should."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import pytest
from apiserver import ApiServer
from clusters import every_answer, hold_to_its_meaning, made, on_cluster
from loopback import Asked, Loopback, Said

from opsconsole.releases.targets.argo import KIND, ArgoOptions
from opsconsole.releases.targets.base import (
    Conflict,
    Rejected,
    Target,
    TargetError,
    Unsupported,
)
from opsconsole.wire import Routing

ROLLOUT = "/apis/argoproj.io/v1alpha1/namespaces/ml/rollouts/fraud"
SETS = "/apis/apps/v1/namespaces/ml/replicasets"
IMAGE = "registry.example.com/fraud:"
STEPS: list[dict[str, Any]] = [{"setWeight": 20}, {"pause": {}}, {"setWeight": 40}, {"pause": {"duration": "10m"}}]
V1, V2, V3 = (Routing(shares={f"v{n}": 1.0}) for n in (1, 2, 3))


def template(version: str) -> dict[str, Any]:
    containers = [{"name": "proxy", "image": "proxy:1"}, {"name": "model", "image": IMAGE + version}]
    return {"spec": {"containers": containers}}


def rollout(version: str, stable: str, *, weight: int | None = None, spec: Any = None, **status: Any) -> ApiServer:
    """A Rollout whose specification is of one version while another is stable, with their ReplicaSets."""
    fake = ApiServer()
    for name in {version, stable}:
        labels = {"rollouts-pod-template-hash": f"hash-{name}"}
        fake.put(f"{SETS}/fraud-{name}", {"metadata": {"labels": labels}, "spec": {"template": template(name)}})
    strategy = {"canary": {"steps": STEPS}}
    fake.put(ROLLOUT, {"metadata": {}, "spec": {"strategy": strategy, "template": template(version), **(spec or {})}})
    reported = {"canary": {"weights": {"canary": {"weight": weight}}}} if weight is not None else {}
    hashes = {"currentPodHash": f"hash-{version}", "stableRS": f"hash-{stable}"}
    fake.report(ROLLOUT, {"phase": "Healthy", "observedGeneration": "1", **hashes, **reported, **status})
    return fake


def paused(step: int = 1, weight: int | None = 20, **status: Any) -> ApiServer:
    conditions = [{"reason": "CanaryPauseStep"}]
    status = {"phase": "Paused", "currentStepIndex": step, "pauseConditions": conditions, **status}
    return rollout("v2", "v1", weight=weight, **status)


def on(url: str, timeout_s: float = 5.0) -> Target:
    options = ArgoOptions(
        server=url, namespace="ml", name="fraud", image=IMAGE + "{version}", container="model", timeout_s=timeout_s
    )
    return made(KIND, options)


def cluster(fake: ApiServer) -> AbstractContextManager[tuple[Target, Loopback]]:
    return on_cluster(fake, on)


def applied(fake: ApiServer, after: Routing) -> tuple[str, list[dict[str, Any]]]:
    """Where the patch went, and what it changed."""
    with cluster(fake) as (target, there):
        target.apply(target.read(), after, "op-1")
    (sent,) = there.writes()
    return sent.path.partition("?")[0], [operation for operation in sent.document if operation["op"] != "test"]


IMAGE_PATH = "/spec/template/spec/containers/1/image"


def test_a_rollout_that_has_ended_has_one_version() -> None:
    with cluster(rollout("v1", "v1")) as (target, _):
        state = target.read()
    assert (state.routing, state.phase) == (V1, "steady")


def test_what_the_router_reports_are_the_shares_else_what_the_step_says() -> None:
    with cluster(paused(weight=15)) as (target, _):
        assert target.read().routing == Routing(shares={"v1": 0.85, "v2": 0.15})
    with cluster(paused(weight=None)) as (target, _):
        state = target.read()
    assert state.routing == Routing(shares={"v1": 0.8, "v2": 0.2})
    assert "no router" in state.detail["shares"]
    assert state.phase == "steady"


def test_a_new_version_is_started_by_its_image_at_the_share_of_the_first_step() -> None:
    fake = rollout("v1", "v1")
    change = {"op": "replace", "path": IMAGE_PATH, "value": IMAGE + "v2"}
    assert applied(fake, Routing(shares={"v1": 0.8, "v2": 0.2})) == (ROLLOUT, [change])
    with (
        cluster(rollout("v1", "v1")) as (target, _),
        pytest.raises(Unsupported, match="it begins with 20 %, not 10 %"),
    ):
        target.requests(target.read(), Routing(shares={"v1": 0.9, "v2": 0.1}))


def test_a_paused_rollout_goes_on_to_its_next_weight_and_to_no_other() -> None:
    change = {"op": "remove", "path": "/status/pauseConditions"}
    assert applied(paused(), Routing(shares={"v1": 0.6, "v2": 0.4})) == (f"{ROLLOUT}/status", [change])
    with cluster(paused()) as (target, _), pytest.raises(Unsupported, match="paused, and 40 % come next, not 50 %"):
        target.requests(target.read(), Routing(shares={"v1": 0.5, "v2": 0.5}))
    fake = rollout("v2", "v1", weight=20, currentStepIndex=1, phase="Progressing")
    with cluster(fake) as (target, _), pytest.raises(Unsupported, match="it is not paused"):
        target.requests(target.read(), Routing(shares={"v1": 0.6, "v2": 0.4}))


def test_a_rollout_that_somebody_paused_in_its_specification_is_let_go_there() -> None:
    fake = rollout("v2", "v1", weight=20, spec={"paused": True}, currentStepIndex=1, phase="Paused")
    change = {"op": "replace", "path": "/spec/paused", "value": False}
    assert applied(fake, Routing(shares={"v1": 0.6, "v2": 0.4})) == (ROLLOUT, [change])


def test_a_promotion_skips_to_the_end_as_the_plug_in_does() -> None:
    change = {"op": "add", "path": "/status/promoteFull", "value": True}
    assert applied(paused(), V2) == (f"{ROLLOUT}/status", [change])


def test_a_rollout_is_stopped_in_every_state() -> None:
    stop = (f"{ROLLOUT}/status", [{"op": "add", "path": "/status/abort", "value": True}])
    back = (ROLLOUT, [{"op": "replace", "path": IMAGE_PATH, "value": IMAGE + "v1"}])
    assert applied(paused(), V1) == stop
    assert applied(rollout("v2", "v1", weight=20, phase="Progressing", currentStepIndex=0), V1) == stop
    assert applied(rollout("v2", "v1", weight=20, phase="Degraded", currentStepIndex=0), V1) == stop
    assert applied(paused(promoteFull=True), V1) == back, "abort would be ignored"
    assert applied(paused(abort=True, phase="Degraded"), V1) == back, "so that a retry does not bring it again"


def test_promoting_a_stopped_rollout_is_refused_because_it_would_be_acknowledged_and_do_nothing() -> None:
    with cluster(paused(abort=True, phase="Degraded")) as (target, _), pytest.raises(Unsupported, match="was stopped"):
        target.requests(target.read(), V2)


def test_going_back_after_the_end_is_never_refused() -> None:
    assert applied(rollout("v2", "v2"), V1)[1] == [{"op": "replace", "path": IMAGE_PATH, "value": IMAGE + "v1"}]


def test_a_stopped_rollout_gives_the_stable_version_everything() -> None:
    with cluster(paused(weight=None, abort=True, phase="Degraded")) as (target, _):
        state = target.read()
        assert (state.routing, state.phase) == (V1, "failed")
    with cluster(paused(weight=20, abort=True, phase="Degraded")) as (target, _):
        assert target.read().phase == "rolling back"


def test_without_the_right_to_look_at_replica_sets_the_stable_version_is_its_hash() -> None:
    fake = paused()
    fake.failing = lambda asked: (403, {}) if "replicasets" in asked.path else None
    with cluster(fake) as (target, _):
        assert target.read().routing == Routing(shares={"hash-v1": 0.8, "v2": 0.2})
    assert applied(fake, Routing(shares={"hash-v1": 1.0}))[0] == f"{ROLLOUT}/status"


@pytest.mark.parametrize(
    "after",
    [
        V1,
        V3,
        Routing(shares={"v1": 0.5, "v3": 0.5}),
        Routing(shares={"v1": 1.0}, shadow={"v2": 0.5}),
        Routing(shares={"v1": 1.0}, headers={"X: 1": "v2"}),
    ],
)
def test_what_a_rollout_cannot_do_is_refused(after: Routing) -> None:
    fake = rollout("v1", "v1") if after == V1 else paused()
    with cluster(fake) as (target, there):
        with pytest.raises(Unsupported):
            target.requests(target.read(), after)
        assert there.writes() == []


def test_other_strategies_and_templates_elsewhere_are_rejected() -> None:
    fake = rollout("v1", "v1", spec={"strategy": {"blueGreen": {}}})
    with cluster(fake) as (target, _), pytest.raises(Rejected, match="not of the canary strategy"):
        target.read()
    fake = rollout("v1", "v1", spec={"template": None, "workloadRef": {"name": "fraud"}})
    with cluster(fake) as (target, _), pytest.raises(Rejected, match="no container"):
        target.read()


def test_a_rollout_that_moved_on_is_a_conflict_before_and_while_it_is_sent() -> None:
    fake = paused()

    def go_on(asked: Asked) -> Said | None:
        if asked.method == "PATCH":
            fake.failing = None
            fake.report(ROLLOUT, {**fake.objects[ROLLOUT]["status"], "currentStepIndex": 3})
        return None

    with cluster(fake) as (target, there):
        before = target.read()
        fake.failing = go_on
        with pytest.raises(Conflict) as caught:
            target.apply(before, Routing(shares={"v1": 0.6, "v2": 0.4}), "op-1")
        assert caught.value.found is not None
        with pytest.raises(Conflict):
            target.apply(before, Routing(shares={"v1": 0.6, "v2": 0.4}), "op-2")
        assert len(there.writes()) == 1
        assert fake.objects[ROLLOUT]["status"]["pauseConditions"]


def test_a_rehearsal_names_what_would_change_in_the_status() -> None:
    fake = paused()
    with cluster(fake) as (target, _):
        before = target.read()
        assert target.rehearse(before, V2) == "status.promoteFull: – → true"
        assert target.read() == before


@every_answer
def test_every_answer_has_its_meaning(said: Said, of_read: type[TargetError], of_write: type[TargetError]) -> None:
    hold_to_its_meaning(paused(), partial(on, timeout_s=0.5), V2, said, of_read, of_write)

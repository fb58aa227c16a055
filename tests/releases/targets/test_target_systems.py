"""The targets of other people's systems keep the promises that every target makes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import contract
import pytest
import test_target_argo as argo
import test_target_kserve as kserve
import test_target_mlflow as mlflow
import test_target_seldon as seldon
from apiserver import ApiServer
from loopback import Asked, Loopback, Said, serving
from registries import ENVIRON, TagRegistry, git
from subjects import built

from opsconsole.releases.targets.base import Target
from opsconsole.wire import Routing, TargetRequest

SECRET = "hunter2-and-more"


class TagSubject:
    """A stage that is a tag of a bare remote."""

    secret = ""
    after = Routing(shares={"v0.2.0": 1.0})

    def __init__(self, directory: Path) -> None:
        self.registry = TagRegistry(directory / "registry")
        self.commits = [self.registry.release(f"v0.{n}.0") for n in (1, 2, 3)]
        self.registry.tag("fraud#prod#1", self.commits[0])
        clone = str(self.registry.clone("ours"))
        self.target = built("git", directory, ENVIRON, clone=clone, artifact="fraud", stage="prod")
        self.known = set(self.registry.names())

    def content(self) -> str:
        return git(self.registry.remote, "show-ref")

    def received(self) -> list[TargetRequest]:
        return [
            TargetRequest(
                method="push",
                where=f"git push origin refs/tags/{name}",
                body=git(self.registry.remote, "for-each-ref", "--format=%(contents:subject)", f"refs/tags/{name}"),
            )
            for name in self.registry.names()
            if name not in self.known
        ]

    def meddle(self) -> None:
        self.registry.tag("fraud#prod#2", self.commits[2])
        self.known = set(self.registry.names())


class WebSubject:
    """A target in front of a loopback server."""

    secret = SECRET

    def __init__(self, there: Loopback, target: Target, after: Routing, content: Any, meddle: Any) -> None:
        self.there = there
        self.target = target
        self.after = after
        self.content = content
        self.meddle = meddle

    def received(self) -> list[TargetRequest]:
        return [_spelled(self.there.url, asked) for asked in self.there.writes() if "dryRun" not in asked.path]


def _spelled(url: str, asked: Asked) -> TargetRequest:
    kind = asked.headers["content-type"]
    head = "" if kind == "application/json" else f"Content-Type: {kind}\n\n"
    return TargetRequest(method=asked.method, where=url + asked.path, body=head + asked.body.decode())


class Answering:
    """A server that lets its controller work after each change."""

    def __init__(self, fake: ApiServer, reconcile: Callable[[], None]) -> None:
        self.fake = fake
        self.reconcile = reconcile

    def __call__(self, asked: Asked) -> Said:
        said = self.fake(asked)
        if asked.method == "PATCH" and "dryRun" not in asked.path:
            self.reconcile()
        return said


@contextlib.contextmanager
def on_kubernetes(
    directory: Path,
    kind: str,
    fake: ApiServer,
    reconcile: Callable[[], None],
    after: Routing,
    meddle: Any,
    **options: Any,
) -> Iterator[contract.Subject]:
    with serving(Answering(fake, reconcile)) as there:
        where = {"server": there.url, "token": {"env": "TOKEN"}, "namespace": "ml", "name": "fraud"}
        target = built(kind, directory, {"TOKEN": SECRET}, **where, **options)
        yield WebSubject(there, target, after, lambda: repr(fake.objects), meddle)
        target.close()


@contextlib.contextmanager
def tags(directory: Path) -> Iterator[contract.Subject]:
    yield TagSubject(directory)


@contextlib.contextmanager
def an_alias(directory: Path) -> Iterator[contract.Subject]:
    registry = mlflow.Registry()

    def meddle() -> None:
        registry.version = "3"

    with serving(registry) as there:
        options = {"tracking_uri": there.url, "model": "scorer", "authorization": {"env": "TOKEN", "prefix": "Bearer "}}
        target = built("mlflow", directory, {"TOKEN": SECRET}, **options)
        yield WebSubject(there, target, mlflow.V2, lambda: registry.version, meddle)
        target.close()


def an_inference_service(directory: Path) -> contextlib.AbstractContextManager[contract.Subject]:
    fake = kserve.Knative()

    def meddle() -> None:
        fake.change(kserve.SERVICE, lambda it: it["spec"]["predictor"]["model"].update(storageUri=kserve.uri("v3")))
        fake.reconcile()

    after = kserve.split(v1=0.9, v2=0.1)
    return on_kubernetes(directory, "kserve", fake, fake.reconcile, after, meddle, model=kserve.uri("{version}"))


def a_standard_service(directory: Path) -> contextlib.AbstractContextManager[contract.Subject]:
    fake = kserve.Standard(has_canary=True)

    def meddle() -> None:
        fake.change(kserve.SERVICE, lambda it: it["spec"]["predictor"]["model"].update(storageUri=kserve.uri("v3")))

    after = kserve.split(v1=0.9, v2=0.1)
    return on_kubernetes(directory, "kserve", fake, lambda: None, after, meddle, model=kserve.uri("{version}"))


def an_experiment(directory: Path) -> contextlib.AbstractContextManager[contract.Subject]:
    fake = seldon.having(seldon.EXPERIMENT, seldon.experiment())

    def meddle() -> None:
        fake.change(seldon.EXPERIMENT, lambda it: it["spec"]["candidates"][0].update(weight=30))

    return on_kubernetes(directory, "seldon", fake, lambda: None, seldon.HALVES, meddle, candidate="fraud-{version}")


def a_seldon_deployment(directory: Path) -> contextlib.AbstractContextManager[contract.Subject]:
    fake = seldon.having(seldon.DEPLOYMENT, seldon.deployment())

    def meddle() -> None:
        fake.change(seldon.DEPLOYMENT, lambda it: it["spec"]["predictors"][0].update(traffic=30))

    options = {"candidate": "fraud-{version}", "resource": "SeldonDeployment"}
    return on_kubernetes(directory, "seldon", fake, lambda: None, seldon.HALVES, meddle, **options)


def a_rollout(directory: Path) -> contextlib.AbstractContextManager[contract.Subject]:
    fake = argo.rollout("v1", "v1")

    def reconcile() -> None:
        document = fake.objects[argo.ROLLOUT]
        version = document["spec"]["template"]["spec"]["containers"][1]["image"].removeprefix(argo.IMAGE)
        is_stopped = document["status"].get("abort", False)
        weight = {"canary": {"weight": 0 if is_stopped else 20}}
        paused = {"currentStepIndex": 1, "pauseConditions": [{"reason": "CanaryPauseStep"}], "abort": is_stopped}
        status = {"stableRS": "hash-v1", "currentPodHash": f"hash-{version}", "canary": {"weights": weight}, **paused}
        fake.report(argo.ROLLOUT, {"phase": "Degraded" if is_stopped else "Paused", **status})

    def meddle() -> None:
        fake.change(argo.ROLLOUT, lambda it: it["spec"].update(template=argo.template("v3")))
        reconcile()

    after = Routing(shares={"v1": 0.8, "v2": 0.2})
    options = {"image": argo.IMAGE + "{version}", "container": "model"}
    return on_kubernetes(directory, "argo", fake, reconcile, after, meddle, **options)


SYSTEMS = {
    "git": tags,
    "mlflow": an_alias,
    "kserve": an_inference_service,
    "kserve standard": a_standard_service,
    "seldon": an_experiment,
    "seldon core 1": a_seldon_deployment,
    "argo": a_rollout,
}


@pytest.fixture(params=SYSTEMS)
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[contract.Subject]:
    with SYSTEMS[request.param](tmp_path) as made:
        yield made


@pytest.mark.parametrize("claim", contract.CLAIMS, ids=contract.name)
def test_a_system_keeps_its_promises(claim: contract.Claim, subject: contract.Subject) -> None:
    claim(subject)

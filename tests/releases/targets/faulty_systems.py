"""Each kind's system, real where the tests have it, that can be made to go wrong in one way and looked into by other
means than the target's own.

A system counts the changes that arrive at it: what the console says that it sent is not believed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import loopback
import test_target_argo as argo
import test_target_contract as plain
import test_target_git as tags
import test_target_kserve as kserve
import test_target_litellm as litellm
import test_target_mlflow as mlflow
import test_target_seldon as seldon
import test_target_systems as systems
import yaml
from apiserver import ApiServer
from loopback import free_port
from peer_programs import peer
from processes import server
from registries import ENVIRON, TagRegistry, git
from subjects import CLI, CommandSubject, FileSubject, HttpSubject, built
from tracking_server import QUIETLY

from faulty_server import Answer, Asked, Fault, FaultyServer, System
from opsconsole.releases.targets.base import Target
from opsconsole.releases.targets.shares import shares_of
from opsconsole.wire import Routing

FAULTS: Mapping[str, str] = {
    "none": "nothing goes wrong",
    "refused": "connection refused",
    "hang": "no answer",
    "reset": "connection reset after sending",
    "409": "409 Conflict",
    "422": "422 Unprocessable",
    "429": "429 Too Many Requests",
    "500": "500 Server Error",
    "made": "it is made, then the answer fails",
    "part": "a part is made, then the answer fails",
    "meddled": "somebody else changes it between plan and confirmation",
    "blind": "it is made, then nothing can be read for two minutes",
}
"""What goes wrong, in HTTP's words; a kind that speaks something else says what it has instead."""

LATE_S = 3.0
"""Deadline of a call where none is answered."""


def nothing() -> None:
    """Nothing has to be done for this."""


@dataclass
class Placed:
    """One system, set up to go wrong."""

    target: Target
    after: Routing
    """A routing that is not the present one."""
    holds: Callable[[], dict[str, float]]
    """What it really holds: version → share."""
    arrived: Callable[[], int]
    """How many changes have come to it."""
    meddle: Callable[[], None]
    """Somebody else changes the routing."""
    blind: Callable[[], None]
    """From now on it cannot be read."""
    about_to_send: Callable[[], None] = nothing
    """Done when the gate has looked for the last time."""
    heal: Callable[[], None] = nothing
    """Everything works again."""


Opened = AbstractContextManager[Placed]


@dataclass
class Servers:
    """Other people's servers, started when they are first asked for."""

    directory: Path
    stack: ExitStack
    _urls: dict[str, str] = field(default_factory=dict)

    def url(self, name: str) -> str:
        if name not in self._urls:
            start = {"mlflow": a_tracking_server, "litellm": a_proxy}[name]
            self._urls[name] = self.stack.enter_context(start(self.directory))
        return self._urls[name]


@dataclass(frozen=True)
class Kind:
    """A kind of target under faults."""

    behind: str
    """What stands behind the target here."""
    opened: Callable[[Path, str, Servers], Opened]
    """(an empty directory, the fault, servers) → the system."""
    instead: Mapping[str, str] = field(default_factory=dict)
    """Fault → what goes wrong here in its place."""
    lacks: Mapping[str, str] = field(default_factory=dict)
    """Fault → why there is no such thing here."""


# HTTP ---------------------------------------------------------------------------------------------------------------

ANSWERS = {code: Answer(int(code), {"message": "no"}) for code in ("409", "422", "429", "500")}


@contextmanager
def behind_http(
    system: System,
    fault: str,
    make: Callable[[FaultyServer, float], Placed],
    half: System | None = None,
    late_s: float = LATE_S,
) -> Iterator[Placed]:
    """A system that is reached over HTTP; ``make`` gets its server and a deadline for the target's calls."""
    is_blind = False

    def seen(asked: Asked) -> Answer:
        return ANSWERS["500"] if is_blind and asked.method == "GET" else system(asked)

    def blind() -> None:
        nonlocal is_blind
        is_blind = True

    def heal() -> None:
        nonlocal is_blind
        is_blind = False
        if fault == "refused":
            http.listen_again()

    with FaultyServer(seen) as http:
        placed = make(http, late_s if fault == "hang" else 30.0)
        placed.arrived = lambda: len(http.writes())
        placed.blind, placed.heal = blind, heal
        if fault == "refused":
            placed.about_to_send = http.refuse_connections
        elif fault in ("hang", "reset"):
            http.fail(Fault(fault))  # type: ignore[arg-type]
        elif fault in ANSWERS:
            http.fail(Fault(answer=ANSWERS[fault]))
        elif fault == "made":
            http.fail(Fault("reset", is_obeyed=True))
        elif fault == "part":
            http.fail(Fault(instead=half))
        yield placed
        placed.target.close()


def _uncounted() -> int:
    raise AssertionError("whoever counts is set later")


def placed_at(
    target: Target, after: Routing, holds: Callable[[], dict[str, float]], meddle: Callable[[], None]
) -> Placed:
    return Placed(target, after, holds, _uncounted, meddle, nothing)


def http(directory: Path, fault: str, servers: Servers) -> Opened:
    routers: list[HttpSubject] = []

    def make(there: FaultyServer, timeout_s: float) -> Placed:
        router = HttpSubject(directory, there, timeout_s=timeout_s)
        routers.append(router)
        return placed_at(router.target, router.after, lambda: shares_of(router.weights), router.meddle)

    return behind_http(lambda asked: routers[0].answer(asked), fault, make, lambda asked: routers[0].half(asked))


def on_kubernetes(
    directory: Path,
    fault: str,
    kind: str,
    fake: ApiServer,
    after: Routing,
    holds: Callable[[], dict[str, float]],
    meddle: Callable[[], None],
    reconcile: Callable[[], None],
    **options: Any,
) -> Opened:
    answering = systems.Answering(fake, reconcile)

    def system(asked: Asked) -> Answer:
        said = answering(loopback.Asked(asked.method, asked.path, dict(asked.headers), asked.body))
        assert not isinstance(said, str)
        return Answer(*said)

    def make(there: FaultyServer, timeout_s: float) -> Placed:
        where = {"server": there.url, "namespace": "ml", "name": "fraud", "timeout_s": timeout_s}
        return placed_at(built(kind, directory, **where, **options), after, holds, meddle)

    return behind_http(system, fault, make)


def an_inference_service(directory: Path, fault: str, servers: Servers) -> Opened:
    fake = kserve.Knative()

    def holds() -> dict[str, float]:
        revisions = {path.rpartition("/")[2]: it for path, it in fake.objects.items() if kserve.REVISIONS in path}
        found: dict[str, float] = {}
        for entry in fake.objects[kserve.SERVICE]["status"]["components"]["predictor"]["traffic"]:
            source = revisions[entry["revisionName"]]["metadata"]["annotations"][kserve.SOURCE]
            found[source.rpartition("/")[2]] = entry["percent"] / 100
        return found

    def meddle() -> None:
        fake.change(kserve.SERVICE, lambda it: it["spec"]["predictor"]["model"].update(storageUri=kserve.uri("v3")))
        fake.reconcile()

    return on_kubernetes(
        directory, fault, "kserve", fake, kserve.split(v1=0.9, v2=0.1), holds, meddle, fake.reconcile,
        model=kserve.uri("{version}"),
    )  # fmt: skip


def an_experiment(directory: Path, fault: str, servers: Servers) -> Opened:
    fake = seldon.having(seldon.EXPERIMENT, seldon.experiment())

    def report() -> None:
        fake.report(seldon.EXPERIMENT, {"conditions": [{"type": "Ready", "status": "True"}]})

    def holds() -> dict[str, float]:
        candidates = fake.objects[seldon.EXPERIMENT]["spec"]["candidates"]
        return shares_of({each["name"].removeprefix("fraud-"): each["weight"] for each in candidates})

    def meddle() -> None:
        fake.change(seldon.EXPERIMENT, lambda it: it["spec"]["candidates"][0].update(weight=30))

    report()
    return on_kubernetes(
        directory, fault, "seldon", fake, seldon.HALVES, holds, meddle, report, candidate="fraud-{version}"
    )


def a_rollout(directory: Path, fault: str, servers: Servers) -> Opened:
    fake = argo.rollout("v1", "v1")

    def reconcile() -> None:
        """As far as the first step of a new image."""
        version = _image(fake)
        status = fake.objects[argo.ROLLOUT]["status"] | {"observedGeneration": _generation(fake)}
        if version != "v1":
            status |= {"currentPodHash": f"hash-{version}", "phase": "Paused", "currentStepIndex": 1}
            status |= {"pauseConditions": [{"reason": "CanaryPauseStep"}]}
            status |= {"canary": {"weights": {"canary": {"weight": 20}}}}
        fake.report(argo.ROLLOUT, status)

    def holds() -> dict[str, float]:
        status = fake.objects[argo.ROLLOUT]["status"]
        percent = status.get("canary", {}).get("weights", {}).get("canary", {}).get("weight", 0)
        return {"v1": 1 - percent / 100, _image(fake): percent / 100} if percent else {"v1": 1.0}

    def meddle() -> None:
        fake.change(argo.ROLLOUT, lambda it: it["spec"].update(template=argo.template("v3")))
        reconcile()

    reconcile()
    return on_kubernetes(
        directory, fault, "argo", fake, Routing(shares={"v1": 0.8, "v2": 0.2}), holds, meddle, reconcile,
        image=argo.IMAGE + "{version}", container="model",
    )  # fmt: skip


def _image(fake: ApiServer) -> str:
    image: str = fake.objects[argo.ROLLOUT]["spec"]["template"]["spec"]["containers"][1]["image"]
    return image.removeprefix(argo.IMAGE)


def _generation(fake: ApiServer) -> str:
    return str(fake.objects[argo.ROLLOUT]["metadata"]["generation"])


# Other people's servers ---------------------------------------------------------------------------------------------

_API = "/api/2.0/mlflow"


@contextmanager
def a_tracking_server(directory: Path) -> Iterator[str]:
    """A real MLflow that knows three versions of ``scorer``."""
    programs = peer("mlflow", "mlflow").parent
    url = f"http://127.0.0.1:{free_port()}"
    environ = {"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(directory), **QUIETLY}
    words = [programs / "mlflow", "server", "--host", "127.0.0.1", "--port", url.rpartition(":")[2], "--workers", "1"]
    words += ["--backend-store-uri", f"sqlite:///{directory}/store.db", "--artifacts-destination", str(directory / "a")]
    with server(words, f"{url}/health", directory / "mlflow.log", environ):
        _post(url, "registered-models/create", {"name": "scorer"})
        for n in (1, 2, 3):
            _post(url, "model-versions/create", {"name": "scorer", "source": f"s3://models/scorer/{n}"})
        yield url


def _post(url: str, path: str, document: Any) -> None:
    httpx.post(f"{url}{_API}/{path}", json=document, timeout=60.0).raise_for_status()


def passed_on(url: str) -> System:
    """The real server behind the one that fails."""

    def system(asked: Asked) -> Answer:
        kept = {name: asked.headers[name] for name in ("content-type", "authorization") if name in asked.headers}
        said = httpx.request(
            asked.method, url + asked.path, content=asked.body, headers=kept, timeout=60.0, verify=False
        )
        return Answer(said.status_code, said.content)

    return system


def an_alias(directory: Path, fault: str, servers: Servers) -> Opened:
    url, alias = servers.url("mlflow"), f"serves-{fault}"

    def assign(version: str) -> None:
        _post(url, "registered-models/alias", {"name": "scorer", "alias": alias, "version": version})

    def holds() -> dict[str, float]:
        found = httpx.get(
            f"{url}{_API}/registered-models/alias", params={"name": "scorer", "alias": alias}, timeout=60.0
        )
        return {f"v{found.json()['model_version']['version']}": 1.0}

    def make(there: FaultyServer, timeout_s: float) -> Placed:
        options = {"tracking_uri": there.url, "model": "scorer", "alias": alias, "timeout_s": timeout_s}
        return placed_at(built("mlflow", directory, **options), mlflow.V2, holds, lambda: assign("3"))

    assign("1")
    return behind_http(passed_on(url), fault, make, late_s=10.0)


@contextmanager
def a_proxy(directory: Path) -> Iterator[str]:
    """A real LiteLLM proxy, which has read its configuration before anybody changed it."""
    url = f"http://127.0.0.1:{free_port()}"
    (directory / "config.yaml").write_text(litellm.CONFIG)
    with litellm.proxy(directory, url):
        yield url


# Files --------------------------------------------------------------------------------------------------------------

_COUNT = "echo asked >> asked"
_CHECKS = {"422": f"{_COUNT}; echo 'no upstream v41' >&2; exit 1"}
_RELOADS = {
    "reset": "kill -9 $$",
    "500": "exit 1",
    "made": "cp {name} loaded; kill -9 $$",
}


def commands(name: str, fault: str) -> dict[str, list[str]]:
    """How the router is told of a new file: it is asked once for each."""
    reload = _RELOADS.get(fault, "cp {name} loaded").replace("{name}", name)
    return {"check": ["sh", "-c", _CHECKS.get(fault, _COUNT)], "reload": ["sh", "-c", reload]}


def of_a_file(placed: Placed, path: Path, fault: str) -> Placed:
    lock = ExitStack()

    def hold_the_lock() -> None:
        file = lock.enter_context(path.with_name(f".{path.name}.lock").open("w"))
        fcntl.flock(file, fcntl.LOCK_EX)

    def heal() -> None:
        lock.close()
        with contextlib.suppress(FileNotFoundError):
            path.with_name("away").rename(path)

    asked = path.with_name("asked")
    placed.arrived = lambda: len(asked.read_text().splitlines()) if asked.exists() else 0
    placed.blind, placed.heal = lambda: path.rename(path.with_name("away")) and None, heal
    if fault == "hang":
        placed.about_to_send = hold_the_lock
    return placed


@contextmanager
def a_routing_file(directory: Path, fault: str, servers: Servers) -> Iterator[Placed]:
    options = {"at": ["routing", "chat-assist"], "timeout_s": LATE_S if fault == "hang" else 10.0}
    subject = FileSubject(directory, "routes.yml", plain.BLOCK_YAML, **options, **commands("routes.yml", fault))

    def holds() -> dict[str, float]:
        return shares_of(yaml.safe_load(subject.path.read_text())["routing"]["chat-assist"])

    yield of_a_file(placed_at(subject.target, subject.after, holds, subject.meddle), subject.path, fault)


@contextmanager
def a_gateway(directory: Path, fault: str, servers: Servers) -> Iterator[Placed]:
    path = directory / "config.yaml"
    words = commands("config.yaml", fault)
    with FaultyServer(passed_on(servers.url("litellm"))) as there:
        target = litellm.on(
            directory, proxy=there.url, key={"env": "KEY"}, check=words["check"], restart=words["reload"],
            timeout_s=LATE_S if fault == "hang" else 10.0,
        )  # fmt: skip

        def holds() -> dict[str, float]:
            entries = [each for each in yaml.safe_load(path.read_text())["model_list"] if each["model_name"] == "chat"]
            return shares_of({each["model_info"]["id"]: each["litellm_params"]["weight"] for each in entries})

        def meddle() -> None:
            path.write_text(litellm.CONFIG.replace("weight: 90", "weight: 40"))

        placed = of_a_file(placed_at(target, litellm.V2, holds, meddle), path, fault)
        if fault == "refused":
            placed.about_to_send, placed.heal = there.refuse_connections, there.listen_again
        yield placed
        target.close()


# Commands and tags --------------------------------------------------------------------------------------------------

_ENDS = {
    "hang": "apply:hang",
    "reset": "apply:die",
    "409": "apply:conflict",
    "422": "apply:rejected",
    "429": "apply:busy",
    "500": "apply:refuse",
    "made": "apply:after:die",
    "part": "apply:half:die",
}


@contextmanager
def a_command(directory: Path, fault: str, servers: Servers) -> Iterator[Placed]:
    program = directory / "router"
    program.symlink_to(sys.executable)
    arguments = ["-I", str(CLI), str(directory / "state.json"), "apply", "{service}", "{token}", "{op_id}"]
    subject = CommandSubject(
        directory,
        apply=[str(program), *arguments, "{percents...}"],
        environment={"FAULT": _ENDS.get(fault, "")},
        timeout_s=2 * LATE_S if fault == "hang" else 30.0,
    )
    away = directory / "away"

    def heal() -> None:
        with contextlib.suppress(FileNotFoundError):
            away.rename(subject.path)

    placed = placed_at(
        subject.target,
        subject.after,
        lambda: shares_of(json.loads(subject.path.read_text())["chat-assist"]["shares"]),
        subject.meddle,
    )
    placed.arrived = lambda: len(subject.received())
    placed.blind, placed.heal = lambda: subject.path.rename(away) and None, heal
    if fault == "refused":
        placed.about_to_send = program.unlink
    yield placed


_HOOK = """\
while read old new ref; do
  git cat-file tag $new | grep -q opsconsole-operation && echo $ref >> {log}
done
exit {code}
"""


@contextmanager
def a_registry(directory: Path, fault: str, servers: Servers) -> Iterator[Placed]:
    registry = TagRegistry(directory / "registry")
    commits = [registry.release(f"v0.{n}.0") for n in (1, 2, 3)]
    registry.tag("fraud#prod#1", commits[0])
    ours, log, remote = registry.clone("ours"), directory / "pushes", str(registry.remote)
    late_s = LATE_S if fault == "hang" else 30.0
    options = {"clone": str(ours), "artifact": "fraud", "stage": "prod", "timeout_s": late_s}
    target = built("git", directory, ENVIRON, **options)
    tags.hook(registry.remote / "hooks" / "pre-receive", _HOOK.format(log=log, code=int(fault == "422")))

    def holds() -> dict[str, float]:
        newest = max((name for name in registry.names() if "#prod#" in name), key=lambda name: int(name.split("#")[2]))
        at = git(registry.remote, "rev-parse", f"{newest}^{{commit}}")
        return {f"v0.{commits.index(at) + 1}.0": 1.0}

    def push_goes_to(url: str) -> None:
        git(ours, "remote", "set-url", "--push", "origin", url)

    placed = placed_at(target, Routing(shares={"v0.2.0": 1.0}), holds, lambda: registry.tag("fraud#prod#2", commits[2]))
    placed.blind = lambda: git(ours, "remote", "set-url", "origin", str(directory / "nothing")) and None
    placed.heal = lambda: git(ours, "remote", "set-url", "origin", remote) and None
    with ExitStack() as stack:
        asked: list[loopback.Asked] = []
        if fault == "refused":
            push_goes_to(f"git://127.0.0.1:{free_port()}/remote.git")
        elif fault == "hang":
            silent = stack.enter_context(_silent())
            push_goes_to(f"git://127.0.0.1:{silent}/remote.git")
        elif fault in ("reset", "made"):
            port = stack.enter_context(tags.git_daemon(registry))
            relay = stack.enter_context(tags.cutting_relay(port, is_delivered=fault == "made"))
            push_goes_to(f"git://127.0.0.1:{relay}/remote.git")
        elif fault == "409":
            git(registry.theirs, "tag", "-a", "-m", "theirs", "fraud#prod#2", commits[2], at=registry.clock + 1)
            tags.at_the_push(registry, f"git -C {registry.theirs} push --quiet origin 'refs/tags/fraud#prod#2'")
        elif fault in ("429", "500"):
            there = stack.enter_context(loopback.serving(lambda _: (int(fault), b"")))
            asked = there.asked
            push_goes_to(f"{there.url}/remote.git")
        placed.arrived = lambda: (
            (len(log.read_text().splitlines()) if log.exists() else 0)
            + len([each for each in asked if each.method == "POST"])
        )
        yield placed


@contextmanager
def _silent() -> Iterator[int]:
    """A port where everybody is let in and nobody is answered."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


# All of them --------------------------------------------------------------------------------------------------------

_FILE = {
    "hang": "somebody else holds the file's lock until the deadline",
    "reset": "the reload command is killed before the router has taken the file",
    "422": "the check command says no",
    "500": "the reload command fails",
    "made": "the reload command is killed after the router has taken the file",
}
_NO_FILE = {
    "refused": "a file is not reached over a network",
    "409": "of two who write at once one waits for the lock, and then finds what the other wrote",
    "429": "a file has no quota",
    "part": "the file is replaced in one step",
}
_OBJECT = {"part": "one object is changed in one step"}

KINDS: Mapping[str, Kind] = {
    "file": Kind("a YAML file, with a check and a reload command", a_routing_file, _FILE, _NO_FILE),
    "command": Kind(
        "a program that keeps a routing and a token",
        a_command,
        {
            "refused": "the program is gone",
            "hang": "the program does not end",
            "reset": "the program is killed before it has done anything",
            "409": "the program ends with the code that is configured as `conflict`",
            "422": "… as `rejected`",
            "429": "… as `busy`",
            "500": "the program ends with any other code",
            "made": "the program is killed after it has done everything",
            "part": "the program is killed after it has done half of it",
        },
    ),
    "http": Kind("a router with ETags", http),
    "mlflow": Kind(
        "a real MLflow server behind one that fails", an_alias, lacks={"part": "one alias is set in one step"}
    ),
    "kserve": Kind("a fake API server that recordings prove, and KServe's rules for Knative", an_inference_service,
                   lacks=_OBJECT),
    "seldon": Kind("a fake API server that recordings prove", an_experiment, lacks=_OBJECT),
    "argo": Kind("a fake API server that recordings prove, and Argo's first step", a_rollout, lacks=_OBJECT),
    "git": Kind(
        "real git: a bare remote, a git daemon, hooks",
        a_registry,
        {
            "409": "somebody else's tag of that name arrives first",
            "422": "a hook of the remote says no",
        },
        {"part": "one tag is made in one step"},
    ),
    "litellm": Kind(
        "the configuration of a real LiteLLM proxy, which is not started anew",
        a_gateway,
        _FILE | {"refused": "the proxy, which only says what is in force, refuses connections"},
        {name: why for name, why in _NO_FILE.items() if name != "refused"},
    ),
}  # fmt: skip

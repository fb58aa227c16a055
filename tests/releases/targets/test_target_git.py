"""The git target, on real repositories: a bare remote, a clone of ours and one of somebody else."""

from __future__ import annotations

import json
import random
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from loopback import Asked, Said, free_port, serving
from peer_programs import peer
from registries import ENVIRON, TagRegistry, git

from opsconsole.clock import ManualClock
from opsconsole.errors import ConfigError
from opsconsole.releases.targets import gto
from opsconsole.releases.targets.base import (
    AuthFailed,
    Busy,
    Conflict,
    Indeterminate,
    Rejected,
    Site,
    TargetError,
    Unreachable,
    Unsupported,
)
from opsconsole.releases.targets.git import KIND, GitOptions, GitTarget
from opsconsole.wire import Routing

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
V1, V2, V3 = (Routing(shares={f"v0.{n}.0": 1.0}) for n in (1, 2, 3))


@pytest.fixture
def registry(tmp_path: Path) -> TagRegistry:
    """Three versions of ``fraud``; the first is in ``prod``."""
    made = TagRegistry(tmp_path / "registry")
    commits = [made.release(f"v0.{n}.0") for n in (1, 2, 3)]
    made.tag("fraud#prod#1", commits[0])
    return made


def on(registry: TagRegistry, clone: str = "ours", timeout_s: float = 20.0) -> GitTarget:
    place = registry.directory / clone
    if not place.exists():
        registry.clone(clone)
    options = GitOptions(clone=Path(clone), artifact="fraud", stage="prod", timeout_s=timeout_s)
    target = KIND.make(options, Site("scorer", registry.directory, ManualClock(NOW), ENVIRON))
    assert isinstance(target, GitTarget)
    return target


def test_the_stage_says_which_version_serves_who_assigned_it_and_when(registry: TagRegistry) -> None:
    state = on(registry).read()
    assert state.routing == V1
    assert (state.token, state.phase) == ("1", "steady")
    assert state.detail["tag"] == "fraud#prod#1"
    assert state.detail["by"] == "ann"
    assert state.detail["registered"] == "v0.1.0 v0.2.0 v0.3.0"


def test_a_promotion_is_one_new_annotated_tag_that_carries_its_operation(registry: TagRegistry) -> None:
    target = on(registry)
    before = target.read()
    (request,) = target.requests(before, V2)
    assert request.where == "git push origin refs/tags/fraud#prod#2"
    known = registry.names()

    receipt = target.apply(before, V2, "op-7")

    assert "fraud#prod#2" in receipt.answer
    assert target.read().routing == V2
    assert set(registry.names()) == {*known, "fraud#prod#2"}
    text = git(registry.remote, "cat-file", "tag", "fraud#prod#2")
    assert f"object {registry.commits[1]}" in text
    assert "tagger opsconsole <opsconsole@localhost>" in text
    assert request.body in text
    assert "opsconsole-operation: op-7" in text
    assert git(registry.directory / "ours", "rev-parse", "fraud#prod#2") == git(
        registry.remote, "rev-parse", "fraud#prod#2"
    )


def test_going_back_appends_a_tag_and_moves_none(registry: TagRegistry) -> None:
    target = on(registry)
    target.apply(target.read(), V2, "op-1")
    there = git(registry.remote, "show-ref", "--tags")
    target.apply(target.read(), V1, "op-2")
    assert target.read().routing == V1
    assert git(registry.remote, "show-ref", "--tags").startswith(there.split("\n")[0])
    assert {"fraud#prod#1", "fraud#prod#2", "fraud#prod#3"} <= set(registry.names())


def test_a_tag_is_dated_after_one_that_a_fast_clock_made(registry: TagRegistry) -> None:
    registry.clock = int(NOW.timestamp()) + 86_400
    registry.tag("fraud#prod#2", registry.commits[1])
    target = on(registry)
    target.apply(target.read(), V3, "op-1")
    assert target.read().routing == V3


def test_what_others_left_in_the_clone_is_not_taken_for_the_remotes(registry: TagRegistry) -> None:
    target = on(registry)
    git(registry.directory / "ours", "tag", "-a", "-m", "lost", "fraud#prod#2", registry.commits[2])
    assert target.read().routing == V1


def test_the_loser_of_a_race_is_told_and_leaves_nothing_behind(registry: TagRegistry) -> None:
    target = on(registry)
    before = target.read()
    git(registry.theirs, "tag", "-a", "-m", "theirs", "fraud#prod#2", registry.commits[2], at=registry.clock + 1)
    at_the_push(registry, f"git -C {registry.theirs} push --quiet origin 'refs/tags/fraud#prod#2'")

    with pytest.raises(Conflict) as caught:
        target.apply(before, V2, "op-1")

    assert caught.value.found is not None
    assert caught.value.found.routing == V3
    assert target.read().routing == V3
    ours = registry.directory / "ours"
    assert git(ours, "rev-parse", "fraud#prod#2") == git(registry.remote, "rev-parse", "fraud#prod#2")
    git(ours, "fetch", "--tags")


def test_a_stale_plan_sends_nothing(registry: TagRegistry) -> None:
    target = on(registry)
    before = target.read()
    registry.tag("fraud#canary#2", registry.commits[1])
    with pytest.raises(Conflict, match="written anew"):
        target.apply(before, V2, "op-1")
    assert "fraud#prod#2" not in registry.names()
    assert "fraud#prod#3" not in registry.names()


def test_a_version_that_was_moved_out_of_band_is_seen_and_nothing_is_sent(registry: TagRegistry) -> None:
    target = on(registry)
    before = target.read()
    registry.tag("fraud#prod#2", registry.commits[2])
    with pytest.raises(Conflict) as caught:
        target.apply(before, V2, "op-1")
    assert caught.value.found is not None
    assert caught.value.found.routing == V3


def test_what_a_hook_of_the_remote_refuses_is_rejected_in_its_words(registry: TagRegistry) -> None:
    hook(registry.remote / "hooks" / "pre-receive", "echo 'releases are closed'; exit 1")
    target = on(registry)
    with pytest.raises(Rejected, match="releases are closed"):
        target.apply(target.read(), V2, "op-1")
    assert target.read().routing == V1
    assert "fraud#prod#2" not in git(registry.directory / "ours", "tag", "--list").split()


@pytest.mark.parametrize(
    "after",
    [
        Routing(shares={"v0.1.0": 0.9, "v0.2.0": 0.1}),
        Routing(shares={"v0.2.0": 1.0}, shadow={"v0.1.0": 0.1}),
        Routing(shares={"v0.2.0": 1.0}, headers={"X-Canary: 1": "v0.1.0"}),
        Routing(shares={"v9.9.9": 1.0}),
    ],
)
def test_what_a_stage_cannot_say_is_refused_when_it_is_planned(registry: TagRegistry, after: Routing) -> None:
    target = on(registry)
    before = target.read()
    with pytest.raises(Unsupported):
        target.requests(before, after)
    with pytest.raises(Unsupported):
        target.apply(before, after, "op-1")
    with pytest.raises(Unsupported):
        target.rehearse(before, after)


def test_a_stage_that_was_never_assigned_serves_nothing_and_can_be_assigned(tmp_path: Path) -> None:
    registry = TagRegistry(tmp_path / "registry")
    registry.release("v0.1.0")
    target = on(registry)
    before = target.read()
    assert before.routing.shares == {}
    target.apply(before, V1, "op-1")
    assert target.read().routing == V1


def test_a_remote_that_refuses_connections_is_unreachable(registry: TagRegistry) -> None:
    target = on(registry)
    before = target.read()
    git(registry.directory / "ours", "remote", "set-url", "origin", f"git://127.0.0.1:{free_port()}/remote.git")
    with pytest.raises(Unreachable, match="refused"):
        target.read()
    with pytest.raises(Unreachable):
        target.apply(before, V2, "op-1")


def test_a_remote_that_is_no_repository_is_rejected(registry: TagRegistry) -> None:
    target = on(registry)
    git(registry.directory / "ours", "remote", "set-url", "origin", str(registry.directory / "nothing"))
    with pytest.raises(Rejected, match="does not appear to be a git repository"):
        target.read()
    with pytest.raises(ConfigError):
        KIND.make(
            GitOptions(clone=Path("nowhere"), artifact="fraud", stage="prod"),
            Site("scorer", registry.directory, ManualClock(NOW), ENVIRON),
        )


@pytest.mark.parametrize(
    ("status", "of_read", "of_push"),
    [
        (401, AuthFailed, AuthFailed),
        (403, AuthFailed, AuthFailed),
        (404, Rejected, Rejected),
        (429, Unreachable, Busy),
        (503, Unreachable, Busy),
        (500, Unreachable, Unreachable),
    ],
)
def test_what_a_server_answers_is_told_by_its_kind(
    registry: TagRegistry, status: int, of_read: type[TargetError], of_push: type[TargetError]
) -> None:
    target = on(registry)
    before = target.read()
    ours = registry.directory / "ours"
    with serving(lambda _: (status, b"")) as server:
        git(ours, "remote", "set-url", "--push", "origin", f"{server.url}/remote.git")
        with pytest.raises(of_push):
            target.apply(before, V2, "op-1")
        git(ours, "remote", "set-url", "origin", f"{server.url}/remote.git")
        with pytest.raises(of_read):
            target.read()
    assert "fraud#prod#2" not in registry.names()


def test_a_server_that_fails_when_the_tag_has_been_sent_leaves_it_open(registry: TagRegistry) -> None:
    target = on(registry)
    before = target.read()

    def answer(asked: Asked) -> Said:
        if asked.method == "POST":
            return 500, b"broken"
        advertised = f"{'0' * 40} capabilities^{{}}\0report-status delete-refs".encode()
        lines = [b"# service=git-receive-pack\n", advertised]
        first, second = (f"{len(line) + 4:04x}".encode() + line for line in lines)
        return 200, first + b"0000" + second + b"0000"

    with serving(answer, content_type="application/x-git-receive-pack-advertisement") as server:
        git(registry.directory / "ours", "remote", "set-url", "--push", "origin", f"{server.url}/remote.git")
        with pytest.raises(Indeterminate):
            target.apply(before, V2, "op-1")


def test_a_remote_that_hangs_is_given_up_after_the_deadline(registry: TagRegistry) -> None:
    target = on(registry, timeout_s=0.5)
    before = target.read()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"git://127.0.0.1:{silent.getsockname()[1]}/remote.git"
        git(registry.directory / "ours", "remote", "set-url", "--push", "origin", url)
        with pytest.raises(Indeterminate, match=r"within 0\.5 s"):
            target.apply(before, V2, "op-1")
        git(registry.directory / "ours", "remote", "set-url", "origin", url)
        with pytest.raises(Unreachable, match=r"within 0\.5 s"):
            target.read()


def test_a_connection_that_is_cut_after_the_tag_was_sent_leaves_it_open_and_a_read_tells(registry: TagRegistry) -> None:
    target = on(registry)
    before = target.read()
    with git_daemon(registry) as port, cutting_relay(port) as relay:
        url = f"git://127.0.0.1:{relay}/remote.git"
        git(registry.directory / "ours", "remote", "set-url", "--push", "origin", url)
        with pytest.raises(Indeterminate):
            target.apply(before, V2, "op-1")
        eventually(lambda: target.read().routing == V2)


HISTORIES = 12


def test_gto_shows_what_the_target_reads_and_what_it_writes(tmp_path: Path) -> None:
    python = peer("gto")
    chance = random.Random(7)
    registries = [random_history(tmp_path / f"h{number}", chance) for number in range(HISTORIES)]
    read: list[str | None] = []
    for number, registry in enumerate(registries):
        target = on(registry, f"ours{number}")
        before = target.read()
        if number % 2 and before.detail["registered"]:
            name = chance.choice(before.detail["registered"].split())
            target.apply(before, Routing(shares={name: 1.0}), f"op-{number}")
        read.append(next(iter(target.read().routing.shares), None))
        git(registry.theirs, "fetch", "--quiet", "--tags", "origin")
    script = "import json, sys; from gto.api import show; print(json.dumps([show(repo) for repo in sys.argv[1:]]))"
    places = [str(registry.theirs) for registry in registries]
    shown = json.loads(subprocess.run([python, "-c", script, *places], check=True, capture_output=True).stdout)
    assert read == [each.get("fraud", {}).get("stage", {}).get("prod") for each in shown]
    assert len(set(read)) > 2


def test_tags_of_one_second_are_ordered_by_their_counter() -> None:
    tags = [gto.Tag(f"m@v1.0.{n}", f"c{n}", 5, "ann") for n in range(3)]
    tags += [gto.Tag(f"m#prod#{n + 1}", f"c{n % 3}", 9, "ann") for n in range(11)]
    random.Random(3).shuffle(tags)
    assert gto.fold("m", tags).stages["prod"][0] == "v1.0.1"


def test_names_that_are_of_another_artifact_or_grammar_are_passed_over() -> None:
    names = ["m-2@v1.0.0", "mm#prod#1", "m@latest", "m@v1", "m#prod", "release-7", "m##1"]
    registry = gto.fold("m", [gto.Tag(name, "c", 1, "ann") for name in names])
    assert registry.commits == {}
    assert list(registry.stages) == ["prod"], "a stage without a counter is GTO's simple form"


# What the tests do beside git ---------------------------------------------------------------------------------------


def hook(place: Path, script: str) -> None:
    place.parent.mkdir(exist_ok=True)
    place.write_text(f"#!/bin/sh\n{script}\n")
    place.chmod(0o755)


def at_the_push(registry: TagRegistry, command: str) -> None:
    """Something that happens between our last look and our push."""
    hook(registry.directory / "ours" / ".git" / "hooks" / "pre-push", command)


def random_history(directory: Path, chance: random.Random) -> TagRegistry:
    registry = TagRegistry(directory)
    versions = [registry.release(f"v0.{n}.0") for n in range(1, chance.randint(3, 5))]
    versions.append(registry.commit())
    counter = 0
    for _ in range(chance.randint(2, 9)):
        counter += 1
        commit = chance.choice(versions)
        stage, cancel = chance.choice(["prod", "prod", "canary"]), chance.choice(["", "", "!"])
        registry.tag(f"fraud#{stage}{cancel}#{counter}", commit)
    if chance.random() < 0.4:
        counter += 1
        registry.tag(f"fraud@v0.1.0!#{counter}", versions[0])
    return registry


def eventually(holds: object, within_s: float = 20.0) -> None:
    assert callable(holds)
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


@contextmanager
def git_daemon(registry: TagRegistry) -> Iterator[int]:
    """The registry's remote, served by git's own daemon."""
    port = free_port()
    words = [f"--base-path={registry.directory}", "--export-all", "--enable=receive-pack", "--listen=127.0.0.1"]
    process = subprocess.Popen(
        ["git", "daemon", "--reuseaddr", f"--port={port}", *words, str(registry.directory)],
        env=ENVIRON,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: _answers(port))
        yield port
    finally:
        process.terminate()
        process.wait()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def cutting_relay(port: int, *, is_delivered: bool = True) -> Iterator[int]:
    """Passes a push on to a git daemon, whole or without what it is about, and cuts the line before its answer."""
    listener = socket.create_server(("127.0.0.1", 0))

    def relay() -> None:
        client, _ = listener.accept()
        server = socket.create_connection(("127.0.0.1", port))
        is_sent = threading.Event()

        def upwards() -> None:
            while data := client.recv(65536):
                if b"PACK" in data:
                    is_sent.set()
                    if not is_delivered:
                        server.shutdown(socket.SHUT_RDWR)
                        return
                server.sendall(data)

        thread = threading.Thread(target=upwards, daemon=True)
        thread.start()
        while data := server.recv(65536):
            if is_sent.is_set():
                break
            client.sendall(data)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.shutdown(socket.SHUT_RD)
        thread.join()
        client.close()
        server.close()

    thread = threading.Thread(target=relay, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        thread.join(timeout=10)
        listener.close()

"""Versions are registered through the API: what is taken in, what is refused, and what journal and timeline say."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import msgspec
import pytest
from inprocess import Daemon

from manifests_made import REVISION, WHOLE, manifest, part, sha
from opsconsole import wire
from opsconsole.daemon.registering import Registering
from opsconsole.errors import OpsConsoleError, ReleaseRefused, UsageError


@pytest.fixture
def daemon(daemon: Daemon) -> Daemon:
    daemon.start()
    return daemon


def add(daemon: Daemon, registered: wire.Manifest, *, is_replacement: bool = False) -> wire.Registered:
    request = wire.VersionRequest(manifest=registered, is_replacement=is_replacement)
    return daemon.ask("POST", "/v1/version", wire.Registered, request)


def known(daemon: Daemon, **params: str) -> wire.ManifestsReply:
    return daemon.ask("GET", "/v1/manifests", wire.ManifestsReply, **params)


def added(daemon: Daemon) -> list[dict[str, Any]]:
    return [event.data for event in daemon.engine.journal.events() if event.kind == "version.added"]


def test_what_is_registered_is_known_with_who_and_when(daemon: Daemon) -> None:
    registered = add(daemon, manifest(*WHOLE, note="longer context", origin="flags"))
    assert (registered.is_new, registered.replaced) == (True, None)
    (found,) = known(daemon).manifests
    assert found == registered.manifest
    assert (found.parts, found.added_by, found.added_at) == (WHOLE, "ann", daemon.clock.now())
    assert known(daemon, service="doc-search").manifests == ()


def test_another_persons_name_may_be_given_by_the_daemon_and_never_by_the_request(daemon: Daemon) -> None:
    add(daemon, manifest(*WHOLE, added_by="mallory"))
    assert known(daemon).manifests[0].added_by == "ann"
    request = wire.VersionRequest(manifest=manifest(*WHOLE, version="v43"))
    assert daemon.desk.registering.add(request, "ben").manifest.added_by == "ben"
    newest = daemon.desk.registering.newest("chat-assist", "v43")
    assert newest is not None
    assert newest.added_by == "ben"


def test_what_is_registered_outlives_the_daemon(daemon: Daemon) -> None:
    add(daemon, manifest(*WHOLE))
    assert Registering(daemon.engine).manifests() == known(daemon)


def test_the_same_again_writes_nothing(daemon: Daemon) -> None:
    add(daemon, manifest(*WHOLE))
    revision = daemon.engine.revision
    assert not add(daemon, manifest(*WHOLE)).is_new
    assert (len(added(daemon)), daemon.engine.revision) == (1, revision)


def test_more_may_be_said_of_a_version(daemon: Daemon) -> None:
    add(daemon, manifest(*WHOLE, part("image", "chat:v42")))
    more = manifest(*WHOLE, part("image", "chat:v42"), part("card", digest=sha("e")), note="card added")
    assert add(daemon, more).replaced is not None
    assert known(daemon).manifests[0].note == "card added"
    assert len(known(daemon).superseded) == 1


@pytest.mark.parametrize(
    ("second", "told"),
    [
        ((part("model", digest=sha("f")), *WHOLE[1:]), "model sha256:aaaaaaaaaaaa → sha256:ffffffffffff"),
        (WHOLE[1:], "model sha256:aaaaaaaaaaaa → nothing"),
        ((part("model", "s3://elsewhere"), *WHOLE[1:]), "model sha256:aaaaaaaaaaaa → s3://elsewhere"),
    ],
)
def test_a_contradiction_is_refused_unless_it_is_to_replace(
    daemon: Daemon, second: tuple[wire.Part, ...], told: str
) -> None:
    add(daemon, manifest(*WHOLE))
    with pytest.raises(ReleaseRefused) as caught:
        add(daemon, manifest(*second))
    assert f"chat-assist v42 is registered already, by ann, and differs: {told}" in caught.value.message
    assert "--replace" in caught.value.remedy
    assert known(daemon).manifests[0].parts == WHOLE
    replaced = add(daemon, manifest(*second), is_replacement=True)
    assert replaced.replaced is not None
    assert (known(daemon).manifests[0].parts, known(daemon).superseded[0].parts) == (second, WHOLE)
    assert [each["is_replacement"] for each in added(daemon)] == [False, True]


def test_who_contradicts_what_is_registered_stands_in_the_journal_and_the_timeline_once_a_minute(
    daemon: Daemon,
) -> None:
    add(daemon, manifest(*WHOLE))
    other = manifest(part("model", digest=sha("f")), *WHOLE[1:])
    for _ in range(20):
        with pytest.raises(ReleaseRefused):
            add(daemon, other)
    (told,) = [event for event in daemon.engine.journal.events() if event.kind == "version.refused"]
    assert (told.actor, told.data["service"], told.data["version"]) == ("ann", "chat-assist", "v42")
    assert "differs: model sha256:aaaaaaaaaaaa → sha256:ffffffffffff" in told.data["why"]
    shown = daemon.ask("GET", "/v1/timeline", wire.TimelineView, window="1h")
    assert any("not registered: chat-assist v42 is registered already" in each.text for each in shown.events)


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        (wire.Manifest(service="", version="v1", parts=WHOLE), "the service has no name"),
        (wire.Manifest(service="chat", version="", parts=WHOLE), "the version has no name"),
        (wire.Manifest(service="chat\x1b[2J", version="v1", parts=WHOLE), "cannot be printed: 'chat\\x1b[2J'"),
        (wire.Manifest(service="chat", version="v\u202e1", parts=WHOLE), "cannot be printed"),
        (manifest(*WHOLE, note="two\nlines"), "the note holds characters that cannot be printed"),
        (manifest(*WHOLE, note="x" * 2_001), "the note is longer than 2000 characters"),
        (manifest(), "a version has 1 to 64 parts, not 0"),
        (manifest(*(part("data", f"s3://{i}") for i in range(65))), "a version has 1 to 64 parts, not 65"),
        (manifest(WHOLE[0], WHOLE[0]), "a part of it is named twice"),
        (manifest(wire.Part(kind="model", uri="")), "its model has no URI"),
        (manifest(part("model", "s3://a\nb")), "the uri of its model holds characters"),
        (manifest(part("model", "s3://" + "a" * 2_000)), "the uri of its model is longer than 2000"),
        (manifest(part("model", digest="yes; rm -rf /")), "is no digest: write it as sha256:"),
        (manifest(part("model", name="a\x07")), "the name of its model holds"),
        (manifest(part("model", obtain=("true\nrm -rf /",))), "a command of its model holds"),
        (manifest(part("model", obtain=("true",) * 33)), "more than 32 commands"),
        (manifest(part("code", f"https://amira:secret@host/r.git@{REVISION}")), "names a password or a token"),
        (manifest(part("code", f"https://t0ken@host/r.git@{REVISION}")), "names a password or a token"),
        (manifest(part("model", "https://h/m?X-Amz-Signature=1")), "names a password or a token"),
        (manifest(part("model", obtain=("curl https://a:b@h/m",))), "names a password or a token"),
    ],
)
def test_what_is_no_manifest_is_refused_and_nothing_is_written(
    daemon: Daemon, refused: wire.Manifest, why: str
) -> None:
    with pytest.raises(UsageError) as caught:
        add(daemon, refused)
    assert why in caught.value.message
    assert added(daemon) == []


def test_a_kind_of_part_that_is_none_is_refused(daemon: Daemon) -> None:
    body = msgspec.json.encode(
        {"manifest": {"service": "chat", "version": "v1", "parts": [{"kind": "vibes", "uri": "x"}]}}
    )
    with pytest.raises(OpsConsoleError, match="Invalid enum value 'vibes'"):
        daemon.ask("POST", "/v1/version", wire.Registered, body)


def test_two_who_register_at_once_do_not_both_win(daemon: Daemon) -> None:
    bodies = [
        msgspec.json.encode(wire.VersionRequest(manifest=manifest(part("model", digest=sha(digit)))))
        for digit in "abcd"
    ]

    async def all_at_once(http: httpx.AsyncClient) -> list[httpx.Response]:
        return list(await asyncio.gather(*(http.post("/v1/version", content=body) for body in bodies)))

    answers = asyncio.run(daemon.asking(all_at_once))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    assert len(added(daemon)) == 1


def test_the_timeline_tells_who_registered_what(daemon: Daemon) -> None:
    add(daemon, manifest(*WHOLE))
    daemon.clock.advance(1)
    add(daemon, manifest(part("model", digest=sha("f"), name="harbor-chat-2.1")), is_replacement=True)
    daemon.clock.advance(1)
    view = daemon.ask("GET", "/v1/timeline", wire.TimelineView, window="1h", service="")
    again, first = view.events[:2]
    assert (again.kind, again.service, again.actor) == ("release", "chat-assist", "ann")
    assert again.text == "v42 registered again: model harbor-chat-2.1"
    assert first.text.startswith("v42 registered: model s3://parts/model.bin, data s3://parts/data.bin, config ")
    assert first.text.endswith(" and 1 more")

"""Every kind that speaks HTTP, against a real server that fails in every way in which servers fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from telling import NOW, built, notice

from faulty_server import Answer, Asked, Fault, FaultyServer, closed_port
from opsconsole.errors import ConfigError
from opsconsole.notifiers.base import (
    FINAL,
    AuthFailed,
    Busy,
    Indeterminate,
    Message,
    Notifier,
    OutsideError,
    Rejected,
    Unreachable,
)
from opsconsole.notifiers.pagerduty import BUSY_WAIT_S

SECRET = "xoxb-a-very-secret-piece"
KEY = "R0123456789abcdef0123456789abcde"


@dataclass(frozen=True)
class Subject:
    """A kind of notifier, and the system that it speaks to."""

    kind: str
    options: Callable[[str], dict[str, Any]]
    """Address of the server → options."""
    taken: Answer
    path: str

    def made(self, url: str, directory: Path, **more: Any) -> Notifier:
        environ = {"URL": f"{url}{self.path}", "KEY": KEY, "TOKEN": SECRET}
        return built(self.kind, directory, environ, **{"timeout_s": 0.5} | self.options(url) | more)


SUBJECTS = [
    Subject(
        "webhook",
        lambda url: {"url": f"{url}/hook", "headers": {"Authorization": {"env": "TOKEN", "prefix": "Bearer "}}},
        Answer(200, {"ok": True}),
        "/hook",
    ),
    Subject("slack", lambda url: {"url": {"env": "URL"}}, Answer(200, b"ok"), f"/services/T01/B02/{SECRET}"),
    Subject("teams", lambda url: {"url": {"env": "URL"}}, Answer(202, b""), f"/workflows/3f2a/run?sig={SECRET}&sv=1"),
    Subject(
        "pagerduty",
        lambda url: {"url": url, "routing_key": {"env": "KEY"}},
        Answer(202, {"status": "success", "message": "Event processed", "dedup_key": "k"}),
        "/v2/enqueue",
    ),
    Subject("alertmanager", lambda url: {"url": url}, Answer(200, b""), "/api/v2/alerts"),
]
MESSAGE = Message(notice(), "3f2a9c01d4e5f607")

FAULTS: dict[str, tuple[Fault, type[OutsideError], float | None]] = {
    "429 with seconds": (Fault(answer=Answer(429, {}, {"Retry-After": "7"})), Busy, 7),
    "429 with a moment": (
        Fault(
            answer=Answer(
                429,
                {},
                {"Date": "Wed, 25 Nov 2026 03:00:00 GMT", "Retry-After": "Wed, 25 Nov 2026 03:01:30 GMT"},
            )
        ),
        Busy,
        90,
    ),
    "503 with seconds": (Fault(answer=Answer(503, b"", {"Retry-After": "11"})), Busy, 11),
    "429 with nonsense": (Fault(answer=Answer(429, {}, {"Retry-After": "soon"})), Busy, None),
    "500": (Fault(answer=Answer(500, {"message": "it broke"})), Indeterminate, None),
    "504": (Fault(answer=Answer(504, b"<html>gateway</html>")), Indeterminate, None),
    "hang": (Fault("hang"), Indeterminate, None),
    "reset": (Fault("reset"), Indeterminate, None),
    "drip": (Fault("drip", Answer(200, b"ok" * 40)), Indeterminate, None),
    "cut": (Fault("cut", Answer(200, b"ok ")), Indeterminate, None),
    "taken, and the answer is lost": (Fault("reset", is_obeyed=True), Indeterminate, None),
    "400": (Fault(answer=Answer(400, {"message": "no"})), Rejected, None),
    "404": (Fault(answer=Answer(404, b"no_service")), Rejected, None),
    "410": (Fault(answer=Answer(410, b"channel_is_archived")), Rejected, None),
    "redirect": (Fault(answer=Answer(302, b"", {"Location": "https://elsewhere"})), Rejected, None),
    "401": (Fault(answer=Answer(401, {})), AuthFailed, None),
    "403": (Fault(answer=Answer(403, b"action_prohibited")), AuthFailed, None),
}


@pytest.fixture(params=SUBJECTS, ids=lambda subject: subject.kind)
def subject(request: pytest.FixtureRequest) -> Subject:
    found: Subject = request.param
    return found


@pytest.fixture
def server(subject: Subject) -> Iterator[FaultyServer]:
    with FaultyServer(lambda asked: subject.taken) as serving:
        yield serving


def test_a_notice_is_posted_as_json_to_where_the_kind_takes_it(
    subject: Subject, server: FaultyServer, tmp_path: Path
) -> None:
    notifier = subject.made(server.url, tmp_path)
    told = notifier.send(MESSAGE)
    [asked] = server.asked
    assert (asked.method, asked.path) == ("POST", subject.path)
    assert asked.headers["content-type"] == "application/json"
    assert "error budget burns 14 times too fast" in json.dumps(asked.json())
    assert str(subject.taken.status) in told
    assert "127.0.0.1" in notifier.where
    notifier.close()


@pytest.mark.parametrize("name", FAULTS)
def test_how_it_fails_says_whether_and_when_it_is_tried_again(
    name: str, subject: Subject, server: FaultyServer, tmp_path: Path
) -> None:
    fault, kind, wait_s = FAULTS[name]
    notifier = subject.made(server.url, tmp_path)
    server.fail(fault)
    with pytest.raises(OutsideError) as caught:
        notifier.send(MESSAGE)
    assert type(caught.value) is kind
    if subject.kind == "pagerduty" and kind is Busy and wait_s is None:
        wait_s = BUSY_WAIT_S
    assert caught.value.retry_after_s == wait_s
    assert isinstance(caught.value, FINAL) == (kind is Rejected)
    notifier.send(MESSAGE)
    assert server.asked[-1].body == server.asked[0].body
    notifier.close()


def test_where_nobody_listens_nothing_was_sent(subject: Subject, tmp_path: Path) -> None:
    notifier = subject.made(f"http://127.0.0.1:{closed_port()}", tmp_path)
    with pytest.raises(Unreachable, match="nothing was sent"):
        notifier.send(MESSAGE)
    notifier.close()


@pytest.mark.parametrize("ending", ["answer", "reset"])
def test_a_secret_is_in_no_words_even_if_the_other_side_echoes_it(
    ending: Any, subject: Subject, server: FaultyServer, tmp_path: Path
) -> None:
    def echo(asked: Asked) -> Answer:
        echoed = f"{asked.path} {dict(asked.headers)} {asked.body.decode()} {KEY} {SECRET}"
        return Answer(400, echoed.encode())

    notifier = subject.made(server.url, tmp_path)
    server.fail(Fault(ending, instead=echo))
    with pytest.raises(OutsideError) as caught:
        notifier.send(MESSAGE)
    said = f"{caught.value.message} {caught.value.remedy} {notifier.where} {notifier!r}"
    hidden = KEY if subject.kind == "pagerduty" else SECRET
    if subject.kind != "alertmanager":
        assert hidden not in said
    notifier.close()


@pytest.mark.parametrize("kind", ["slack", "teams"])
def test_an_address_that_is_a_secret_is_never_quoted(kind: str, tmp_path: Path) -> None:
    for address in (f"http://hooks.example.org/{SECRET}", f"ftp://hooks.example.org/{SECRET}", f"nonsense {SECRET}"):
        with pytest.raises(ConfigError) as caught:
            built(kind, tmp_path, {"URL": address}, url={"env": "URL"})
        assert SECRET not in f"{caught.value.message}{caught.value.remedy}"
    with pytest.raises(ConfigError, match="Expected `object`"):
        built(kind, tmp_path, {}, url=f"https://hooks.example.org/{SECRET}")


def test_an_address_that_is_renewed_counts_from_the_next_call_on(tmp_path: Path) -> None:
    path = tmp_path / "slack.url"
    with FaultyServer(lambda asked: Answer(200, b"ok")) as server:
        path.write_text(f"{server.url}/old\n")
        path.chmod(0o600)
        notifier = built("slack", tmp_path, url={"file": "slack.url"})
        path.write_text(f"{server.url}/new\n")
        notifier.send(MESSAGE)
        path.write_text("nonsense\n")
        with pytest.raises(AuthFailed, match="is no address"):
            notifier.send(MESSAGE)
        notifier.close()
    assert [asked.path for asked in server.asked] == ["/new"]


def test_a_webhook_gets_the_whole_notice_and_can_tell_two_attempts_to_be_one(tmp_path: Path) -> None:
    with FaultyServer(lambda asked: Answer(200, {})) as server:
        notifier = SUBJECTS[0].made(server.url, tmp_path)
        server.fail(Fault("reset", is_obeyed=True))
        with pytest.raises(Indeterminate):
            notifier.send(MESSAGE)
        notifier.send(MESSAGE)
        notifier.close()
    assert {asked.headers["idempotency-key"] for asked in server.asked} == {MESSAGE.id}
    assert server.asked[0].headers["authorization"] == f"Bearer {SECRET}"
    assert server.asked[0].json() == {
        "id": MESSAGE.id,
        "environment": "prod",
        "key": "alert:chat-assist:burn",
        "kind": "firing",
        "severity": "page",
        "service": "chat-assist",
        "title": "error budget burns 14 times too fast",
        "body": notice().body,
        "at": NOW.isoformat().replace("+00:00", "Z"),
        "acknowledged_by": "",
        "labels": {"rule": "burn", "version": "v42"},
        "links": ["https://ops.internal/alerts/7", "opsconsole show explain chat-assist"],
    }


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("slack", Answer(200, b"<html>Log in</html>")),
        ("pagerduty", Answer(200, b"<html>Log in</html>")),
        ("teams", Answer(200, b"Microsoft Teams endpoint returned HTTP error 429 with ContextId tcid=0")),
    ],
)
def test_a_2xx_that_is_not_the_kinds_own_is_not_taken_for_delivery(kind: str, answer: Answer, tmp_path: Path) -> None:
    subject = next(each for each in SUBJECTS if each.kind == kind)
    with FaultyServer(lambda asked: answer) as server:
        notifier = subject.made(server.url, tmp_path)
        with pytest.raises((Indeterminate, Busy)):
            notifier.send(MESSAGE)
        notifier.close()

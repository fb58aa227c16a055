"""``opsconsole notify``: who can be told, whether the way there works, and who was told what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from commandline import opsconsole

from faulty_server import Answer, Fault, FaultyServer
from opsconsole import wire


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer(lambda asked: Answer(200, {"said": "\x1b[31mthanks"})) as running:
        yield running


@pytest.fixture
def told_home(another_home: Callable[[], Path], server: FaultyServer) -> Path:
    """A home that tells a webhook."""
    home = another_home()
    home.mkdir(mode=0o700)
    (home / "opsconsole.yaml").write_text(
        f"notifiers:\n  team: {{kind: webhook, options: {{url: '{server.url}'}}, severities: [page, ticket]}}\n"
    )
    return home


def test_a_test_is_sent_listed_and_shown_as_delivered(told_home: Path, server: FaultyServer) -> None:
    tested = opsconsole("notify", "test", "team", "--home", told_home)
    assert (tested.code, tested.err) == (0, "")
    assert tested.out.startswith("team was told: 200 OK")
    assert "\x1b" not in tested.out
    assert server.asked[0].json()["kind"] == "test"

    listed = opsconsole("notify", "list", "--home", told_home)
    assert listed.cells[1][:6] == ["team", "webhook 127.0.0.1", "page,ticket", "0", "1", "0"]
    rows = opsconsole("notify", "list", "--json", "--home", told_home).decoded(tuple[wire.NotifierRow, ...])
    assert rows[0].sent == 1

    reply = opsconsole("notify", "deliveries", "--json", "--home", told_home).decoded(wire.DeliveriesReply)
    [delivery] = reply.deliveries
    assert (delivery.notifier, delivery.word, delivery.attempts) == ("team", "sent", 1)
    shown = opsconsole("notify", "deliveries", "--notifier", "team", "--home", told_home)
    assert shown.cells[1][1:3] == ["team", "sent"]
    assert "\x1b" not in shown.out


def test_a_test_that_fails_says_why_and_has_an_exit_code_of_its_own(told_home: Path, server: FaultyServer) -> None:
    server.fail(Fault(answer=Answer(401, {"message": "who are you?"})))
    failed = opsconsole("notify", "test", "team", "--json", "--home", told_home)
    assert failed.code == 18
    assert "who are you?" in failed.err
    assert failed.decoded(wire.Delivery).word == "given up"


def test_a_name_that_there_is_not_is_a_usage_error(told_home: Path) -> None:
    refused = opsconsole("notify", "test", "tem", "--home", told_home)
    assert refused.code == 2
    assert "There are: team." in refused.err


def test_where_nobody_is_configured_it_says_how(home: Path) -> None:
    listed = opsconsole("notify", "list", "--home", home)
    assert (listed.code, listed.out) == (0, "")
    assert "`notifiers:`" in listed.err
    assert "nobody was told" in opsconsole("notify", "deliveries", "--home", home).err

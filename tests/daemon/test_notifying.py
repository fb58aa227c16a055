"""Notifiers in the daemon: whoever notifies goes on, people are told, and what became of it can be asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from inprocess import START, Daemon

from faulty_server import Answer, Fault, FaultyServer, closed_port
from opsconsole import wire
from opsconsole.config.load import load, parse
from opsconsole.config.notifying import NotifierSetting
from opsconsole.config.settings import AccessSetting, Settings
from opsconsole.errors import ConfigError, RequestRefused, UsageError
from opsconsole.releases.access import Person
from waiting import WITHIN_S, until

NOTICE = wire.Notice(
    key="alert:chat:burn",
    kind="firing",
    severity="page",
    service="chat",
    title="error budget burns",
    at=START,
)


def webhook(url: str, timeout_s: float = 1.0, **changed: Any) -> NotifierSetting:
    return NotifierSetting(kind="webhook", options={"url": url, "timeout_s": timeout_s}, **changed)


def settings(**notifiers: NotifierSetting) -> Settings:
    return Settings(environment="test", notifiers=notifiers, access=AccessSetting(viewers=("*",)))


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer(lambda asked: Answer(200, {})) as running:
        yield running


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Callable[..., Daemon]]:
    """Daemons of one home, one after the other; the last is stopped afterwards."""
    daemons: list[Daemon] = []

    def make(**notifiers: NotifierSetting) -> Daemon:
        for before in daemons:
            before.engine.stop()
        daemons[:] = [Daemon(tmp_path / "home", settings(**notifiers))]
        daemons[0].start()
        daemons[0].desk.notifying.start()
        return daemons[0]

    yield make
    for last in daemons:
        last.engine.stop()


def deliveries(daemon: Daemon, **asked: str) -> tuple[wire.Delivery, ...]:
    return daemon.ask("GET", "/v1/deliveries", wire.DeliveriesReply, **asked).deliveries


def test_people_are_told_and_it_can_be_asked_who_when_and_by_what(
    server: FaultyServer, made: Callable[..., Daemon]
) -> None:
    daemon = made(hook=webhook(server.url), quiet=webhook(server.url, severities=("info",)))
    assert daemon.desk.notifying.notify(NOTICE) == ("hook",)
    [delivery] = until(lambda: [each for each in deliveries(daemon) if each.word == "sent"])
    assert (delivery.notifier, delivery.key, delivery.kind, delivery.attempts) == ("hook", NOTICE.key, "firing", 1)
    assert delivery.last_at == START
    assert delivery.told == "200 OK: {}"
    assert deliveries(daemon, notifier="quiet") == deliveries(daemon, key="another") == ()
    rows = daemon.ask("GET", "/v1/notifiers", wire.NotifiersReply).notifiers
    assert [(row.name, row.kind, row.where, row.sent, row.waiting) for row in rows] == [
        ("hook", "webhook", "webhook 127.0.0.1", 1, 0),
        ("quiet", "webhook", "webhook 127.0.0.1", 0, 0),
    ]


def test_a_notifier_that_hangs_keeps_nobody_waiting(server: FaultyServer, made: Callable[..., Daemon]) -> None:
    with FaultyServer(lambda asked: Answer(200, {})) as hanging:
        hanging.fail(Fault("hang"))
        daemon = made(hanging=webhook(hanging.url, timeout_s=2 * WITHIN_S), hook=webhook(server.url))
        daemon.desk.notifying.notify(NOTICE)
        until(lambda: hanging.asked)
        until(lambda: server.asked)
        assert [each.word for each in deliveries(daemon, notifier="hanging")] == ["pending"]


def test_what_was_not_delivered_when_the_daemon_ended_is_delivered_by_the_next(
    server: FaultyServer, made: Callable[..., Daemon]
) -> None:
    daemon = made(hook=webhook(f"http://127.0.0.1:{closed_port()}"))
    daemon.desk.notifying.notify(NOTICE)
    [before] = until(lambda: [each for each in deliveries(daemon) if each.word == "failed"])
    assert "nothing was sent" in before.told
    daemon = made(hook=webhook(server.url))
    daemon.clock.advance(300)
    [after] = until(lambda: [each for each in deliveries(daemon) if each.word == "sent"])
    assert (after.id, after.attempts) == (before.id, 2)
    assert server.asked[0].headers["idempotency-key"] == before.id


def test_what_nobody_was_told_is_said_by_the_doctor_and_handed_to_whoever_asks(
    server: FaultyServer, made: Callable[..., Daemon]
) -> None:
    server.fail(Fault(answer=Answer(400, {"message": "no such channel"})))
    daemon = made(hook=webhook(server.url))
    daemon.desk.notifying.notify(NOTICE)
    [lost] = until(daemon.desk.notifying.given_up)
    assert (lost.word, lost.key) == ("given up", NOTICE.key)

    def check() -> wire.Check:
        checks = daemon.ask("GET", "/v1/diagnosis", wire.Diagnosis).checks
        return next(each for each in checks if each.name == "notifier hook")

    assert not check().is_ok
    assert "no such channel" in check().found
    daemon.clock.advance(timedelta(days=1, seconds=1).total_seconds())
    assert check().is_ok


def test_a_name_that_there_is_not_is_said_by_the_doctor_for_a_day(made: Callable[..., Daemon]) -> None:
    daemon = made(screens=NotifierSetting(kind="terminal"))

    def wrong() -> list[str]:
        checks = daemon.ask("GET", "/v1/diagnosis", wire.Diagnosis).checks
        return [each.found for each in checks if each.name == "telling people" and not each.is_ok]

    assert wrong() == []
    assert daemon.desk.notifying.notify(NOTICE, ("screen",)) == ()
    assert wrong() == ["error budget burns: there is no notifier 'screen'"]
    daemon.clock.advance(timedelta(days=1, seconds=1).total_seconds())
    assert wrong() == []


def test_a_line_that_is_down_is_wrong_until_it_works(server: FaultyServer, made: Callable[..., Daemon]) -> None:
    server.fail(Fault(answer=Answer(503, {})))
    daemon = made(hook=webhook(server.url))
    daemon.desk.notifying.notify(NOTICE)
    until(lambda: not daemon.desk.notifying.checks()[0].is_ok)
    daemon.clock.advance(5)
    until(lambda: daemon.desk.notifying.checks()[0].is_ok)


def test_a_test_tells_one_notifier_and_says_what_became_of_it(
    server: FaultyServer, made: Callable[..., Daemon]
) -> None:
    daemon = made(hook=webhook(server.url, severities=("page",)))
    body = wire.NotifyTestRequest(notifier="hook")
    delivery = daemon.ask("POST", "/v1/notify/test", wire.Delivery, body)
    assert (delivery.word, delivery.kind) == ("sent", "test")
    assert server.asked[0].json()["title"] == "test of hook by ann"
    with pytest.raises(UsageError, match="there is no notifier 'hok'"):
        daemon.ask("POST", "/v1/notify/test", wire.Delivery, wire.NotifyTestRequest(notifier="hok"))
    with pytest.raises(RequestRefused):
        daemon.ask("POST", "/v1/notify/test", wire.Delivery, body, person=Person(name="eve", uid=4_711))
    assert len(server.asked) == 1


def test_whoever_has_a_console_open_hears_it_once(made: Callable[..., Daemon]) -> None:
    daemon = made(screens=NotifierSetting(kind="terminal"))

    def present(console: str) -> wire.Present:
        said = wire.Presence(console=console, user="", origin="tty1", view="fleet", service="")
        return daemon.ask("POST", "/v1/presence", wire.Present, said)

    daemon.desk.notifying.notify(NOTICE)
    until(lambda: [each.told for each in deliveries(daemon)] == ["no console is attached"])
    assert present("a").rings == ()
    daemon.clock.advance(3)
    present("a")
    until(lambda: [each.word for each in deliveries(daemon)] == ["sent"])
    [ring] = present("a").rings
    assert (ring.words, ring.has_bell) == ("[FIRING] test chat: error budget burns", True)
    assert present("b").rings == (ring,)
    daemon.clock.advance(31)
    assert present("a").rings == ()


def test_what_was_said_to_whom_is_on_the_timeline(server: FaultyServer, made: Callable[..., Daemon]) -> None:
    server.fail(Fault(answer=Answer(500, {})))
    daemon = made(hook=webhook(server.url))
    daemon.desk.notifying.notify(NOTICE)
    until(lambda: [each.word for each in deliveries(daemon)] == ["failed"])
    daemon.clock.advance(5)
    until(lambda: [each.word for each in deliveries(daemon)] == ["sent"])
    daemon.clock.advance(5)
    view = daemon.ask("GET", "/v1/timeline", wire.TimelineView, window="1h")
    texts = [event.text for event in view.events]
    assert "firing: error budget burns → hook" in texts
    assert "hook was told of alert:chat:burn at the 2. attempt" in texts
    assert any(text.startswith("hook could not be told of alert:chat:burn, and is tried again: ") for text in texts)


def test_a_notifier_that_cannot_be_understood_names_its_line(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    config = home / "opsconsole.yaml"
    config.write_text("environment: test\nnotifiers:\n  team:\n    kind: slack\n    options: {}\n")
    with pytest.raises(ConfigError) as caught:
        Daemon(home, load(config))
    assert caught.value.message == f"{config}:3: notifiers.team.options: Object missing required field `url`"
    with pytest.raises(ConfigError, match=r"opsconsole.yaml:3: notifiers.team: `kind` is missing|`kind` is missing"):
        parse(b"notifiers:\n  team:\n    options: {}\n", config)

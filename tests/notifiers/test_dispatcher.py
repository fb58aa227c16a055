"""A notice gets to everybody who is to hear of it, in order, once, and whatever fails on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from telling import NOW, SPOKEN, Office, Spoken, notice, way

from opsconsole.errors import JournalError, UsageError
from opsconsole.notifiers import backoff
from opsconsole.notifiers.base import (
    AuthFailed,
    Busy,
    Conflict,
    Indeterminate,
    Message,
    OutsideError,
    Rejected,
    Unreachable,
    Unsupported,
)
from opsconsole.notifiers.pace import LONGEST_REST_S, MOST_WAITING, TRIED_FOR_S

PAGES = frozenset({"page"})


def failing(error: OutsideError) -> Callable[[Message], str]:
    def answer(message: Message) -> str:
        raise error

    return answer


@pytest.fixture
def spoken() -> Spoken:
    return Spoken()


@pytest.fixture
def office(tmp_path: Path, spoken: Spoken) -> Office:
    return Office(tmp_path, {"on-call": way(spoken)})


def test_a_notice_goes_to_every_notifier_that_is_of_its_severity_and_service(tmp_path: Path) -> None:
    ways = {
        "pages": way(Spoken(), severities=PAGES),
        "tickets": way(Spoken(), severities=frozenset({"ticket"})),
        "search": way(Spoken(), services=frozenset({"doc-search"})),
        "all": way(Spoken()),
    }
    office = Office(tmp_path, ways)
    assert office.dispatcher.notify(notice()) == ("pages", "all")


def test_a_notifier_that_is_named_is_told_whatever_else_it_gets(tmp_path: Path) -> None:
    ways = {
        "tickets": way(Spoken(), severities=frozenset({"ticket"})),
        "search": way(Spoken(), services=frozenset({"doc-search"})),
        "all": way(Spoken()),
    }
    office = Office(tmp_path, ways)
    assert office.dispatcher.notify(notice(), ("tickets", "search")) == ("tickets", "search")
    assert office.dispatcher.notify(notice(kind="update"), ("tickets",)) == ("tickets",)


def test_whoever_notifies_waits_for_nobody(office: Office, spoken: Spoken) -> None:
    assert office.dispatcher.notify(notice()) == ("on-call",)
    assert spoken.tried == []
    [delivery] = office.deliveries()
    assert (delivery.word, delivery.attempts) == ("pending", 0)


def test_what_was_taken_says_when_and_with_which_answer(office: Office) -> None:
    office.dispatcher.notify(notice())
    office.work()
    [delivery] = office.deliveries()
    assert (delivery.word, delivery.attempts, delivery.told, delivery.last_at) == ("sent", 1, "taken", NOW)


def test_the_same_thing_that_fires_again_is_told_once_until_it_is_over(office: Office, spoken: Spoken) -> None:
    for kind in ("firing", "firing", "resolved", "resolved", "firing"):
        office.dispatcher.notify(notice(kind=kind))
        office.work()
    assert [each.notice.kind for each in spoken.taken] == ["firing", "resolved", "firing"]


def test_what_became_more_severe_is_told_again(office: Office, spoken: Spoken) -> None:
    office.dispatcher.notify(notice(severity="ticket"))
    office.dispatcher.notify(notice())
    office.work()
    assert [each.notice.severity for each in spoken.taken] == ["ticket", "page"]
    assert spoken.taken[1].opened == notice(severity="ticket")


def test_updates_are_all_told_but_the_very_same_one(office: Office, spoken: Spoken) -> None:
    for body in ("a", "b", "b", "a"):
        office.dispatcher.notify(notice(kind="update", body=body))
    office.work()
    assert [each.notice.body for each in spoken.taken] == ["a", "b", "a"]


def test_that_it_is_over_is_told_to_whoever_was_told_that_it_began_and_to_nobody_else(tmp_path: Path) -> None:
    office = Office(tmp_path, {"pages": way(Spoken(), severities=PAGES), "all": way(Spoken()), "other": way(Spoken())})
    office.dispatcher.notify(notice(), ("pages",))
    office.dispatcher.notify(notice(kind="escalated"), ("all",))
    assert office.dispatcher.notify(notice(kind="resolved", severity="info"), ("other",)) == ("pages", "all")


def test_that_it_is_over_never_overtakes_that_it_began(office: Office, spoken: Spoken) -> None:
    spoken.answer = failing(Unreachable("no"))
    office.dispatcher.notify(notice())
    office.work()
    office.dispatcher.notify(notice(kind="resolved"))
    office.work(for_s=30)
    assert {each.notice.kind for each in spoken.tried} == {"firing"}
    spoken.answer = lambda message: "taken"
    office.work(for_s=backoff.LONGEST_S)
    assert [each.notice.kind for each in spoken.taken] == ["firing", "resolved"]


def test_a_notice_that_is_always_refused_for_now_keeps_no_other_waiting(office: Office, spoken: Spoken) -> None:
    def answer(message: Message) -> str:
        if message.notice.key == "bad":
            raise Indeterminate("500")
        return "taken"

    spoken.answer = answer
    for key in ("bad", "a", "b"):
        office.dispatcher.notify(notice(key=key))
    office.work(for_s=5)
    assert [each.notice.key for each in spoken.taken] == ["a", "b"]


def test_pages_go_before_tickets(office: Office, spoken: Spoken) -> None:
    for key, severity in (("i", "info"), ("t", "ticket"), ("p", "page")):
        office.dispatcher.notify(notice(key=key, severity=severity))
    office.work()
    assert [each.notice.key for each in spoken.taken] == ["p", "t", "i"]


def test_waits_grow_to_five_minutes_and_have_chance_in_them() -> None:
    assert [backoff.wait_s(n, 1.0) for n in (1, 2, 3, 4)] == [1, 2, 4, 8]
    assert backoff.wait_s(10_000, 1.0) == backoff.LONGEST_S
    assert backoff.wait_s(4, 0.0) == 4


@pytest.mark.parametrize("error", [Busy("429", retry_after_s=240), Indeterminate("503", retry_after_s=240)])
def test_what_the_other_side_asks_for_is_granted(error: OutsideError, office: Office, spoken: Spoken) -> None:
    spoken.answer = failing(error)
    office.dispatcher.notify(notice())
    office.dispatcher.notify(notice(key="another"))
    office.work(for_s=239)
    assert len(spoken.tried) == 1
    office.work(for_s=2)
    assert len(spoken.tried) == 2


def test_who_asks_to_be_left_alone_for_a_week_is_asked_again_in_an_hour(office: Office, spoken: Spoken) -> None:
    spoken.answer = failing(Busy("429", retry_after_s=604_800))
    office.dispatcher.notify(notice())
    office.work(for_s=3_601)
    assert len(spoken.tried) == 2


def test_a_line_that_is_down_is_tried_once_in_a_while_and_not_once_a_notice(office: Office, spoken: Spoken) -> None:
    spoken.answer = failing(Unreachable("no route"))
    for number in range(100):
        office.dispatcher.notify(notice(key=f"k{number}"))
    office.work(for_s=600)
    assert len(spoken.tried) <= 10 + 600 / (LONGEST_REST_S / 2)


@pytest.mark.parametrize("kind", [Rejected, Unsupported, Conflict])
def test_a_notice_that_is_refused_is_given_up_at_once_and_loudly(
    kind: type[OutsideError], office: Office, spoken: Spoken
) -> None:
    spoken.answer = failing(kind("400 Bad Request: no"))
    office.dispatcher.notify(notice())
    office.work(for_s=60)
    [delivery] = office.deliveries()
    assert (delivery.word, delivery.attempts, delivery.next_at) == ("given up", 1, None)
    assert "400 Bad Request: no" in office.troubles[-1]


@pytest.mark.parametrize("kind", [Busy, AuthFailed, Unreachable, Indeterminate])
def test_everything_else_is_tried_until_the_time_is_over(
    kind: type[OutsideError], tmp_path: Path, spoken: Spoken
) -> None:
    office = Office(tmp_path, {"on-call": way(spoken, give_up_s=3_600)})
    spoken.answer = failing(kind("no"))
    office.dispatcher.notify(notice())
    office.work(for_s=3_599)
    [delivery] = office.deliveries()
    assert delivery.word == "failed"
    assert delivery.next_at is not None
    office.work(for_s=backoff.LONGEST_S + 1)
    [delivery] = office.deliveries()
    assert delivery.word == "given up"
    assert len(spoken.tried) <= backoff.most_attempts(3_600)


def test_what_was_given_up_may_be_said_again(office: Office, spoken: Spoken) -> None:
    spoken.answer = failing(Rejected("no"))
    office.dispatcher.notify(notice())
    office.work()
    spoken.answer = lambda message: "taken"
    assert office.dispatcher.notify(notice()) == ("on-call",)


def test_a_notifier_that_breaks_is_tried_again_and_ends_nothing(office: Office, spoken: Spoken) -> None:
    def answer(message: Message) -> str:
        raise ZeroDivisionError("in a plug-in")

    spoken.answer = answer
    office.dispatcher.notify(notice())
    office.work()
    [delivery] = office.deliveries()
    assert (delivery.word, delivery.told) == ("failed", "ZeroDivisionError: in a plug-in")


def test_what_was_not_delivered_is_delivered_after_a_restart_with_the_same_id(office: Office, spoken: Spoken) -> None:
    spoken.answer = failing(Indeterminate("lost"))
    office.dispatcher.notify(notice())
    office.work()
    office.restart()
    [before] = office.deliveries()
    assert (before.word, before.attempts) == ("failed", 1)
    spoken.answer = lambda message: "taken"
    office.work(for_s=2)
    assert len({each.id for each in spoken.tried}) == 1
    office.restart()
    office.work(for_s=2)
    assert len(spoken.taken) == 1


def test_a_restart_remembers_what_is_open(office: Office, spoken: Spoken) -> None:
    office.dispatcher.notify(notice())
    office.work()
    office.restart()
    assert office.dispatcher.notify(notice()) == ()
    assert office.dispatcher.notify(notice(kind="resolved")) == ("on-call",)
    office.work()
    assert spoken.taken[-1].opened == notice()


@pytest.mark.parametrize("jump_s", [-7 * 86_400, 7 * 86_400])
def test_a_clock_that_is_set_neither_gives_up_nor_waits(jump_s: float, office: Office, spoken: Spoken) -> None:
    spoken.answer = failing(Unreachable("no"))
    office.dispatcher.notify(notice())
    office.work()
    office.clock.set_by(jump_s)
    office.restart()
    office.work()
    spoken.answer = lambda message: "taken"
    office.work(for_s=backoff.LONGEST_S + LONGEST_REST_S)
    assert len(spoken.taken) == 1


def test_after_a_start_what_is_old_is_tried_for_a_while(tmp_path: Path, spoken: Spoken) -> None:
    office = Office(tmp_path, {"on-call": way(spoken, give_up_s=3_600)})
    spoken.answer = failing(Unreachable("the network is not up yet"))
    office.dispatcher.notify(notice())
    office.clock.advance(7 * 86_400)
    office.restart()
    office.work(for_s=TRIED_FOR_S - 1)
    assert [each.word for each in office.deliveries()] == ["failed"]
    office.work(for_s=backoff.LONGEST_S + LONGEST_REST_S)
    assert [each.word for each in office.deliveries()] == ["given up"]


def test_what_became_old_before_its_first_attempt_is_tried_nevertheless(tmp_path: Path, spoken: Spoken) -> None:
    """As after a machine slept."""
    office = Office(tmp_path, {"on-call": way(spoken, give_up_s=3_600)})
    office.dispatcher.notify(notice(key="a"))
    office.dispatcher.notify(notice(key="b"))
    office.clock.advance(7_200)
    spoken.answer = failing(Unreachable("the network is not up yet"))
    office.work()
    spoken.answer = lambda message: "taken"
    office.work(for_s=LONGEST_REST_S)
    assert {each.word for each in office.deliveries()} == {"sent"}


def test_what_waits_for_a_notifier_that_is_gone_is_given_up(office: Office) -> None:
    office.dispatcher.notify(notice())
    office.ways = {}
    office.restart().give_up_removed()
    [delivery] = office.deliveries()
    assert (delivery.word, delivery.told) == ("given up", "this notifier is not configured any more")


def test_of_too_many_the_least_important_is_given_up_and_an_end_last(office: Office, spoken: Spoken) -> None:
    office.dispatcher.notify(notice(key="first"))
    office.work()
    spoken.answer = failing(Unreachable("no"))
    office.dispatcher.notify(notice(key="first", kind="resolved"))
    office.dispatcher.notify(notice(key="news", severity="info", kind="update"))
    for number in range(MOST_WAITING):
        office.dispatcher.notify(notice(key=f"k{number}"))
    lost = [each for each in office.deliveries() if each.word == "given up"]
    assert [each.key for each in lost] == ["k0", "news"]
    assert len(office.dispatcher.book.state.of("on-call").waiting) == MOST_WAITING


def test_people_are_told_even_if_the_journal_cannot_be_written(
    office: Office, spoken: Spoken, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise JournalError("No space left on device")

    monkeypatch.setattr(office.journal, "append", full)
    office.dispatcher.notify(notice())
    office.work()
    assert len(spoken.taken) == 1
    assert "No space left on device" in office.troubles[0]


def test_a_name_that_there_is_not_is_trouble_and_stops_nothing(office: Office) -> None:
    assert office.dispatcher.notify(notice(), ("on-cal", "on-call")) == ("on-call",)
    assert "there is no notifier 'on-cal'" in office.troubles[0]


def test_an_update_of_nothing_is_not_sent_where_it_would_open_something(tmp_path: Path) -> None:
    office = Office(tmp_path, {"on-call": way(Spoken(), kind=replace(SPOKEN, needs_open=frozenset({"update"})))})
    assert office.dispatcher.notify(notice(kind="update")) == ()
    office.dispatcher.notify(notice())
    assert office.dispatcher.notify(notice(kind="update")) == ("on-call",)


def test_a_test_is_tried_once_and_says_what_became_of_it(office: Office, spoken: Spoken) -> None:
    entry = office.dispatcher.test("on-call", notice(kind="test"), "ann")
    assert (entry.word, entry.told) == ("sent", "taken")
    spoken.answer = failing(Unreachable("no"))
    entry = office.dispatcher.test("on-call", notice(kind="test", key="t2"), "ann")
    assert (entry.word, entry.told) == ("given up", "no")
    office.work(for_s=7_200)
    assert len(spoken.tried) == 2
    with pytest.raises(UsageError, match="there is no notifier 'x'"):
        office.dispatcher.test("x", notice(kind="test"), "ann")


class Refreshed(Spoken):
    """Takes silence for the end."""

    refresh_every_s = 60.0

    def __init__(self) -> None:
        super().__init__()
        self.refreshed: list[list[str]] = []

    def refresh(self, opened: tuple[Any, ...]) -> None:
        self.refreshed.append([each.key for each in opened])
        self.answer(Message(notice(), "refresh"))


def test_what_is_open_is_refreshed_until_it_is_over(tmp_path: Path) -> None:
    refreshed = Refreshed()
    office = Office(tmp_path, {"on-call": way(refreshed)})
    office.dispatcher.notify(notice(key="a"))
    office.dispatcher.notify(notice(key="b"))
    office.work(for_s=121)
    assert refreshed.refreshed == [["a", "b"]] * 3
    office.restart()
    office.work()
    assert refreshed.refreshed[-1] == ["a", "b"]
    office.dispatcher.notify(notice(key="a", kind="resolved"))
    office.dispatcher.notify(notice(key="b", kind="resolved"))
    office.work(for_s=600)
    assert len(refreshed.refreshed) == 4


@pytest.mark.parametrize("error", [Unreachable("no"), Rejected("no")])
def test_what_is_over_is_not_refreshed_even_if_its_end_was_not_taken(tmp_path: Path, error: OutsideError) -> None:
    def answer(message: Message) -> str:
        if message.notice.kind == "resolved":
            raise error
        return "taken"

    refreshed = Refreshed()
    refreshed.answer = answer
    office = Office(tmp_path, {"on-call": way(refreshed)})
    office.dispatcher.notify(notice(key="a"))
    office.dispatcher.notify(notice(key="b"))
    office.work()
    office.dispatcher.notify(notice(key="a", kind="resolved"))
    office.work(for_s=300)
    assert (refreshed.refreshed[0], refreshed.refreshed[-1]) == (["a", "b"], ["b"])


def test_a_refresh_that_fails_is_repeated_and_said(tmp_path: Path) -> None:
    refreshed = Refreshed()
    office = Office(tmp_path, {"on-call": way(refreshed)})
    office.dispatcher.notify(notice())
    office.work()
    refreshed.answer = failing(Unreachable("gone"))
    office.work(for_s=300)
    assert office.dispatcher.row("on-call").trouble == "gone"
    refreshed.answer = lambda message: "taken"
    office.work(for_s=LONGEST_REST_S)
    assert office.dispatcher.row("on-call").trouble == ""

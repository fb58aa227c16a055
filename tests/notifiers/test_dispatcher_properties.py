"""Whatever fails, whenever the daemon dies, however clocks are set: everybody is told, in order, in so many tries."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from telling import Office, Spoken, notice, way

from opsconsole.notifiers import backoff
from opsconsole.notifiers.base import Busy, Indeterminate, Message, Unreachable
from opsconsole.notifiers.pace import LONGEST_REST_S
from opsconsole.wire import NoticeKind, NoticeSeverity

GIVE_UP_S = 1e9
"""More than all clocks of an example together are set by: nothing is too old."""
Weather = Literal["works", "unreachable", "busy", "asks to wait", "fails", "answer lost", "daemon dies"]
WEATHERS: tuple[Weather, ...] = (
    "works", "unreachable", "busy", "asks to wait", "fails", "answer lost", "daemon dies",
)  # fmt: skip


class Killed(BaseException):
    """The daemon died in the middle of an attempt."""


class Receiver(Spoken):
    """Another system, in any weather."""

    def __init__(self) -> None:
        super().__init__(self._met)
        self.weather: Weather = "works"
        self.received: list[Message] = []

    def _met(self, message: Message) -> str:
        if self.weather in ("works", "answer lost", "daemon dies"):
            self.received.append(message)
        match self.weather:
            case "unreachable":
                raise Unreachable("no route")
            case "busy":
                raise Busy("429")
            case "asks to wait":
                raise Busy("429", retry_after_s=90)
            case "fails":
                raise Indeterminate("500")
            case "answer lost":
                raise Indeterminate("no answer")
            case "daemon dies":
                raise Killed
        return "taken"


@dataclass(frozen=True)
class Said:
    key: str
    kind: NoticeKind
    severity: NoticeSeverity


KINDS: tuple[NoticeKind, ...] = ("firing", "resolved", "escalated", "update")
EVENTS = st.one_of(
    st.builds(Said, st.sampled_from("abc"), st.sampled_from(KINDS), st.sampled_from(("page", "ticket"))),
    st.sampled_from(WEATHERS),
    st.floats(0, 900).map(lambda s: ("work", s)),
    st.floats(-1e6, 1e6).map(lambda s: ("clock is set", s)),
    st.just(("restart", 0.0)),
)


@given(events=st.lists(EVENTS, max_size=40), chance=st.floats(0, 0.999))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_everything_that_was_queued_arrives_in_order_and_in_so_many_tries(events: list, chance: float) -> None:
    with TemporaryDirectory() as directory:
        receiver = Receiver()
        office = Office(Path(directory), {"on-call": way(receiver, give_up_s=GIVE_UP_S)})
        office.chance = chance
        queued: list[tuple[str, NoticeKind]] = []
        disturbances = 0

        def work(for_s: float) -> None:
            nonlocal disturbances
            try:
                office.work(for_s=for_s)
            except Killed:
                disturbances += 1
                receiver.weather = "works"
                office.restart()

        for number, event in enumerate(events):
            match event:
                case Said(key, kind, severity):
                    said = notice(key=key, kind=kind, severity=severity, body=str(number))
                    if office.dispatcher.notify(said):
                        queued.append((key, kind))
                case ("work", seconds):
                    work(seconds)
                case ("clock is set", seconds):
                    office.clock.set_by(seconds)
                    disturbances += 1
                case ("restart", _):
                    office.restart()
                    disturbances += 1
                case weather:
                    receiver.weather = weather
        receiver.weather = "works"
        rest_s = len(queued) * LONGEST_REST_S + backoff.LONGEST_S + 90
        work(rest_s)

        firsts = list({each.id: each.notice for each in receiver.received}.values())
        for key in "abc":
            wanted = [kind for each, kind in queued if each == key]
            assert [each.kind for each in firsts if each.key == key] == wanted
            order = [int(each.id.removeprefix("n")) for each in receiver.received if each.notice.key == key]
            assert order == sorted(order)
        assert not office.dispatcher.book.state.of("on-call").waiting
        assert office.dispatcher.book.state.of("on-call").given_up == 0
        most = backoff.most_attempts(office.clock.monotonic()) + disturbances
        assert max(Counter(each.id for each in receiver.tried).values(), default=0) <= most


@given(chances=st.lists(st.floats(0, 0.999), min_size=1, max_size=20), give_up_s=st.floats(1, 2e4))
@settings(max_examples=25, deadline=None)
def test_a_line_that_never_works_is_tried_a_bounded_number_of_times(chances: list[float], give_up_s: float) -> None:
    with TemporaryDirectory() as directory:
        receiver = Receiver()
        receiver.weather = "fails"
        office = Office(Path(directory), {"on-call": way(receiver, give_up_s=give_up_s)})
        office.dispatcher.notify(notice())
        for chance in chances:
            office.chance = chance
            office.work(for_s=give_up_s / len(chances))
        office.work(for_s=backoff.LEAST_ATTEMPTS * backoff.LONGEST_S)
        assert [each.word for each in office.deliveries()] == ["given up"]
        assert backoff.LEAST_ATTEMPTS <= len(receiver.tried) <= backoff.most_attempts(give_up_s)


def test_of_one_key_one_attempt_is_under_way_at_a_time_however_many_threads_work(tmp_path: Path) -> None:
    together: Counter[str] = Counter()
    most: Counter[str] = Counter()
    lock = threading.Lock()

    def slowly(message: Message) -> str:
        key = message.notice.key
        with lock:
            together[key] += 1
            most[key] = max(most[key], together[key])
        time.sleep(0.001)
        with lock:
            together[key] -= 1
        if len(spoken.tried) % 3 == 0:
            raise Busy("429")
        return "taken"

    spoken = Spoken(slowly)
    office = Office(tmp_path, {"on-call": way(spoken)})
    for number in range(30):
        for key in "ab":
            office.dispatcher.notify(notice(key=key, kind="update", body=str(number)))

    deadline = time.monotonic() + 30

    def work() -> None:
        while office.dispatcher.book.state.of("on-call").waiting and time.monotonic() < deadline:
            if not office.dispatcher.step("on-call"):
                with lock:
                    office.clock.advance(1)
                time.sleep(0.0001)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most.values()) == {1}
    for key in "ab":
        said = [int(each.notice.body) for each in spoken.taken if each.notice.key == key]
        assert said == list(range(30))

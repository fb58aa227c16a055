"""The link governor: frames that are dropped, paces that follow the link, and keys that are answered first."""

from __future__ import annotations

import math
import os
import pty
import sys
import threading
import time
import tty
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import pairwise

import pytest
from driver import FOUR, LARGE, Session, drive
from hypothesis import given
from hypothesis import strategies as st
from textual.drivers._writer_thread import WriterThread
from textual.events import Key

from benchmarks.pty_meter import QUESTION, Meter
from opsconsole.console.governor import CALM_S, PATIENCE_S, PERIODS_S, SILENT_S, Governor
from opsconsole.console.lines import Span
from opsconsole.console.outlet import Outlet, can_replace_writer, is_known_writer
from opsconsole.console.own_cpu import OwnCpu
from opsconsole.console.widgets.surface import charts_kept

FLEET = [sys.executable, "-m", "tests.console.fleet"]


@dataclass
class Terminal:
    """A link of so many bytes a second that answers, in simulated time."""

    bytes_per_s: float
    round_trip_s: float = 0.0
    now: float = 100.0
    governor: Governor = field(init=False)
    busy_until: float = 0.0
    answers: list[float] = field(default_factory=list)
    painted: int = 0

    def __post_init__(self) -> None:
        self.governor = Governor(lambda: self.now)
        self.send(10)
        self.pass_(0.5)

    def send(self, size: int) -> None:
        if self.governor.sent(size):
            self.busy_until = max(self.busy_until, self.now) + size / self.bytes_per_s
            self.answers.append(self.busy_until + self.round_trip_s)

    def pass_(self, seconds: float) -> None:
        until = self.now + seconds
        while self.answers and self.answers[0] <= until:
            self.now = max(self.now, self.answers.pop(0))
            self.governor.answered()
        self.now = until

    def live(self, seconds: float, size: int, numbers: int = 200) -> None:
        """Data that move twice a second, painted when the governor allows."""
        for _ in range(round(seconds / 0.5)):
            if not self.governor.wait_s(is_live=True):
                self.painted += 1
                self.send(numbers if self.governor.is_numbers_only else size)
            self.pass_(0.5)


def test_a_fast_link_paints_every_frame_and_says_nothing() -> None:
    terminal = Terminal(1_000_000)
    terminal.live(30, size=4_000)
    assert terminal.painted == 60
    assert terminal.governor.pace == "2 Hz"
    assert terminal.governor.words == ""
    assert terminal.governor.part_bytes is None


@pytest.mark.parametrize(
    ("bytes_per_s", "pace", "words"),
    [
        (20_000, "2 Hz", ""),
        (6_000, "1 Hz", "link 6 kB/s · eased"),
        (2_000, "0.3 Hz", "link 2 kB/s · eased"),
        (900, "numbers", "link 900 B/s · numbers only"),
    ],
)
def test_the_pace_is_the_fastest_that_leaves_the_link_half_idle(bytes_per_s: float, pace: str, words: str) -> None:
    terminal = Terminal(bytes_per_s, round_trip_s=0.05)
    terminal.live(60, size=2_000)
    assert terminal.governor.pace == pace
    assert terminal.governor.words == words


def test_the_pace_comes_back_step_by_step_when_the_link_does() -> None:
    terminal = Terminal(1_500)
    terminal.live(30, size=2_000)
    assert terminal.governor.is_eased
    terminal.bytes_per_s = 200_000
    paces = []
    for _ in range(120):
        terminal.live(0.5, size=2_000)
        paces.append(terminal.governor.pace)
    assert terminal.governor.pace == "2 Hz"
    steps = [pace for before, pace in pairwise(paces) if pace != before]
    assert steps == ["0.3 Hz", "1 Hz", "2 Hz"][-len(steps) :]
    assert paces.index("2 Hz") * 0.5 >= CALM_S


def test_a_stalled_link_gets_no_further_frame_until_it_moves_and_then_the_newest() -> None:
    terminal = Terminal(50_000)
    terminal.live(5, size=2_000)
    at_stall, painted = terminal.now, terminal.painted
    terminal.busy_until = at_stall + 4.0
    terminal.live(4.0, size=2_000)
    assert terminal.painted == painted + 1, "one was on its way already"
    terminal.live(5, size=2_000)
    assert terminal.painted > painted + 1


def test_a_question_that_was_lost_does_not_stop_the_screen_for_good() -> None:
    terminal = Terminal(1e9)
    terminal.live(5, size=500)
    assert not terminal.governor.wait_s(is_live=True)
    terminal.governor.sent(500)  # and no answer comes
    assert terminal.governor.wait_s(is_live=True) == math.inf
    terminal.now += PATIENCE_S
    assert terminal.governor.wait_s(is_live=True) == 0


@given(st.floats(1_000, 1e6), st.floats(0, 0.3), st.floats(0, 0.45))
def test_the_answer_to_a_key_waits_for_no_more_than_the_frame_under_way(
    bytes_per_s: float, round_trip_s: float, after_s: float
) -> None:
    terminal = Terminal(bytes_per_s, round_trip_s)
    terminal.live(40, size=1_500)
    terminal.pass_(after_s)
    wait_s = terminal.governor.wait_s(is_live=False)
    if wait_s == math.inf:
        assert terminal.answers, "only an answer can be waited for"
        wait_s = terminal.answers[0] - terminal.now
    part = terminal.governor.part_bytes or 1_500
    assert wait_s <= max(part, 1_500) / bytes_per_s + round_trip_s + 0.01


def test_nothing_is_painted_while_bytes_are_unwritten() -> None:
    governor = Governor(lambda: 1.0)
    governor.queued(4_000)
    assert governor.wait_s(is_live=True) == math.inf
    assert governor.wait_s(is_live=False) == math.inf
    assert not governor.wrote(3_000, 0.0)
    assert governor.wrote(1_000, 0.0)
    assert governor.wait_s(is_live=True) == 0


def test_a_terminal_that_answers_nothing_is_asked_no_more_and_judged_by_how_long_it_blocks() -> None:
    now = [10.0]
    governor = Governor(lambda: now[0])
    assert governor.sent(2_000)
    now[0] += SILENT_S + 0.1
    assert governor.wait_s(is_live=True) == 0
    assert governor.does_answer is False
    assert not governor.sent(2_000)
    for _ in range(5):
        governor.queued(1_000)
        governor.wrote(1_000, 0.5)
    assert governor.bytes_per_s == pytest.approx(2_000)
    assert governor.wait_s(is_live=False) > 1.0, "what the kernel holds is still on its way"
    governor.wait_s(is_live=True)
    now[0] += 60
    assert not governor.wait_s(is_live=True)
    governor.sent(2_000)
    assert governor.is_eased


def test_textual_has_the_writer_that_the_outlet_takes_the_place_of() -> None:
    assert version("textual").startswith("8."), "look at textual/drivers/_writer_thread.py, then pin anew"
    assert can_replace_writer()


def test_another_writer_than_the_known_one_is_kept() -> None:
    class Later(WriterThread):
        def write(self, text: str) -> None: ...

    assert not is_known_writer(Later(sys.stderr))  # type: ignore[arg-type]
    assert not is_known_writer(None)


def test_the_outlet_writes_all_in_order_and_never_blocks_the_one_who_writes() -> None:
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    drained = threading.Event()
    governor = Governor()
    with os.fdopen(theirs, "w", encoding="utf-8") as file:
        outlet = Outlet(file, governor, drained.set)
        outlet.start()
        text = "".join(f"{i:07d} é" for i in range(20_000))
        for begin in range(0, len(text), 1_000):
            outlet.write(text[begin : begin + 1_000])  # far more than a pty holds, and nobody reads yet
        assert governor.wait_s(is_live=False) == math.inf
        data, wanted = b"", text.encode()
        while len(data) < len(wanted):
            data += os.read(ours, 65_536)
        assert data == wanted
        assert drained.wait(10)
        assert governor.wait_s(is_live=False) == 0
        outlet.stop()
        assert not outlet.is_alive()
    os.close(ours)


def test_a_complete_frame_goes_out_before_the_program_computes_on() -> None:
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    governor = Governor()
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(10)  # from here on only who waits lets another thread run
    try:
        with os.fdopen(theirs, "w", encoding="utf-8") as file:
            outlet = Outlet(file, governor, lambda: None)
            outlet.start()
            went_out = 0
            for _ in range(20):
                outlet.write("a frame")
                outlet.flush()
                went_out += governor.wait_s(is_live=False) == 0
            outlet.stop()
    finally:
        sys.setswitchinterval(before_s)
        os.close(ours)
    assert went_out  # a busy machine may be late, not twenty times


def test_the_answer_to_a_key_is_sent_at_once_and_the_cursor_first() -> None:
    sent: list[set[int]] = []

    async def scenario(session: Session) -> None:
        app = session.app
        rows = [next(y for y, row in enumerate(session.text.splitlines()) if name in row) for name in FOUR[:2]]
        app._display = lambda screen, update: sent.append({y for y, _, _ in update.spans})  # type: ignore[method-assign]
        app.on_key(Key("j", "j"))
        first, *others = sent
        assert set(rows) <= first
        assert len(others) == 1
        assert len(others[0]) > len(first)
        assert not first & others[0]

    drive(scenario, size=LARGE)
    assert sent


def test_a_frame_is_dropped_while_the_link_is_busy_and_the_newest_state_is_painted_after() -> None:
    async def scenario(session: Session) -> None:
        app = session.app
        app.governor.queued(100)  # the link stalls
        before = session.text
        await session.press("/", "q", "q")
        assert session.text == before
        app.governor.wrote(100, 0.0)
        app.on_drained()
        await session.settle()
        assert "/qq" in session.text.replace(" ", "")

    drive(scenario)


def test_on_a_slow_link_a_screen_comes_in_parts_and_ends_up_whole() -> None:
    texts: list[str] = []

    async def scenario(session: Session) -> None:
        await session.press("enter", "?")
        for _ in range(100):
            await session.pilot.pause(0.02)
            if session.app._surface._owed == "nothing":
                break
        texts.append(session.text)

    async def slowly(session: Session) -> None:
        session.app.governor._learn(3_000, 1.0)
        assert session.app.governor.part_bytes == 600
        await scenario(session)

    drive(scenario)
    drive(slowly)
    assert texts[0] == texts[1]


@pytest.mark.parametrize("does_answer", [True, False], ids=["answers", "silent"])
def test_a_stalled_terminal_gets_no_backlog_and_then_the_same_screen(does_answer: bool) -> None:
    meter = Meter(FLEET, does_answer=does_answer)
    try:
        assert meter.read_until("chat-assist", within_s=20), "\n".join(meter.screen())
        asked = meter.output.count(QUESTION)
        stopped = len(meter.output)
        time.sleep(2.5)  # nobody reads: five frames would have been sent
        meter.read(0.2)
        assert len(meter.output) - stopped < 8_000
        if does_answer:
            assert meter.output.count(QUESTION) - asked <= 3
        meter.press("/qq")
        assert meter.read_until(" /qq", "0 of 4"), "\n".join(meter.screen())
    finally:
        meter.close()


def test_in_numbers_only_the_charts_stand_still_and_the_numbers_move() -> None:
    before = (Span("p50 160ms ", "text"), Span("⣀⣤ ⣶", "p99"), Span(" n 180k", "dim"))
    after = (Span("p50 171ms ", "text"), Span("⣤⣶ ⣿", "p99"), Span(" n 181k", "dim"))
    assert "".join(text for text, _ in charts_kept(before, after)) == "p50 171ms ⣀⣤ ⣶ n 181k"
    assert charts_kept((), after) == after


def test_own_cpu_is_said_only_when_it_is_much() -> None:
    now, used = [0.0], [0.0]
    cpu = OwnCpu(lambda: now[0], lambda: used[0])
    assert cpu.percent is None
    assert cpu.words == ""
    for _ in range(10):
        now[0], used[0] = now[0] + 1, used[0] + 0.02
        assert cpu.words == ""
    for _ in range(12):
        now[0], used[0] = now[0] + 1, used[0] + 0.2
        words = cpu.words
    assert words == "cpu 20 %"


def test_paces_are_slower_in_order() -> None:
    assert list(PERIODS_S) == ["2 Hz", "1 Hz", "0.3 Hz", "numbers"]

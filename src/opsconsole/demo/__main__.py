"""``python -m opsconsole.demo DIR``: the fleet as a process.

Always true here: one fleet a directory (an flock on ``fleet.pid`` says so, and ends with the process); it says
``ready`` on stdout once the history is written, and leaves cleanly on SIGTERM, SIGINT, SIGHUP or, if asked to, the end
of stdin.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from opsconsole.clock import Clock, SystemClock
from opsconsole.demo import launch
from opsconsole.demo.gateway import Fleet
from opsconsole.demo.sample import write_sample
from opsconsole.errors import OpsConsoleError

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


class ShiftedClock:
    """The machine's pace from another moment on."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._began = time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return time.monotonic() - self._began


def duration_s(text: str) -> float:
    """``90s``, ``25m``, ``3h`` or ``2d`` in seconds; raises ValueError."""
    value, unit = text[:-1], text[-1:]
    if unit not in _SECONDS or float(value) < 0:
        raise ValueError(text)
    return float(value) * _SECONDS[unit]


def moment(text: str) -> datetime:
    """An ISO 8601 time, UTC unless it says otherwise; raises ValueError."""
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def parser() -> argparse.ArgumentParser:
    """The command's words."""
    words = argparse.ArgumentParser(prog="python -m opsconsole.demo", description="Run the demo fleet in DIR.")
    words.add_argument("directory", metavar="DIR", type=Path, help="where routing.yaml is and logs/ will be")
    words.add_argument("--seed", type=int, default=7)
    words.add_argument("--history", type=duration_s, default="3h", metavar="SPAN", help="past traffic to write first")
    words.add_argument("--rate", type=float, default=1.0, metavar="X", help="times the usual number of requests")
    words.add_argument("--start", type=moment, metavar="ISO", help="pretend that it is this time now")
    words.add_argument("--until-history", action="store_true", help="end when the past is written")
    words.add_argument("--until-eof", action="store_true", help="end when stdin ends")
    words.add_argument("--sample", action="store_true", help="write the repository's sample data into DIR and end")
    return words


def main(argv: list[str] | None = None) -> int:
    """Run the fleet; returns the exit code."""
    options = parser().parse_args(argv)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        if options.sample:
            write_sample(options.directory, options.seed)
        else:
            with launch.claim(options.directory):
                _run(options)
    except OpsConsoleError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _run(options: argparse.Namespace) -> None:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    if options.until_eof:
        threading.Thread(target=_set_at_eof, args=(stop,), daemon=True).start()
    clock: Clock = ShiftedClock(options.start) if options.start else SystemClock()
    fleet = Fleet(options.directory, seed=options.seed, start=options.start or clock.now(), rate=options.rate)
    try:
        fleet.write_history(options.history)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while not (options.until_history or stop.wait(fleet.until_next_tick_s(clock.now()))):
            fleet.step(clock.now())
    finally:
        fleet.close()


def _set_at_eof(stop: threading.Event) -> None:
    sys.stdin.buffer.read()
    stop.set()


if __name__ == "__main__":
    sys.exit(main())

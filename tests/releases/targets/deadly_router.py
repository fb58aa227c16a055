"""A router with a command line that kills the daemon which runs it, at a chosen moment.

    deadly_router.py STATE JOURNAL read
    deadly_router.py STATE JOURNAL apply OP_ID VERSION=PERCENT…

``STATE.armed`` names the moment; it is taken away before anything is killed. ``STATE.log`` has a line for each call.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

_WITHIN_S = 30.0


class Router:
    def __init__(self, state: Path, journal: Path) -> None:
        self._state = state
        self._log = state.with_suffix(".log")
        self._armed = state.with_suffix(".armed")
        self._journal = journal

    def log(self, words: str) -> None:
        with self._log.open("a") as log:
            log.write(words + "\n")

    def lines(self) -> list[str]:
        return self._log.read_text().splitlines()

    def is_armed(self, moment: str) -> bool:
        return self._armed.exists() and self._armed.read_text() == moment

    def send(self, number: signal.Signals) -> None:
        self._armed.unlink()
        os.kill(os.getppid(), number)

    def kill(self, moment: str) -> None:
        """Kill the daemon, and end."""
        if self.is_armed(moment):
            self.send(signal.SIGKILL)
            sys.exit(1)

    def read(self) -> None:
        self.log("read")
        self.kill("plan")
        self.kill("look")
        if begun := self._begun():
            self.kill("read back" if f"apply {begun}" in self.lines() else "guard")
        print(self._state.read_text())

    def apply(self, op_id: str, *percents: str) -> None:
        self.log(f"apply {op_id}")
        self.kill("before")
        if self.is_armed("outlived"):
            reads = len(self.lines())
            self.send(signal.SIGKILL)
            deadline = time.monotonic() + _WITHIN_S
            while len(self.lines()) == reads and time.monotonic() < deadline:
                time.sleep(0.02)  # until another daemon has looked
        if self.is_armed("stopped"):
            self.send(signal.SIGTERM)
            time.sleep(0.5)
        shares = {name: float(value) for name, value in (percent.split("=") for percent in percents)}
        beside = self._state.with_suffix(".new")
        beside.write_text(json.dumps({"shares": shares}))
        beside.rename(self._state)
        self.kill("after")
        print("set")

    def _begun(self) -> str:
        """The change that was begun last, and of which nothing is written down since."""
        begun = ""
        for file in sorted(self._journal.glob("*.jsonl")):
            for line in file.read_bytes().split(b"\n")[:-1]:
                event = json.loads(line)
                if event["kind"] == "release.started":
                    begun = event["data"]["plan"]["op_id"]
                elif event["kind"] == "release.finished":
                    begun = ""
        return begun


def main(state: str, journal: str, verb: str, *rest: str) -> None:
    router = Router(Path(state), Path(journal))
    if verb == "read":
        router.read()
    else:
        router.apply(*rest)


if __name__ == "__main__":
    main(*sys.argv[1:])

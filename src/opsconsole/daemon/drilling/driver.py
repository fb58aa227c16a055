"""Playing a script: commands and keys, each at its moment and by its person, against the drill's own API.

Always true here: a command goes through the parser, the client and the door of anybody's, keys through the console of
anybody's; the drill's time stands still meanwhile. What it printed and how it ended is kept beside the event log and is
no part of it, since it may say how long a machine took.
"""

from __future__ import annotations

import io
import shlex
from collections.abc import Callable, Iterable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

from opsconsole import cli
from opsconsole.client import served_inside
from opsconsole.commands.drill_keys import Hands
from opsconsole.daemon.drilling.doors import Inside
from opsconsole.daemon.drilling.stage import Stage
from opsconsole.drills.keys import size_of, words_of
from opsconsole.drills.moments import moment_s
from opsconsole.drills.scenario import Line
from opsconsole.drills.script import ScriptLine
from opsconsole.errors import UsageError


@dataclass(frozen=True)
class Spoken:
    """A line of a script, and what it was answered."""

    t: float
    line: Line
    exit_code: int
    out: str
    told: str


class Driver:
    """Plays the lines of a scenario's prelude and of a script."""

    def __init__(self, stage: Stage, lines: Iterable[Line]) -> None:
        self._stage = stage
        self._inside = Inside(stage.inside)
        self._hands = Hands(stage.home, self._inside.door, stage.clock)
        every = (*stage.scenario.prelude, *lines)
        self._waiting = sorted(every, key=lambda line: moment_s(line.at))
        self.spoken: list[Spoken] = []

    def act(self, t: float) -> None:
        """Everything that is due by now."""
        while self._waiting and moment_s(self._waiting[0].at) <= t:
            line = self._waiting.pop(0)
            self.spoken.append(self._press(t, line) if keys_of(line) else self._speak(t, line))

    def lead_up(self) -> None:
        """The history, and what was done shortly before the start."""
        with served_inside(self._stage.home, self._inside):
            self._stage.prepare()
            while self._stage.t < 0:
                self._stage.second(self.act)

    def run(self, pause: Callable[[], None] = lambda: None) -> None:
        """From the history to the end, with this pause between two seconds."""
        self.lead_up()
        with served_inside(self._stage.home, self._inside):
            while not self._stage.is_over:
                self._stage.second(self.act)
                pause()
        unsaid = UsageError("the drill was over before", "Let it be said earlier, or make `clock.length` longer.")
        for line in self._waiting:
            self.spoken.append(Spoken(moment_s(line.at), line, unsaid.exit_code, "", f"{unsaid}\n"))
        self._waiting.clear()

    def close(self) -> None:
        try:
            self._hands.close()
        finally:
            self._inside.end()

    def _press(self, t: float, line: Line) -> Spoken:
        size = size_of(line.size if isinstance(line, ScriptLine) else "")
        told = self._hands.type(line.by, words_of(keys_of(line)), size, t)
        return Spoken(t, line, UsageError.exit_code if told else 0, "", told)

    def _speak(self, t: float, line: Line) -> Spoken:
        self._inside.person = line.by
        words = shlex.split(line.run)
        out, told = io.StringIO(), io.StringIO()
        with redirect_stdout(_Text(out)), redirect_stderr(told):
            try:
                code = cli.main(["--home", str(self._stage.home.directory), *words])
            except SystemExit as exit_:  # argparse, on words that it does not understand
                code = int(exit_.code or 0)
        return Spoken(t, line, code, out.getvalue(), told.getvalue())


def keys_of(line: Line) -> str:
    """What is pressed; empty for a command."""
    return line.keys if isinstance(line, ScriptLine) else ""


class _Text(io.TextIOBase):
    """A stdout of text that has a ``buffer``, as the command line wants it."""

    def __init__(self, into: io.StringIO) -> None:
        self._into = into
        self.buffer = _Bytes(into)

    def write(self, text: str) -> int:
        return self._into.write(text)


class _Bytes(io.RawIOBase):
    def __init__(self, into: io.StringIO) -> None:
        self._into = into

    def write(self, content: bytes) -> int:  # type: ignore[override]
        return self._into.write(content.decode(errors="replace"))

"""What every benchmark stands on: where data lies, how a side is run, and what a row of the table says.

Always true here: each side runs in a process of its own, so its CPU seconds and its peak memory are its own; data is
made once, under ``bench-data/``, and used again; narration goes to stderr.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal

REPOSITORY = Path(__file__).resolve().parents[1]
DATA = REPOSITORY / "bench-data"
SHARED = REPOSITORY.parent / "shared"
PEERS = SHARED / "peers"

Judged = Literal["ours", "ratio", "times less"]
"""What a limit is put on: our number (at most), ours over the other (at most), the other over ours (at least)."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    unit: str
    ours: float | None
    other: float | None = None
    judged: Judged | None = None
    limit: float = 0.0
    note: str = ""
    """What went wrong, or how to read the number."""

    @property
    def ratio(self) -> float | None:
        """Ours over the other; for "times less" the other way round."""
        if self.ours is None or self.other is None:
            return None
        above, below = (self.other, self.ours) if self.judged == "times less" else (self.ours, self.other)
        return above / below if below else None

    @property
    def is_met(self) -> bool | None:
        """None where there is no limit."""
        if self.judged is None:
            return None
        value = self.ours if self.judged == "ours" else self.ratio
        if value is None:
            return False
        return value >= self.limit if self.judged == "times less" else value <= self.limit


@dataclass(frozen=True)
class Run:
    """One process, ended."""

    cpu_s: float
    """User and system time, that of its children included."""
    peak_mb: float
    answer: dict[str, Any]
    """The last line of its stdout, which is JSON."""


class BenchmarkError(Exception):
    """A side that could not be run: its row fails and says why."""


def shared_data(name: str) -> Path:
    """A folder or file of the data beside the repository. Raises BenchmarkError when it is not there."""
    path = SHARED / "data" / name
    if not path.exists():
        raise BenchmarkError(f"needs {name} of the folder `shared/data` beside the repository")
    return path


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def run(command: Sequence[str | Path], *, cwd: Path = REPOSITORY) -> Run:
    """Run to the end; its stderr passes through."""
    words = [str(word) for word in command]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, cwd=cwd)
    assert process.stdout is not None
    with process.stdout as stdout:
        said = stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise BenchmarkError(f"`{' '.join(words[-4:])}` ended with {process.returncode}")
    lines = said.strip().splitlines()
    answer = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
    return Run(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, answer)


def side(module: str, *arguments: str | Path) -> list[str | Path]:
    """The command that runs one side of a benchmark module."""
    return [sys.executable, "-m", f"benchmarks.{module}", *arguments]


def interleaved(sides: dict[str, list[str | Path]], times: int) -> dict[str, list[Run]]:
    """Run the sides one after the other, again and again, so that a busy minute hits all of them."""
    runs: dict[str, list[Run]] = {name: [] for name in sides}
    for turn in range(times):
        for name, command in sides.items():
            say(f"  {name} {turn + 1}/{times}")
            runs[name].append(run(command))
    return runs


def middle(runs: Sequence[Run], of: str) -> float:
    """Median over runs of ``cpu_s``, ``peak_mb`` or a number of the answer."""
    return median(float(getattr(one, of) if hasattr(one, of) else one.answer[of]) for one in runs)


def p95(values: Sequence[float]) -> float:
    """The smallest value that 95 % of the values do not exceed."""
    return sorted(values)[-(-95 * len(values) // 100) - 1]

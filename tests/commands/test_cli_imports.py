"""The command line is a thin client: it loads nothing numeric, no screen, and none of the daemon's rooms."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "duckdb.", "polars.", "scipy.", "numpy.", "textual.", "pyarrow.", "uvicorn.", "starlette.",
    "opsconsole.store.", "opsconsole.signals.", "opsconsole.ingest.", "opsconsole.daemon.", "opsconsole.journal.",
)  # fmt: skip


@pytest.mark.parametrize(
    "code",
    ["import opsconsole.cli", "from opsconsole.cli import parser; parser().parse_args(['watch', 'x', '--once'])"],
)
def test_command_line_loads_nothing_heavy(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print('\\n'.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = done.stdout.split()
    assert "opsconsole.commands.watch" in loaded
    assert [name for name in loaded if f"{name}.".startswith(HEAVY)] == []


def test_a_daemon_waits_for_no_part_of_scipy_when_it_starts() -> None:
    code = "import sys, opsconsole.daemon.__main__; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "scipy" in loaded
    assert {"scipy.special", "scipy.stats"} & loaded == set()


def test_help_of_a_verb_loads_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "opsconsole.cli", "watch", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = [line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines() if line.startswith("import time")]
    assert "opsconsole.commands.watch" in loaded
    assert [name for name in loaded if f"{name}.".startswith(HEAVY)] == []

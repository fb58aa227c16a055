"""The console is a thin client: importing it loads nothing numeric and none of the daemon's rooms. A daemon loads no
scipy.stats, which would be half of its start.

Import contracts see what is written; this sees what is loaded, also through others.
"""

from __future__ import annotations

import subprocess
import sys

FORBIDDEN = (
    "duckdb.", "polars.", "scipy.", "numpy.", "pyarrow.", "uvicorn.", "starlette.",
    "opsconsole.store.", "opsconsole.signals.", "opsconsole.ingest.", "opsconsole.daemon.", "opsconsole.journal.",
    "opsconsole.bins.",
)  # fmt: skip


def test_importing_the_console_loads_nothing_heavy() -> None:
    code = "import sys, opsconsole.console.app; print('\\n'.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "opsconsole.console.app" in loaded
    heavy = [name for name in loaded if f"{name}.".startswith(FORBIDDEN)]
    assert heavy == []


def test_a_daemon_starts_without_what_few_of_its_questions_need() -> None:
    code = "import sys, opsconsole.daemon.__main__; print('\\n'.join(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "opsconsole.daemon.desk" in loaded
    assert "scipy.stats" not in loaded

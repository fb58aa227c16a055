"""Writes the screens of docs/on-call.md anew: the test that plays the story in a real terminal, told to write them.

``make screenshots`` runs it. The stage lives in a temporary home and ends with the test.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
TEST = "tests/e2e/test_on_call.py"


def main() -> int:
    """The test's exit code."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", TEST]
    environment = {**os.environ, "UPDATE_WALKTHROUGH": "1"}
    return subprocess.run(command, cwd=REPOSITORY, env=environment, check=False).returncode  # noqa: S603 - our own words


if __name__ == "__main__":
    sys.exit(main())

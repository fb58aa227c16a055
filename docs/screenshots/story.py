"""Writes the screens of docs/on-call.md and docs/team-drill.md anew: the tests that play them, told to write them.

``make screenshots`` runs it. The stage lives in a temporary home and ends with the test. The drill needs root, for the
accounts of those who take part.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
TESTS = ("tests/e2e/test_on_call.py", "tests/e2e/test_team_drill.py")


def main() -> int:
    """The tests' exit code."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", *TESTS]
    environment = {**os.environ, "UPDATE_WALKTHROUGH": "1"}
    return subprocess.run(command, cwd=REPOSITORY, env=environment, check=False).returncode  # noqa: S603 - our own words


if __name__ == "__main__":
    sys.exit(main())

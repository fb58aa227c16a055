"""The sample data of the repository: a small demo, frozen.

Always true here: the same seed gives the same bytes, so that what is committed can be checked by writing it again.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from opsconsole.demo.fleet import ROUTING
from opsconsole.demo.gateway import Fleet
from opsconsole.demo.stage import staged_files, write_missing
from opsconsole.errors import UsageError

SAMPLE_START = datetime(2026, 11, 2, 14, 0, tzinfo=UTC)
SAMPLE_HISTORY_S = 50 * 60.0
SAMPLE_RATE = 0.016
SAMPLE_ROUTING = {**ROUTING, "chat-assist": {"v41": 50.0, "v42": 50.0}}
"""Half of the traffic for the canary: a tenth of so few requests would show nothing."""

OWN_FILES = ("logs", "prices", "routing.yaml", "opsconsole.yaml")


def write_sample(directory: Path, seed: int) -> None:
    """Write ``logs/``, ``prices/``, ``routing.yaml`` and ``opsconsole.yaml``, together under 300 kB.

    Replaces a sample that is there. Raises UsageError for a directory that holds anything else.
    """
    strangers = sorted(path.name for path in directory.glob("*") if path.name not in OWN_FILES)
    if strangers:
        raise UsageError(
            f"{directory} holds other files: {', '.join(strangers[:3])}", "Name an empty or a new directory."
        )
    shutil.rmtree(directory, ignore_errors=True)
    write_missing(directory, staged_files(SAMPLE_ROUTING, environment="sample"))
    fleet = Fleet(directory, seed=seed, start=SAMPLE_START, rate=SAMPLE_RATE)
    fleet.write_history(SAMPLE_HISTORY_S)
    fleet.close()

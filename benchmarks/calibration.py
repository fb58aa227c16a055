"""Drift's calibration as a row of the table; ``drift_calibration`` itself prints the whole of it."""

from __future__ import annotations

import json
import subprocess
import sys

from benchmarks.ground import REPOSITORY, BenchmarkError, Row

REPS, QUICK_REPS = 4_000, 400


def rows(is_quick: bool) -> list[Row]:
    command = [
        sys.executable,
        "benchmarks/drift_calibration.py",
        "--json",
        "--reps",
        str(QUICK_REPS if is_quick else REPS),
    ]
    ended = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, check=False)
    if not ended.stdout:
        raise BenchmarkError(f"drift_calibration ended with {ended.returncode}")
    found = json.loads(ended.stdout)
    missed = [
        ("false alarms and verdicts without drift", found["calibrated"], len(found["controls"])),
        ("power to find drift", found["powerful"], len(found["power"])),
    ]
    return [
        Row(f"drift calibration: {what}, {n} cases", "limits missed", 0.0 if is_good else 1.0, None, "ours", 0.0)
        for what, is_good, n in missed
    ]

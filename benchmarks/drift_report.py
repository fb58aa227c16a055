"""A drift report of ten numeric and five categorical columns, from Parquet files to verdicts, beside Evidently's.

Always true here: both sides get the same two files and say which of the fifteen columns drifted; three of them did
(the mean of n0, the scale of n4, the mix of c0). "run" is what a side does with data at hand: for Evidently the report
on data frames that are loaded already, for ours everything from the files on, reading included. Evidently has an
environment of its own under ``bench-data/``; where it cannot be installed its rows fail.

    python -m benchmarks.drift_report CURRENT_ROWS
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import duckdb
import numpy as np

from benchmarks.ground import DATA, BenchmarkError, Row, interleaved, middle, run, say, side
from opsconsole import bins
from opsconsole.signals.counts import FeatureCounts
from opsconsole.signals.drift import Comparison, judge
from opsconsole.store.baselines import Count, count_relation

REFERENCE_ROWS, CURRENT_ROWS, QUICK_CURRENT_ROWS = 100_000, 1_000_000, 100_000
TURNS = 2
LEAST_CPU_RATIO, LEAST_MEMORY_RATIO = 20.0, 2.0
DRIFTED = frozenset({"n0", "n4", "c0"})
_VENV = DATA / "evidently-venv"
_PACKAGES = ("evidently", "pandas<3", "pyarrow")

_EVIDENTLY = """
import json, sys, time
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
frames = [pd.read_parquet(path) for path in sys.argv[1:3]]
numeric = [name for name in frames[0] if name[0] == "n"]
categorical = [name for name in frames[0] if name[0] == "c"]
for frame in frames:
    for name in categorical:
        frame[name] = frame[name].astype(object)
began = time.process_time()
definition = DataDefinition(numerical_columns=numeric, categorical_columns=categorical)
reference, current = (Dataset.from_pandas(frame, data_definition=definition) for frame in frames)
found = Report([DataDriftPreset()]).run(current, reference).json()
print(json.dumps({"run_cpu_s": time.process_time() - began, "bytes": len(found)}))
"""


def rows(is_quick: bool) -> list[Row]:
    current_rows = QUICK_CURRENT_ROWS if is_quick else CURRENT_ROWS
    reference, current = _file(REFERENCE_ROWS), _file(current_rows)
    script = DATA / "evidently_report.py"
    script.write_text(_EVIDENTLY)
    sides: dict[str, list[str | Path]] = {
        "evidently": [_evidently_python(), script, reference, current],
        "ours": side("drift_report", str(current_rows)),
    }
    runs = interleaved(sides, TURNS)
    ours, theirs = runs["ours"], runs["evidently"]
    what = f"drift report, 15 columns, {REFERENCE_ROWS:,} | {current_rows:,} rows"
    return [
        Row(f"{what}: run", "CPU s", middle(ours, "run_cpu_s"), middle(theirs, "run_cpu_s"), "times less",
            LEAST_CPU_RATIO, "Evidently, without its loading; ours reads the files too"),
        Row("drift report: peak memory", "MB", middle(ours, "peak_mb"), middle(theirs, "peak_mb"), "times less",
            LEAST_MEMORY_RATIO),
        Row("drift report: whole process", "CPU s", middle(ours, "cpu_s"), middle(theirs, "cpu_s")),
        Row("drift report: verdicts from counts at hand", "CPU s", middle(ours, "judge_cpu_s"), None, None, 0.0,
            "what the daemon does: it counts while it ingests"),
    ]  # fmt: skip


def _evidently_python() -> Path:
    python = _VENV / "bin" / "python"
    if not (_VENV / "installed").exists():
        say("  installing Evidently")
        run([sys.executable, "-m", "venv", _VENV])
        run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *_PACKAGES])
        (_VENV / "installed").touch()
    return python


def _file(n: int) -> Path:
    """A Parquet file of this many rows; the reference is the one without drift."""
    file = DATA / f"drift-{'reference' if n == REFERENCE_ROWS else 'current'}-{n}.parquet"
    if not file.exists():
        say(f"  making {file.name}")
        DATA.mkdir(exist_ok=True)
        _make(file, n, is_drifted="current" in file.name)
    return file


def _make(file: Path, n: int, *, is_drifted: bool) -> None:
    random = np.random.default_rng(3 if is_drifted else 1)
    columns: dict[str, np.ndarray] = {f"n{i}": random.normal(0, 1, n) for i in range(4)}
    columns |= {f"n{i}": random.lognormal(5, 0.8, n) for i in range(4, 7)}
    columns["n7"], columns["n8"] = random.exponential(3, n), random.gamma(2, 2, n)
    columns["n9"] = random.poisson(40, n).astype(np.float64)
    for i, k in enumerate((3, 5, 10, 25, 100)):
        shares = 1 / np.arange(1, k + 1)
        shares = shares[::-1] if is_drifted and i == 0 else shares
        columns[f"c{i}"] = random.choice(k, n, p=shares / shares.sum())
    if is_drifted:
        columns["n0"] += 0.2
        columns["n4"] *= 1.15
    with duckdb.connect() as connection:
        connection.register("made", columns)
        named = ", ".join(f"'v' || {name} AS {name}" if name[0] == "c" else name for name in columns)
        connection.execute(f"COPY (SELECT {named} FROM made) TO '{file}' (FORMAT parquet)")


def _counts(found: list[Count]) -> dict[str, FeatureCounts]:
    """Counts as drift is judged on."""
    by_feature: dict[str, dict[int | str, int]] = {}
    nulls: dict[str, int] = {}
    kinds: dict[str, str] = {}
    for name, kind, code, category, n in found:
        kinds[name] = kind
        if kind == "categorical" and code == bins.NULL:
            nulls[name] = n
        else:
            by_feature.setdefault(name, {})[code if kind == "numeric" else str(category)] = n
    return {
        name: FeatureCounts(kind, by_feature.get(name, {}), nulls.get(name, 0))  # type: ignore[arg-type]
        for name, kind in kinds.items()
    }


def measured(current_rows: int) -> dict[str, float]:
    began = time.process_time()
    names = [*(f"n{i}" for i in range(10)), *(f"c{i}" for i in range(5))]
    features = [(name, "numeric" if name[0] == "n" else "categorical", name) for name in names]
    with duckdb.connect() as connection:
        reference, current = (
            _counts(count_relation(connection, f"read_parquet('{_file(n)}')", features))
            for n in (REFERENCE_ROWS, current_rows)
        )
    counted = time.process_time()
    findings = judge({name: Comparison(reference[name], current[name]) for name in names}, "current")
    ended = time.process_time()
    drifted = {finding.feature for finding in findings if finding.verdict == "drift"}
    if drifted != DRIFTED:
        raise BenchmarkError(f"drift was found in {sorted(drifted)} instead of {sorted(DRIFTED)}")
    return {"run_cpu_s": ended - began, "judge_cpu_s": ended - counted}


if __name__ == "__main__":
    print(json.dumps(measured(int(sys.argv[1]))))

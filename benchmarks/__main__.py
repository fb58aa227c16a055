"""Runs the benchmarks and prints one table; exits 1 when a limit is missed.

python -m benchmarks [--quick] [--only NAME] [--json]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict

from benchmarks import (
    alerts,
    byte_budget,
    calibration,
    canary,
    drift_report,
    drill,
    explain,
    freshness,
    ingest,
    lists,
    storm,
    terminal,
    views,
)
from benchmarks.ground import BenchmarkError, Row, say

BENCHMARKS: dict[str, Callable[[bool], list[Row]]] = {
    "bytes": byte_budget.rows,
    "tty": terminal.rows,
    "ingest": ingest.rows,
    "views": views.rows,
    "freshness": freshness.rows,
    "drift_report": drift_report.rows,
    "drift_calibration": calibration.rows,
    "explain": explain.rows,
    "lists": lists.rows,
    "canary": canary.rows,
    "alerts": alerts.rows,
    "storm": storm.rows,
    "drill": drill.rows,
}
HEAD = ("what", "ours", "floor or peer", "ratio", "limit", "ok?")


def measured(name: str, is_quick: bool) -> list[Row]:
    say(f"{name} …")
    try:
        return BENCHMARKS[name](is_quick)
    except BenchmarkError as error:
        return [Row(name, "", None, None, "ours", 0.0, str(error))]


def cells(row: Row) -> tuple[str, ...]:
    signs = {
        "ours": f"≤ {row.limit:,.3g} {row.unit}",
        "ratio": f"≤ {row.limit:.3g}x",
        "times less": f"≥ {row.limit:g}x less",
    }
    words = {True: "ok", False: "MISSED", None: ""}
    ratio = row.ratio
    return (
        row.what,
        "–" if row.ours is None else f"{row.ours:,.2f} {row.unit}",
        "" if row.other is None else f"{row.other:,.2f} {row.unit}",
        "" if ratio is None else f"{ratio:.2f}x" + (" less" if row.judged == "times less" else ""),
        "" if row.judged is None else signs[row.judged],
        words[row.is_met],
    )


def table(rows: list[Row]) -> str:
    lines = [HEAD, *(cells(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    printed = []
    for line, note in zip(lines, ["", *(row.note for row in rows)], strict=True):
        aligned = [
            line[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
        ]
        printed.append("  ".join(aligned).rstrip())
        if note:
            printed.append(f"    {note}")
    return "\n".join(printed)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the data: for a look, not for the record")
    parser.add_argument("--only", choices=BENCHMARKS, action="append", help="this benchmark (may be given again)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    arguments = parser.parse_args()
    rows = [row for name in arguments.only or BENCHMARKS for row in measured(name, arguments.quick)]
    if arguments.json:
        print(
            json.dumps({"rows": [{**asdict(row), "ratio": row.ratio, "is_met": row.is_met} for row in rows]}, indent=1)
        )
    else:
        print(table(rows))
    return 1 if any(row.is_met is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())

"""Taking in a backlog of JSON lines, beside what DuckDB needs to read the same file into one typed table.

Always true here: ours is the daemon's own engine on an empty home (framing, parsing, keyed hashes of users, rollups,
offsets, the requests themselves, folding up to days, a last checkpoint); the floor parses and stores, and does nothing
else. Both are whole processes, imports included.

    python -m benchmarks.ingest ours|floor LINES
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from benchmarks.ground import DATA, PEERS, BenchmarkError, Row, interleaved, middle, run, say, side
from opsconsole.clock import SystemClock
from opsconsole.config.load import load
from opsconsole.daemon.engine import Engine
from opsconsole.home import Home
from opsconsole.ingest.follower import Wish
from opsconsole.store import folds

LINES, QUICK_LINES = 1_000_000, 100_000
TURNS = 3
MOST_CPU, MOST_MB, MOST_BYTES = 3.0, 600.0, 1 / 6

_TYPES = {
    "ts": "TIMESTAMPTZ",
    **dict.fromkeys(("level", "service", "request_id", "trace_id", "model", "version", "region", "route"), "VARCHAR"),
    "status": "SMALLINT",
    **dict.fromkeys(("latency_ms", "ttft_ms", "queue_ms"), "DOUBLE"),
    **dict.fromkeys(("prompt_tokens", "completion_tokens"), "INTEGER"),
    "cost_usd": "DOUBLE",
    **dict.fromkeys(("finish_reason", "user", "msg"), "VARCHAR"),
}


def rows(is_quick: bool) -> list[Row]:
    lines = QUICK_LINES if is_quick else LINES
    raw_bytes = _log(lines).stat().st_size
    runs = interleaved({name: side("ingest", name, str(lines)) for name in ("floor", "ours")}, TURNS)
    ours, floor = runs["ours"], runs["floor"]
    what = f"{lines:,} JSON lines, {raw_bytes / 1e6:.0f} MB"
    rate = lines / middle(ours, "wall_s")
    return [
        Row(
            f"ingest: {what}", "CPU s", middle(ours, "cpu_s"), middle(floor, "cpu_s"), "ratio", MOST_CPU,
            f"floor: DuckDB read_json into a file; ours {rate:,.0f} lines/s",
        ),
        Row("ingest: peak memory", "MB", max(one.peak_mb for one in ours), max(one.peak_mb for one in floor), "ours",
            MOST_MB),
        Row("ingest: stored beside raw bytes", "MB", middle(ours, "stored_bytes") / 1e6, raw_bytes / 1e6, "ratio",
            MOST_BYTES, f"DuckDB's one table: {middle(floor, 'stored_bytes') / 1e6:.0f} MB"),
    ]  # fmt: skip


def _log(lines: int) -> Path:
    """The generated log; made once."""
    log = DATA / f"serving-{lines}.jsonl"
    if log.exists():
        return log
    generator = PEERS / "ingest" / "gen.py"
    if not generator.exists():
        raise BenchmarkError(f"{generator} is not there to make the log")
    say(f"  making {log.name}")
    DATA.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        run([sys.executable, generator, str(lines), folder])
        (Path(folder) / "serving.jsonl").rename(log)
    return log


def _ours(log: Path, lines: int) -> int:
    """Bytes of the store once all is in it and folded."""
    home = Home(DATA / "ingest-home")
    shutil.rmtree(home.directory, ignore_errors=True)
    home.create()
    engine = Engine(home, load(home.config), SystemClock(), "bench")
    writer = engine.database.writer
    engine.start()
    outcome = engine.submit(lambda: engine.follower.attach(Wish((str(log),), follow=False))).result()
    while any(source.is_active for source in outcome.sources):
        time.sleep(0.05)
    accepted = sum(source.tally.accepted for source in outcome.sources)
    engine.submit(lambda: folds.fold_recent(writer)).result()
    for level in ("hour", "day"):
        engine.submit(lambda level=level: folds.fold_level(writer, level)).result()  # type: ignore[misc]
    engine.stop()
    if accepted != lines:
        raise BenchmarkError(f"{accepted} of {lines} lines were taken in")
    return home.store.stat().st_size


def _floor(log: Path, lines: int) -> int:
    file = DATA / "ingest-floor.duckdb"
    file.unlink(missing_ok=True)
    columns = ", ".join(f"{name}: '{sql_type}'" for name, sql_type in _TYPES.items())
    with duckdb.connect(str(file)) as connection:
        connection.execute("SET threads = 2")
        connection.execute(
            f"CREATE TABLE t AS SELECT * FROM read_json('{log}', format = 'newline_delimited', columns = {{{columns}}})"
        )
        connection.execute("CHECKPOINT")
        found = connection.execute("SELECT count(*) FROM t").fetchone()
    assert found is not None
    assert found[0] == lines
    return file.stat().st_size


def main() -> None:
    which, lines = sys.argv[1], int(sys.argv[2])
    began = time.perf_counter()
    stored = (_ours if which == "ours" else _floor)(_log(lines), lines)
    print(json.dumps({"stored_bytes": stored, "wall_s": time.perf_counter() - began}))


if __name__ == "__main__":
    main()

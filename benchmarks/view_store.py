"""Makes the stores that views are measured on: the same seven days, with few or many requests in them.

Always true here: records enter through ``Writer.commit`` and are folded as the daemon folds them, though they are made
by SQL and not parsed from text. Quarter-hours are committed whole, hours and days absorb in their own time; of the last
quarter-hour every ten seconds are a commit and a fold of their own, as when a log is followed, and the last of them are
still recent.
"""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from math import pi, sin

import duckdb

from benchmarks.ground import DATA, say
from opsconsole.home import Home
from opsconsole.store import folds
from opsconsole.store.database import Database
from opsconsole.store.rollups import BatchFeature, FeatureKind
from opsconsole.store.writer import Batch, Writer

END = datetime(2026, 9, 14, 12, 0)  # noqa: DTZ001 - naive UTC, as the store keeps it
DAYS = 7
SERVICES = ("chat-assist", "search-rank", "doc-summary")
_QUARTER, _TICK = timedelta(minutes=15), timedelta(seconds=10)

_CATEGORIES = {"channel": 4, "language": 12, "tier": 3, "intent": 40}
_NUMBERS = {
    "prompt_chars": "exp(6 + u1)", "turns": "floor(12 * u2 * u2)", "retrieved": "floor(20 * u3)",
    "score": "u1", "age_days": "-30 * ln(1 - u2)", "temperature": "round(u3, 1)",
}  # fmt: skip
FEATURES: tuple[BatchFeature, ...] = (
    *(BatchFeature(name, "numeric", name) for name in _NUMBERS),
    *(BatchFeature(name, "categorical", name) for name in _CATEGORIES),
)
_LOGGED = frozenset(
    [
        "ts",
        "request_id",
        "service",
        "model",
        "version",
        "route",
        "region",
        "status",
        "error_type",
        "latency_ms",
        "ttft_ms",
        "input_tokens",
        "output_tokens",
        "cost_usd",
        "user_key",
        "finish_reason",
    ]
)

_BATCH = """
CREATE OR REPLACE TEMP TABLE made AS
WITH drawn AS (
  SELECT i, random() AS u1, random() AS u2, random() AS u3, random() AS u4, random() AS u5,
         random() AS u6, (random() * 1000)::INTEGER AS k, (random() * 1000)::INTEGER AS l
  FROM range($n) AS r(i)
), shaped AS (
  SELECT *, k % 3 AS service_no, CASE WHEN u5 < 0.8 THEN 1 ELSE 2 END AS version_no,
         exp(6 + 0.7 * sqrt(-2 * ln(1 - u1)) * cos(2 * pi() * u2)) AS latency,
         round(exp(6 + sqrt(-2 * ln(1 - u3)) * cos(2 * pi() * u4)))::BIGINT AS prompt,
         round(exp(5 + sqrt(-2 * ln(1 - u3)) * sin(2 * pi() * u4)))::BIGINT AS generated
  FROM drawn
)
SELECT $from::TIMESTAMP + to_microseconds((($seconds * 1e6) * (i + u1) / $n)::BIGINT) AS ts,
       'r' || $first + i AS request_id, {services}[service_no + 1] AS service, 'vendor' AS provider,
       'model-' || chr(97 + service_no) || CASE WHEN u6 < 0.7 THEN '1' ELSE '2' END AS model,
       'v' || version_no AS version,
       '/v1/r' || k % 3 AS route, CASE WHEN u4 < 0.6 THEN 'eu-west' ELSE 'us-east' END AS region,
       (CASE WHEN u2 < 0.985 THEN 200 WHEN u2 < 0.99 THEN 429 WHEN u2 < 0.995 THEN 503
        ELSE 500 END)::SMALLINT AS status,
       CASE WHEN u2 >= 0.995 THEN 'worker lost' END AS error_type, latency * version_no AS latency_ms,
       latency * version_no * (0.1 + 0.4 * u6) AS ttft_ms, NULL::DOUBLE AS queue_ms, prompt AS input_tokens,
       generated AS output_tokens, NULL::BIGINT AS cached_tokens, NULL::BIGINT AS cache_write_tokens,
       NULL::BIGINT AS reasoning_tokens, prompt * 5e-7 + generated * 1.5e-6 AS cost_usd, 'logged' AS cost_source,
       NULL::BOOLEAN AS cache_hit, 'u' || (5000 * u3 * u3)::INTEGER AS user_key, NULL::VARCHAR AS api_key_id,
       CASE WHEN l % 10 < 8 THEN 'stop' ELSE 'length' END AS finish_reason, NULL::DOUBLE AS confidence,
       NULL::VARCHAR AS prediction, 1 AS source_id, $first + i AS source_offset, {features}
FROM shaped
"""


def store_of(requests: int) -> Home:
    """The home whose store has this many requests; made once."""
    home = Home(DATA / f"views-{requests}")
    done = home.directory / "complete"
    if not done.exists():
        shutil.rmtree(home.directory, ignore_errors=True)
        home.create()
        _fill(home, requests)
        done.touch()
    return home


def _fill(home: Home, requests: int) -> None:
    database = Database(home.store, home.spool, memory_limit_mb=1_000)
    connection, writer = database.writer, Writer(database.writer)
    connection.execute("SELECT setseed(0.5)")
    quarters = DAYS * 96
    begin = END - quarters * _QUARTER
    weights = [_diurnal(begin + i * _QUARTER) for i in range(quarters)]
    share = requests / sum(weights)
    made = 0
    for i, weight in enumerate(weights[:-1]):
        made += _commit(connection, writer, begin + i * _QUARTER, _QUARTER, round(share * weight), made)
        folds.fold_recent(connection)
        if i % 4 == 3:
            folds.fold_level(connection, "hour")
        if i % 96 == 95:
            folds.fold_level(connection, "day")
            say(f"  making a store of {requests:,}: {made:,}")
            database.checkpoint()
    ticks = _QUARTER // _TICK
    for i in range(ticks):
        left = (requests - made) // (ticks - i)
        made += _commit(connection, writer, END - (ticks - i) * _TICK, _TICK, left, made)
        if i < ticks - 1:
            folds.fold_recent(connection)
    database.checkpoint()
    database.close()


def _diurnal(moment: datetime) -> float:
    """Traffic of a quarter-hour beside the day's mean: most at three in the afternoon, least at night."""
    return 1 + 0.6 * sin(2 * pi * (moment.hour + moment.minute / 60 - 9) / 24)


def _commit(
    connection: duckdb.DuckDBPyConnection, writer: Writer, start: datetime, length: timedelta, n: int, first: int
) -> int:
    kinds: dict[FeatureKind, dict[str, str]] = {
        "numeric": _NUMBERS,
        "categorical": {name: f"'{name[0]}' || floor({n} * u{i + 1} * u{i + 1})::INTEGER"
                        for i, (name, n) in enumerate(_CATEGORIES.items())},
    }  # fmt: skip
    features = ", ".join(f"{sql} AS {name}" for made in kinds.values() for name, sql in made.items())
    connection.execute(
        _BATCH.format(services=list(SERVICES), features=features),
        {"n": n, "from": start, "seconds": length.total_seconds(), "first": first},
    )
    batch = Batch("made", 1, end_offset=first + n, features=FEATURES, logged=_LOGGED)
    return writer.commit(batch).accepted

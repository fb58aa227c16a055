"""The questions that views put to the store: one SQL constant each, plain enough for another engine.

Always true here: a question's cost depends on the window's buckets and not on the number of requests (only rollups are
read; distinct users of a short window are the exception); NULL comes back as NaN for numbers that were never logged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from opsconsole.store import folds, schema
from opsconsole.store.database import aware, naive, rows

Columns = dict[str, NDArray[Any]]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEPS_S = (60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 604_800, 2_592_000)
_MAX_BUCKETS = 120
_MINUTES_UP_TO_S = 86_400
_HOURS_UP_TO_S = 180 * 86_400


@dataclass(frozen=True)
class TimeAxis:
    """The buckets of a window, aligned to the epoch, and the rollup level that answers for them."""

    start: datetime
    step_s: int
    buckets: int

    @property
    def end(self) -> datetime:
        return self.start + timedelta(seconds=self.step_s * self.buckets)

    @property
    def level(self) -> str:
        """The coarsest level whose buckets fit into a step."""
        if self.step_s % 86_400 == 0 and self.step_s * self.buckets > _HOURS_UP_TO_S:
            return "day"
        if self.step_s % 3600 == 0 and self.step_s * self.buckets > _MINUTES_UP_TO_S:
            return "hour"
        return "minute"


def time_axis(start: datetime, end: datetime) -> TimeAxis:
    """The finest axis of about 120 buckets at most that covers start … end, the end included."""
    seconds = max((end - start).total_seconds(), 60.0)
    step = next((step for step in _STEPS_S if seconds / step <= _MAX_BUCKETS), _STEPS_S[-1])
    first = (start - _EPOCH) // timedelta(seconds=step)
    last = (end - _EPOCH) // timedelta(seconds=step)
    return TimeAxis(_EPOCH + first * timedelta(seconds=step), step, int(last - first) + 1)


_GRAINS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
"""Level → length of its buckets."""


def axis_until(end: datetime, start: datetime) -> TimeAxis:
    """An axis that covers start … end and ends with the last whole bucket of its level before the end."""
    like = time_axis(start, end - timedelta(microseconds=1))
    until = end - (end - _EPOCH) % _GRAINS[like.level]
    step = timedelta(seconds=like.step_s)
    buckets = max(-((start - until) // step), 1)
    return TimeAxis(until - buckets * step, like.step_s, buckets)


@dataclass(frozen=True)
class Extent:
    """What the store holds of one service."""

    first_at: datetime
    last_at: datetime
    requests: int


_SPANS = """
SELECT s.service, s.version, min(t.first_at), max(t.last_at), sum(t.requests)
FROM {traffic} AS t JOIN series AS s USING (series_id) GROUP BY s.service, s.version
"""

_TRAFFIC = """
SELECT s.deployment_id, (epoch(t.bucket)::BIGINT - $start) // $step AS slot,
       sum(t.requests) AS requests, sum(t.errors) AS errors, sum(t.pending) AS pending, sum(t.unknown) AS unknown,
       sum(t.input_tokens)::DOUBLE AS input_tokens, sum(t.output_tokens)::DOUBLE AS output_tokens,
       sum(t.cached_tokens)::DOUBLE AS cached_tokens, sum(t.cache_write_tokens)::DOUBLE AS cache_write_tokens,
       sum(t.reasoning_tokens)::DOUBLE AS reasoning_tokens,
       sum(t.cost_usd) AS cost_usd, sum(t.cost_known) AS cost_known, sum(t.cost_priced) AS cost_priced,
       sum(t.unpriced_tokens) AS unpriced_tokens,
       epoch_us(min(t.first_at)) AS first_us, epoch_us(max(t.last_at)) AS last_us
FROM {traffic} AS t JOIN series AS s USING (series_id)
WHERE t.bucket >= $from AND t.bucket < $to AND ($service IS NULL OR s.service = $service)
GROUP BY s.deployment_id, slot
"""

_HISTOGRAMS = """
SELECT s.deployment_id, (epoch(h.bucket)::BIGINT - $start) // $step AS slot, h.metric, h.code, sum(h.requests) AS n
FROM {histograms} AS h JOIN series AS s USING (series_id)
WHERE h.bucket >= $from AND h.bucket < $to AND ($service IS NULL OR s.service = $service) AND h.metric <= $metrics
GROUP BY s.deployment_id, slot, h.metric, h.code
"""

_FAILURES = """
SELECT s.service, s.version, f.error_class, sum(f.requests) AS n
FROM {failures} AS f JOIN series AS s USING (series_id)
WHERE f.bucket >= $from AND f.bucket < $to
GROUP BY ALL ORDER BY n DESC, f.error_class
"""

_MODELS = """
SELECT DISTINCT s.deployment_id, s.model
FROM {traffic} AS t JOIN series AS s USING (series_id)
WHERE t.bucket >= $from AND t.bucket < $to AND s.service = $service AND s.model <> ''
ORDER BY s.model
"""

_USERS = """
SELECT count(DISTINCT b.value)
FROM {breakdowns} AS b JOIN deployments AS d USING (deployment_id)
WHERE b.bucket >= date_trunc('hour', $from::TIMESTAMP) AND b.bucket < $to AND d.service = $service
  AND b.dimension = 'user_key'
"""

_USERS_OF_MINUTES = """
SELECT count(DISTINCT user_key) FROM requests WHERE ts >= $from AND ts < $to AND coalesce(service, '') = $service
"""

_SPENT = """
SELECT sum(t.cost_usd), sum(t.unpriced_tokens), sum(t.cost_known), min(t.first_at) FILTER (t.cost_known > 0)
FROM {traffic} AS t JOIN series AS s USING (series_id)
WHERE t.bucket >= $from AND t.bucket < $to AND s.service = $service
"""

_LAST = """
SELECT max(t.last_at) FROM {traffic} AS t JOIN series AS s USING (series_id)
WHERE t.bucket >= $from AND t.bucket < $to AND s.service = $service
"""

_DISTRIBUTIONS = """
SELECT d.version, f.name, f.kind, x.code, c.value, (epoch(x.bucket)::BIGINT - $start) // $step AS slot,
       sum(x.requests) AS n
FROM {distributions} AS x JOIN deployments AS d USING (deployment_id) JOIN features AS f USING (feature_id)
     LEFT JOIN categories AS c ON c.feature_id = f.feature_id AND c.category_id = x.code AND f.kind = 'categorical'
WHERE x.bucket >= $from AND x.bucket < $to AND d.service = $service
GROUP BY ALL
"""


Spans = dict[tuple[str, str], Extent]
"""(service, version) → what the store holds of it."""


class SpanMemory:
    """Since when each version is known changes with a fold at the most: remembered from one to the next."""

    def __init__(self) -> None:
        self._fold, self._spans = -1, Spans()

    def spans(self, connection: duckdb.DuckDBPyConnection, ask: Callable[[], Spans]) -> Spans:
        """What ``ask`` answers about everything that is folded; asked again only after another fold."""
        fold = int(rows(connection, "SELECT count(*) FROM folds")[0][0])
        if fold != self._fold:
            self._spans = ask()
            self._fold = fold
        return self._spans


def _united(one: Spans, other: Spans) -> Spans:
    united = dict(one)
    for key, span in other.items():
        before = united.get(key, span)
        n = span.requests + (before.requests if key in one else 0)
        united[key] = Extent(min(before.first_at, span.first_at), max(before.last_at, span.last_at), n)
    return united


class Questions:
    """The questions of one view: asked on one connection, of one consistent snapshot of the store."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, memory: SpanMemory | None = None) -> None:
        self._connection = connection
        self._memory = memory or SpanMemory()
        self._relations: dict[str, dict[str, str]] = {}
        self._spans: dict[str, dict[str, Extent]] = {}
        self._failures: dict[TimeAxis, dict[str, dict[str, dict[str, int]]]] = {}

    def _at(self, level: str) -> dict[str, str]:
        if level not in self._relations:
            self._relations[level] = folds.reading(self._connection, level)
        return self._relations[level]

    def _ask(self, sql: str, level: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        return rows(self._connection, sql.format(**self._at(level)), parameters)

    def _columns(self, sql: str, level: str, parameters: dict[str, Any]) -> Columns:
        found = self._connection.execute(sql.format(**self._at(level)), parameters).fetchnumpy()
        return {
            name: column.filled(np.nan if column.dtype.kind == "f" else 0)
            if isinstance(column, np.ma.MaskedArray)
            else np.asarray(column)
            for name, column in found.items()
        }

    def extents(self) -> dict[str, Extent]:
        """Every service, with the time and the number of what the store holds of it."""
        return {
            service: Extent(
                min(span.first_at for span in versions.values()),
                max(span.last_at for span in versions.values()),
                sum(span.requests for span in versions.values()),
            )
            for service, versions in self._versions().items()
        }

    def _versions(self) -> dict[str, dict[str, Extent]]:
        """Service → version, oldest first → what the store holds of it: asked once, for every service."""
        if not self._spans:
            folded = self._memory.spans(self._connection, lambda: self._ask_spans(folds.FOLDED))
            for (service, version), span in sorted(
                _united(folded, self._ask_spans(folds.RECENT)).items(), key=lambda item: (item[0][0], item[1].first_at)
            ):
                self._spans.setdefault(service, {})[version] = span
        return self._spans

    def _ask_spans(self, part: folds.Part) -> Spans:
        relation = folds.reading(self._connection, "day", part)["traffic"]
        return {
            (service, version): Extent(aware(first), aware(last), int(n))
            for service, version, first, last, n in rows(self._connection, _SPANS.format(traffic=relation))
        }

    def deployments(self) -> dict[int, tuple[str, str]]:
        """Deployment id → (service, version)."""
        return {
            deployment: (service, version)
            for deployment, service, version in rows(
                self._connection, "SELECT deployment_id, service, version FROM deployments"
            )
        }

    def traffic(self, axis: TimeAxis, service: str | None = None) -> Columns:
        """Counts and sums by deployment and slot of the axis."""
        return self._columns(_TRAFFIC, axis.level, _over(axis, service))

    def histograms(self, axis: TimeAxis, service: str | None = None, *, up_to: str = "tokens_per_s") -> Columns:
        """Latency-like bins by deployment, slot, metric and code, of the metrics up to a name."""
        metrics = schema.METRICS[up_to]
        return self._columns(_HISTOGRAMS, axis.level, _over(axis, service) | {"metrics": metrics})

    def failures(self, axis: TimeAxis, service: str) -> dict[str, dict[str, int]]:
        """Version → error class → requests, largest first; asked once an axis, for every service."""
        if axis not in self._failures:
            found = self._failures[axis] = {}
            window = {"from": naive(axis.start), "to": naive(axis.end)}
            for name, version, error_class, n in self._ask(_FAILURES, axis.level, window):
                found.setdefault(name, {}).setdefault(version, {})[error_class] = int(n)
        return self._failures[axis].get(service, {})

    def models(self, axis: TimeAxis, service: str) -> dict[int, tuple[str, ...]]:
        """Deployment id → models that answered for it."""
        found: dict[int, tuple[str, ...]] = {}
        for deployment, model in self._ask(_MODELS, axis.level, _window(axis, service)):
            found[deployment] = (*found.get(deployment, ()), model)
        return found

    def users(self, axis: TimeAxis, service: str) -> int:
        """Distinct users of the window; 0 where none was logged. Rollups know them by the hour, requests know finer."""
        if axis.step_s % 3600:
            return int(rows(self._connection, _USERS_OF_MINUTES, _window(axis, service))[0][0])
        level = "day" if axis.level == "day" else "hour"
        return int(self._ask(_USERS, level, _window(axis, service))[0][0])

    def spent(self, service: str, start: datetime, end: datetime) -> tuple[float | None, int, datetime | None]:
        """(USD, unpriced tokens, first request of known cost) from an hour's edge up to a minute."""
        hour = end.replace(minute=0, second=0, microsecond=0)
        parts = [
            self._ask(_SPENT, level, {"from": naive(since), "to": naive(until), "service": service})[0]
            for level, since, until in (("hour", start, hour), ("minute", max(start, hour), end))
        ]
        usd, unpriced, known = (sum(part[i] or 0 for part in parts) for i in range(3))
        first = min((part[3] for part in parts if part[3]), default=None)
        return (usd if known else None, int(unpriced), aware(first) if first else None)

    def last_at(self, service: str, before: datetime) -> datetime | None:
        """When the service's last record before this minute was."""
        hour = before.replace(minute=0, second=0, microsecond=0)
        parts = (("hour", _EPOCH, hour), ("minute", hour, before))
        found = [
            self._ask(_LAST, level, {"from": naive(since), "to": naive(until), "service": service})[0][0]
            for level, since, until in parts
        ]
        return max((aware(at) for at in found if at), default=None)

    def first_seen(self, service: str) -> list[tuple[str, datetime]]:
        """Versions with the time of their first record, oldest first."""
        return [(version, span.first_at) for version, span in self._versions().get(service, {}).items()]

    def distributions(
        self, service: str, start: datetime, end: datetime, *, block_s: int | None = None
    ) -> list[tuple[str, str, str, int, str | None, int, int]]:
        """(version, feature, kind, code, category, block, n) between two moments; one block if ``block_s`` is None."""
        seconds = int((end - start).total_seconds())
        is_hourly = seconds > _MINUTES_UP_TO_S or (block_s is not None and block_s % 3600 == 0)
        step = block_s or max(seconds, 1)
        parameters = {
            "from": naive(start),
            "to": naive(end),
            "service": service,
            "start": int(start.timestamp()),
            "step": step,
        }
        return [
            (version, name, kind, int(code), category, int(slot), int(n))
            for version, name, kind, code, category, slot, n in self._ask(
                _DISTRIBUTIONS, "hour" if is_hourly else "minute", parameters
            )
        ]


def _window(axis: TimeAxis, service: str | None) -> dict[str, Any]:
    return {"from": naive(axis.start), "to": naive(axis.end), "service": service}


def _over(axis: TimeAxis, service: str | None) -> dict[str, Any]:
    return _window(axis, service) | {"start": int(axis.start.timestamp()), "step": axis.step_s}

"""From the store's partial sums of one window to the structs of the wire.

Always true here: everything of one view comes from one reading of the store, so its numbers agree with one another;
what was not logged is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsconsole import bins, wire
from opsconsole.signals.health import VersionFacts
from opsconsole.signals.intervals import wilson
from opsconsole.signals.quantiles import latency, quantiles_by_group
from opsconsole.store import schema
from opsconsole.store.queries import Columns, TimeAxis

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _ByDeployment:
    """Columns sorted by deployment, so that one deployment's rows are a slice."""

    def __init__(self, columns: Columns) -> None:
        order = np.argsort(columns["deployment_id"], kind="stable")
        self._columns = {name: values[order] for name, values in columns.items()}
        self._ids = self._columns["deployment_id"]
        self._found: dict[tuple[int, ...], Columns] = {}

    def of(self, deployments: Iterable[int]) -> Columns:
        """The rows of these deployments."""
        key = tuple(deployments)
        if key not in self._found:
            self._found[key] = self._cut(key)
        return self._found[key]

    def _cut(self, deployments: tuple[int, ...]) -> Columns:
        slices = [
            slice(*np.searchsorted(self._ids, (deployment, deployment + 1)).tolist()) for deployment in deployments
        ]
        return {
            name: values[slices[0]] if len(slices) == 1 else np.concatenate([values[:0], *(values[s] for s in slices)])
            for name, values in self._columns.items()
        }


class Measured:
    """One window of one service or of all of them."""

    def __init__(self, axis: TimeAxis, traffic: Columns, histograms: Columns) -> None:
        self.axis = axis
        self._traffic = _ByDeployment(traffic)
        self._histograms = _ByDeployment(histograms)
        self._bins: dict[tuple[tuple[int, ...], str], tuple[NDArray[Any], NDArray[Any]]] = {}
        self.deployments: tuple[int, ...] = tuple(np.unique(traffic["deployment_id"]).tolist())

    def counts(self, deployments: Sequence[int]) -> Counts:
        return Counts(self._traffic.of(deployments))

    def bins_of(self, deployments: Sequence[int], metric: str) -> tuple[NDArray[Any], NDArray[Any]]:
        """(codes, counts) of a metric over the window, codes distinct and ascending."""
        key = (tuple(deployments), metric)
        if key not in self._bins:
            columns = self._histograms.of(deployments)
            chosen = columns["metric"] == schema.METRICS[metric]
            shifted = columns["code"][chosen].astype(np.int64) - bins.NULL  # the smallest code there is
            counts = np.bincount(shifted, weights=columns["n"][chosen])
            present = np.flatnonzero(counts)
            self._bins[key] = present + bins.NULL, counts[present].astype(np.int64)
        return self._bins[key]

    def latency(self, deployments: Sequence[int], metric: str) -> wire.Latency:
        return latency(*self.bins_of(deployments, metric), bins.LATENCY_SCHEMA)

    def quantile_line(self, deployments: Sequence[int], metric: str, q: float) -> tuple[float | None, ...]:
        """The q-quantile of each bucket of the axis."""
        columns = self._histograms.of(deployments)
        chosen = columns["metric"] == schema.METRICS[metric]
        values = quantiles_by_group(
            columns["slot"][chosen],
            columns["code"][chosen],
            columns["n"][chosen],
            self.axis.buckets,
            q,
            bins.LATENCY_SCHEMA,
        )
        return _optional(values)

    def lines(self, deployments: Sequence[int]) -> wire.Lines:
        """Every line of the time axis."""
        columns = self._traffic.of(deployments)
        slot, n = columns["slot"].astype(np.int64), self.axis.buckets
        known = np.bincount(slot, weights=columns["cost_known"], minlength=n)
        usd = np.bincount(slot, weights=np.nan_to_num(columns["cost_usd"]), minlength=n)
        return wire.Lines(
            requests=_whole(np.bincount(slot, weights=columns["requests"], minlength=n)),
            errors=_whole(np.bincount(slot, weights=columns["errors"], minlength=n)),
            p50_ms=self.quantile_line(deployments, "latency_ms", 0.5),
            p99_ms=self.quantile_line(deployments, "latency_ms", 0.99),
            usd=_optional(np.where(known > 0, usd, np.nan)),
        )

    def facts(self, label: str, deployments: Sequence[int], top_error: str, first_at: datetime | None) -> VersionFacts:
        """What health judges."""
        counts = self.counts(deployments)
        codes, n = self.bins_of(deployments, "latency_ms")
        cost = counts.cost()
        return VersionFacts(
            label=label,
            requests=counts.requests,
            errors=counts.errors,
            counted=counts.counted,
            top_error=top_error,
            latency_codes=codes,
            latency_counts=n,
            usd_per_request=cost.usd_per_request,
            n_known_cost=cost.n_known,
            first_at=first_at,
        )


class Counts:
    """The window's sums of some deployments."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self.requests = self._sum("requests")
        self.errors = self._sum("errors")
        self.pending = self._sum("pending")
        self.unknown = self._sum("unknown")

    def _sum(self, name: str) -> int:
        return int(self._columns[name].sum())

    @property
    def counted(self) -> int:
        """Requests whose outcome is known."""
        return self.requests - self.pending - self.unknown

    @property
    def error_rate(self) -> float | None:
        return self.errors / self.counted if self.counted else None

    def error_interval(self) -> tuple[float, float] | tuple[None, None]:
        return wilson(self.errors, self.counted) if self.counted else (None, None)

    def tokens(self) -> wire.Tokens:
        def total(name: str) -> int | None:
            values = self._columns[name]
            return None if np.isnan(values).all() else int(np.nansum(values))

        return wire.Tokens(
            input=total("input_tokens"),
            output=total("output_tokens"),
            cached=total("cached_tokens"),
            cache_write=total("cache_write_tokens"),
            reasoning=total("reasoning_tokens"),
        )

    def cost(self) -> wire.Cost:
        known = self._sum("cost_known")
        usd = float(np.nansum(self._columns["cost_usd"])) if known else None
        return wire.Cost(
            usd=usd,
            usd_per_request=usd / known if usd is not None else None,
            n_known=known,
            n_priced=self._sum("cost_priced"),
            unpriced_tokens=self._sum("unpriced_tokens"),
        )

    def first_at(self) -> datetime | None:
        return _moment(self._columns["first_us"].min()) if self.requests else None

    def last_at(self) -> datetime | None:
        return _moment(self._columns["last_us"].max()) if self.requests else None


def _moment(microseconds: Any) -> datetime:
    return _EPOCH + timedelta(microseconds=int(microseconds))


def _whole(values: NDArray[Any]) -> tuple[int, ...]:
    return tuple(values.astype(np.int64).tolist())


def _optional(values: NDArray[Any]) -> tuple[float | None, ...]:
    return tuple(None if value != value else value for value in values.tolist())

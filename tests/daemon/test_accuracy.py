"""What the panels show of real logs, against an independent count of the same files with Polars."""

from __future__ import annotations

import json
from datetime import UTC
from math import ceil
from pathlib import Path

import polars as pl
import pytest
from inprocess import Daemon

from opsconsole import bins, wire

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


def is_within(shown: wire.Latency, values: list[float]) -> None:
    """n is exact, and the true order statistic lies in the bin that is shown."""
    assert shown.n == len(values)
    ordered = sorted(values)
    for name, q in QUANTILES.items():
        estimate: wire.Estimate = getattr(shown, name)
        exact = ordered[ceil(q * len(ordered)) - 1]
        assert estimate.low < exact <= estimate.high or estimate.low == exact == estimate.high, (name, exact, estimate)
        assert estimate.value == pytest.approx(exact, rel=0.022)
        assert estimate.n == len(values)


def agrees(shown: wire.VersionSummary, frame: pl.DataFrame) -> None:
    """Every number of a version's summary on the image-generation trace."""
    status = frame["predict_status"]
    succeeded, failed = int((status == "SUCCEED").sum()), int((status == "FAILED").sum())
    assert shown.requests == len(frame)
    assert shown.errors == failed
    assert shown.pending == len(frame) - succeeded - failed
    assert shown.unknown == 0
    if succeeded + failed:
        assert shown.error_rate == pytest.approx(failed / (succeeded + failed))
        assert shown.error_rate_low is not None
        assert shown.error_rate_high is not None
        assert shown.error_rate_low <= shown.error_rate <= shown.error_rate_high
    else:
        assert shown.error_rate is None
    assert shown.error_classes == ({"FAILED": failed} if failed else {})
    seconds = frame["exec_time_seconds"].drop_nulls()
    if len(seconds):
        is_within(shown.latency_ms, [second * 1000 for second in seconds.to_list()])
    else:
        assert shown.latency_ms == wire.Latency(n=0)
    assert (shown.first_at, shown.last_at) == (
        frame["at"].min().replace(tzinfo=UTC),  # type: ignore[union-attr]
        frame["at"].max().replace(tzinfo=UTC),  # type: ignore[union-attr]
    )
    assert shown.tokens == wire.Tokens()
    assert (shown.cost.usd, shown.ttft_ms.n, shown.tokens_per_s.n) == (None, 0, 0)


def test_every_number_of_the_image_trace_is_right(daemon: Daemon, shared: Path) -> None:
    trace = shared / "data/gentd26/lora_request_trace.csv"
    frame = pl.read_csv(trace).with_columns(at=pl.col("gmt_create").str.to_datetime("%Y-%m-%d %H:%M:%S"))
    daemon.attach(trace, follow=False)
    (row,) = daemon.fleet("all").services
    view = daemon.service(row.service, "all")
    assert (row.requests, row.errors, row.pending) == (len(frame), view.total.errors, view.total.pending)
    assert view.total.pending == 33
    agrees(view.total, frame)
    by_version = {str(key[0] or ""): part for key, part in frame.group_by("checkpoint_model_version_id")}
    assert {version.version for version in view.versions} == set(by_version)
    for version in view.versions:
        agrees(version, by_version[version.version])
        assert version.share == pytest.approx(len(by_version[version.version]) / len(frame))
    assert view.users == frame["groupId"].n_unique()
    assert sum(view.lines.requests) == len(frame)
    assert sum(view.lines.errors) == view.total.errors
    assert len(view.lines.requests) == len(view.lines.p50_ms) == view.axis.buckets
    per_bucket = frame.group_by(
        (pl.col("at").dt.epoch("s") - int(view.axis.start.timestamp())) // view.axis.step_s
    ).len()
    assert {slot: n for slot, n in enumerate(view.lines.requests) if n} == dict(per_bucket.iter_rows())
    assert {"ttft_ms", "tokens", "cost_usd"} <= set(view.not_logged)
    assert (view.is_live, view.end) == (False, view.total.last_at)


def test_every_feature_of_the_image_trace_is_counted(daemon: Daemon, shared: Path) -> None:
    trace = shared / "data/gentd26/lora_request_trace.csv"
    frame = pl.read_csv(trace)
    daemon.attach(trace, follow=False)
    service = daemon.fleet("all").services[0].service
    sql = (
        "SELECT f.name, d.code, c.value, sum(d.requests) FROM (FROM distributions_recent UNION ALL FROM "
        "distributions_minute) AS d JOIN features AS f USING (feature_id) LEFT JOIN categories AS c "
        "ON c.feature_id = f.feature_id AND c.category_id = d.code AND f.kind = 'categorical' GROUP BY ALL"
    )
    reply = daemon.ask("POST", "/v1/query", wire.QueryReply, wire.QueryRequest(sql=sql))
    found: dict[str, dict[object, int]] = {}
    for name, code, category, n in reply.rows:
        key = category if category is not None else code
        found.setdefault(str(name), {})[key] = int(n)  # type: ignore[arg-type]
    mapping = daemon.engine.follower.sources[0].mapping
    assert service == mapping.columns["service"][-1].value
    assert set(found) == set(mapping.features)
    assert {"prompt_length", "num_inference_steps", "predict_type"} <= set(found)
    for name, kind in mapping.features.items():
        values = frame[name]
        if kind == "categorical":
            counts = values.drop_nulls().cast(pl.String).value_counts()
            expected: dict[object, int] = dict(counts.iter_rows())
        else:
            codes = bins.codes(values.drop_nulls().cast(pl.Float64).to_numpy(), bins.FEATURE_SCHEMA)
            expected = dict(pl.Series(codes).value_counts().iter_rows())
        if values.null_count():
            expected[bins.NULL] = values.null_count()
        assert found[name] == expected, name


@pytest.mark.parametrize("name", ["code", "conv"])
def test_a_trace_of_tokens_alone_shows_no_latency_rather_than_zero(daemon: Daemon, shared: Path, name: str) -> None:
    trace = shared / f"data/azure_llm/AzureLLMInferenceTrace_{name}.csv"
    frame = pl.read_csv(trace)
    daemon.attach(trace, follow=False)
    (row,) = daemon.fleet("all").services
    total = daemon.service(row.service, "all").total
    assert total.requests == len(frame)
    assert (total.tokens.input, total.tokens.output) == (
        int(frame["ContextTokens"].sum()),
        int(frame["GeneratedTokens"].sum()),
    )
    assert (total.latency_ms.n, total.latency_ms.p50, total.ttft_ms.p99) == (0, None, None)
    assert (total.error_rate, total.unknown, total.cost.usd) == (None, len(frame), None)
    assert total.cost.unpriced_tokens == int(frame["ContextTokens"].sum() + frame["GeneratedTokens"].sum())
    assert set(daemon.service(row.service, "all").lines.p50_ms) == {None}


@pytest.mark.parametrize("scale", [100, 500, 1000, 2000])
def test_first_tokens_of_a_load_test_are_right(daemon: Daemon, shared: Path, scale: int) -> None:
    document = shared / f"data/vllm_logs/detail_log_scale{scale}_prompt500.json"
    records = list(json.loads(document.read_bytes()).values())
    daemon.attach(document, follow=False)
    (row,) = daemon.fleet("all").services
    total = daemon.service(row.service, "all").total
    assert total.requests == len(records)
    is_within(total.ttft_ms, [record["first_chunk_time"] * 1e3 for record in records])
    is_within(total.latency_ms, [record["total_chunk_time"] * 1e3 for record in records])
    assert total.tokens.input == sum(record["in_len"] for record in records)
    assert total.tokens.output == sum(record["out_len"] for record in records)
    lasted = max(r["record_time"] for r in records) - min(r["record_time"] for r in records)
    assert total.first_at is not None
    assert total.last_at is not None
    assert (total.last_at - total.first_at).total_seconds() == pytest.approx(lasted, abs=1e-3)
    assert total.last_at.timestamp() == pytest.approx(document.stat().st_mtime, abs=1e-3)

"""What a request cost, where its log does not say."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from opsconsole.errors import ConfigError
from opsconsole.ingest.enrich import enriched
from opsconsole.ingest.mapping import Mapping, Rule
from opsconsole.ingest.prices import PriceBook, PriceTable, read_prices
from opsconsole.ingest.privacy import Hasher
from opsconsole.ingest.source import Means
from opsconsole.store.database import rows

COLUMNS = ("input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens")
MAPPING = Mapping(
    format="generic",
    framing="jsonl",
    columns={name: (Rule(path=name),) for name in ("ts", "model", "provider", "cost_usd", *COLUMNS)},
)

PLAIN = {"input_cost_per_token": 1e-6, "output_cost_per_token": 4e-6}
RICH = PLAIN | {
    "cache_read_input_token_cost": 1e-7,
    "cache_creation_input_token_cost": 1.25e-6,
    "output_cost_per_reasoning_token": 6e-6,
}
TIERED = RICH | {
    "input_cost_per_token_above_200k_tokens": 2e-6,
    "output_cost_per_token_above_200k_tokens": 8e-6,
    "cache_read_input_token_cost_above_200k_tokens": 2e-7,
}


def table(directory: Path, models: dict[str, Any], since: str = "2026-01-01", until: str | None = None) -> PriceTable:
    file = directory / f"prices-{since}.json"
    file.write_text(json.dumps(models))
    return read_prices(file, date.fromisoformat(since), date.fromisoformat(until) if until else None)


def price(means: Means, *tables: PriceTable, at: str = "2026-01-15", **request: Any) -> tuple[float | None, str]:
    """(cost, where it comes from) of one request; raises when it is not exactly one row any more."""
    record = dict.fromkeys((*COLUMNS, "cost_usd", "provider")) | {"model": "m"} | request
    means.connection.execute(
        "CREATE OR REPLACE TEMP TABLE one (ts TIMESTAMP, model VARCHAR, provider VARCHAR, status SMALLINT, "
        "error_type VARCHAR, latency_ms DOUBLE, cost_usd DOUBLE, cost_source VARCHAR, "
        + ", ".join(f"{name} BIGINT" for name in COLUMNS)
        + ")"
    )
    names = ["ts", *record]
    means.connection.execute(
        f"INSERT INTO one ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", [at, *record.values()]
    )
    relation = enriched(means.connection, "one", MAPPING, Hasher(means.spool / "key"), PriceBook(tables))
    ((cost, source),) = rows(means.connection, f"SELECT cost_usd, cost_source FROM {relation} AS r")
    return cost, source


def test_every_token_class_has_its_price(tmp_path: Path, means: Means) -> None:
    counts = dict(zip(COLUMNS, (1000, 200, 3000, 400, 50), strict=True))
    expected = 1000 * 1e-6 + 200 * 4e-6 + 3000 * 1e-7 + 400 * 1.25e-6 + 50 * 6e-6
    assert price(means, table(tmp_path, {"m": RICH}), **counts) == (pytest.approx(expected, abs=1e-15), "priced")


def test_a_class_without_a_price_of_its_own_costs_what_it_is_part_of(tmp_path: Path, means: Means) -> None:
    counts = dict(zip(COLUMNS, (1000, 200, 3000, 400, 50), strict=True))
    expected = (1000 + 3000 + 400) * 1e-6 + (200 + 50) * 4e-6
    assert price(means, table(tmp_path, {"m": PLAIN}), **counts)[0] == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(
    ("counts", "is_higher"),
    [
        ({"input_tokens": 200_000}, False),
        ({"input_tokens": 200_001}, True),
        ({"input_tokens": 1, "cached_tokens": 150_000, "cache_write_tokens": 50_000}, True),
        ({"input_tokens": 100, "output_tokens": 300_000}, False),
    ],
)
def test_a_long_prompt_moves_the_whole_request_to_the_higher_tier(
    tmp_path: Path, means: Means, counts: dict[str, int], is_higher: bool
) -> None:
    usd = {"input_tokens": 1e-6, "output_tokens": 4e-6, "cached_tokens": 1e-7, "cache_write_tokens": 1.25e-6}
    if is_higher:
        usd |= {"input_tokens": 2e-6, "output_tokens": 8e-6, "cached_tokens": 2e-7}
    expected = sum(n * usd[name] for name, n in counts.items())
    assert price(means, table(tmp_path, {"m": TIERED}), **counts)[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("prompt", "usd"), [(0, 0.0), (32_000, 1e-7), (32_001, 2e-7), (128_000, 2e-7)])
def test_tiered_pricing_takes_the_tier_of_the_prompt(tmp_path: Path, means: Means, prompt: int, usd: float) -> None:
    tiers = [
        {"range": [0, 32_000.0], "input_cost_per_token": 1e-7, "output_cost_per_token": 1e-6},
        {"range": [32_000.0, 128_000.0], "input_cost_per_token": 2e-7, "output_cost_per_token": 2e-6},
    ]
    cost, source = price(means, table(tmp_path, {"m": {"tiered_pricing": tiers}}), input_tokens=prompt)
    assert (cost, source) == (pytest.approx(prompt * usd, rel=1e-12), "priced")


def test_an_old_request_keeps_the_price_of_its_day(tmp_path: Path, means: Means) -> None:
    old = table(tmp_path, {"m": PLAIN}, "2025-01-01", "2026-01-01")
    new = table(tmp_path, {"m": {"input_cost_per_token": 9e-6}}, "2026-01-01")
    for at, usd in (("2025-12-31 23:59:59.999", 1e-6), ("2026-01-01 00:00:00", 9e-6)):
        assert price(means, old, new, at=at, input_tokens=10)[0] == pytest.approx(10 * usd)
    assert price(means, old, new, at="2024-12-31", input_tokens=10) == (None, "unknown")


def test_a_list_without_an_end_gives_way_to_a_later_one_and_no_request_counts_twice(
    tmp_path: Path, means: Means
) -> None:
    old, new = table(tmp_path, {"m": PLAIN, "n": PLAIN}, "2025-01-01"), table(tmp_path, {"m": TIERED}, "2026-01-01")
    for tables in ((old, new), (new, old)):
        assert price(means, *tables, at="2026-02-01", input_tokens=10, cached_tokens=10)[0] == pytest.approx(1.1e-5)
        assert price(means, *tables, at="2026-02-01", model="n", input_tokens=10)[0] == pytest.approx(1e-5)
        assert price(means, *tables, at="2025-02-01", input_tokens=10)[0] == pytest.approx(1e-5)


def test_a_list_that_ends_hands_back_to_the_one_it_interrupted(tmp_path: Path, means: Means) -> None:
    always = table(tmp_path, {"m": PLAIN}, "2025-01-01")
    offer = table(tmp_path, {"m": {"input_cost_per_token": 5e-7}}, "2026-02-01", "2026-03-01")
    costs = [price(means, always, offer, at=f"2026-{m:02d}-15", input_tokens=2)[0] for m in (1, 2, 3)]
    assert costs == pytest.approx([2e-6, 1e-6, 2e-6])


def test_an_unknown_model_has_no_cost_and_never_a_cost_of_zero(tmp_path: Path, means: Means) -> None:
    prices = table(tmp_path, {"m": PLAIN, "image": {"output_cost_per_image": 0.04}})
    assert price(means, prices, model="unheard-of", input_tokens=10) == (None, "unknown")
    assert price(means, prices, model="image", input_tokens=10) == (None, "unknown")
    assert price(means, prices, model=None, input_tokens=10) == (None, "unknown")
    assert price(means, prices) == (None, "unknown")


def test_a_logged_cost_stands(tmp_path: Path, means: Means) -> None:
    assert price(means, table(tmp_path, {"m": PLAIN}), input_tokens=10, cost_usd=0.5) == (0.5, "logged")


def test_a_model_is_found_with_its_provider_and_in_any_case(tmp_path: Path, means: Means) -> None:
    prices = table(tmp_path, {"Azure/GPT-X": PLAIN})
    assert price(means, prices, model="gpt-x", provider="azure", input_tokens=10)[0] == pytest.approx(1e-5)
    assert price(means, prices, model="azure/gpt-x", input_tokens=10)[0] == pytest.approx(1e-5)
    assert price(means, prices, model="gpt-x", provider="openai", input_tokens=10) == (None, "unknown")


@pytest.mark.parametrize("content", [None, "{broken", "[1]"])
def test_a_file_that_is_no_price_list_is_refused_by_name(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "prices.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigError, match=r"prices\.json") as refused:
        read_prices(file, date(2026, 1, 1))
    assert refused.value.remedy


def test_the_real_price_list_prices_real_models(tmp_path: Path, means: Means, shared: Path) -> None:
    packed = shared / "data/prices/litellm_model_prices.json.gz"
    file = tmp_path / "prices.json"
    file.write_bytes(gzip.decompress(packed.read_bytes()))
    document = json.loads(file.read_bytes())
    prices = read_prices(file, date(2026, 1, 1))
    assert len(prices.models) > 1000
    counts = {"input_tokens": 12_345, "output_tokens": 678, "cached_tokens": 9_000}
    for model in ("gpt-4o-mini", "gpt-4o", "gemini-2.5-pro"):
        entry = document[model]
        cached = entry.get("cache_read_input_token_cost", entry["input_cost_per_token"])
        expected = (
            counts["input_tokens"] * entry["input_cost_per_token"]
            + counts["output_tokens"] * entry["output_cost_per_token"]
            + counts["cached_tokens"] * cached
        )
        assert price(means, prices, model=model, **counts) == (pytest.approx(expected, abs=1e-12), "priced")

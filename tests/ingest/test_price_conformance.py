"""Bills worked out by hand, from usage as providers and gateways log it: what we say must equal them to 1e-9 USD.

Each case is a trap that a published cost tracker fell into (named where the report is public), from the logged line
through recognition, folding into disjoint classes and pricing to the stored cost. A bill is its lines, as on an
invoice: tokens times USD per token, in decimals, and the total once more as a number that a person wrote down.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ingesting import means_of

from opsconsole.clock import ManualClock
from opsconsole.ingest.follower import Follower, Wish
from opsconsole.ingest.prices import PriceBook, read_prices
from opsconsole.store.database import Database, rows

Record = dict[str, Any]
Line = tuple[int, str]
"""(tokens, USD per token)."""


def anthropic(**usage: Any) -> Record:
    """A log that keeps the usage block of Anthropic's Messages API: input without cache reads and writes."""
    return {"timestamp": "2026-01-15T12:00:00Z", "model": "m", "usage": usage}


openai = anthropic
"""Of OpenAI's APIs: the prompt with what was cached, the completion with its reasoning."""


def bedrock(**usage: Any) -> Record:
    """Of Bedrock's Converse, which counts as Anthropic does."""
    return {"timestamp": "2026-01-15T12:00:00Z", "model": "m", "usage": usage}


def gemini(**usage: Any) -> Record:
    """Of Gemini: the prompt with what was cached, the candidates without the thoughts."""
    return {"timestamp": "2026-01-15T12:00:00Z", "model": "m", "usageMetadata": usage}


def langchain(**usage: Any) -> Record:
    """LangChain's ``usage_metadata``: everything within input and output."""
    return {"timestamp": "2026-01-15T12:00:00Z", "model": "m", "usage_metadata": usage}


def litellm(prompt: int, completion: int, **usage: Any) -> Record:
    """LiteLLM's logging payload without its own cost: the prompt with what was read from and written to the cache."""
    return {
        "startTime": 1768478400.0,
        "endTime": 1768478401.0,
        "call_type": "acompletion",
        "response_cost": None,
        "model": "m",
        "status": "success",
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "metadata": {"usage_object": usage},
    }


def langfuse(**usage: int) -> Record:
    """An observation of Langfuse: every kind of token beside the others."""
    return {
        "id": "o",
        "traceId": "t",
        "type": "GENERATION",
        "startTime": "2026-01-15T12:00:00Z",
        "endTime": "2026-01-15T12:00:01Z",
        "model": "m",
        "usageDetails": usage,
    }


SONNET = {
    "input_cost_per_token": 3e-6,
    "output_cost_per_token": 15e-6,
    "cache_read_input_token_cost": 3e-7,
    "cache_creation_input_token_cost": 3.75e-6,
}
SONNET_1M = SONNET | {
    "input_cost_per_token_above_200k_tokens": 6e-6,
    "output_cost_per_token_above_200k_tokens": 22.5e-6,
    "cache_read_input_token_cost_above_200k_tokens": 6e-7,
    "cache_creation_input_token_cost_above_200k_tokens": 7.5e-6,
}
OPUS_EU = {
    "input_cost_per_token": 5.5e-6,
    "output_cost_per_token": 2.75e-5,
    "cache_read_input_token_cost": 5.5e-7,
    "cache_creation_input_token_cost": 6.875e-6,
    "cache_creation_input_token_cost_above_1hr": 1.1e-5,
}
GPT_4O = {"input_cost_per_token": 2.5e-6, "output_cost_per_token": 1e-5, "cache_read_input_token_cost": 1.25e-6}
GPT_5 = {
    "input_cost_per_token": 1.25e-6,
    "output_cost_per_token": 1e-5,
    "cache_read_input_token_cost": 1.25e-7,
    "input_cost_per_token_flex": 6.25e-7,
    "output_cost_per_token_flex": 5e-6,
    "cache_read_input_token_cost_flex": 6.25e-8,
    "input_cost_per_token_batches": 6.25e-7,
    "output_cost_per_token_batches": 5e-6,
    "cache_read_input_token_cost_batches": 6.25e-8,
    "input_cost_per_token_priority": 2.5e-6,
    "output_cost_per_token_priority": 2e-5,
    "cache_read_input_token_cost_priority": 2.5e-7,
}
GEMINI_PRO = {
    "input_cost_per_token": 1.25e-6,
    "output_cost_per_token": 1e-5,
    "cache_read_input_token_cost": 1.25e-7,
    "input_cost_per_token_above_200k_tokens": 2.5e-6,
    "output_cost_per_token_above_200k_tokens": 1.5e-5,
    "cache_read_input_token_cost_above_200k_tokens": 2.5e-7,
    "input_cost_per_token_flex": 6.25e-7,
    "output_cost_per_token_flex": 5e-6,
    "input_cost_per_token_priority": 2.25e-6,
    "output_cost_per_token_priority": 1.8e-5,
    "input_cost_per_token_above_200k_tokens_priority": 4.5e-6,
    "output_cost_per_token_above_200k_tokens_priority": 2.7e-5,
}
FLASH = {"input_cost_per_token": 3e-7, "output_cost_per_token": 2.5e-6}
THINKER = {"input_cost_per_token": 1e-6, "output_cost_per_token": 4e-6, "output_cost_per_reasoning_token": 6e-6}
QWEN = {
    "tiered_pricing": [
        {"range": [0, 256_000.0], "input_cost_per_token": 5e-7, "output_cost_per_token": 1e-6},
        {"range": [256_000.0, 1_000_000.0], "input_cost_per_token": 2e-6, "output_cost_per_token": 6e-6},
    ]
}


@dataclass(frozen=True)
class Case:
    """One request as it was logged, and its bill."""

    what: str
    record: Record
    prices: dict[str, Any]
    bill: tuple[Line, ...] | None
    """None: it cannot be priced, which is not the same as costing nothing."""
    total: str = ""


CASES = (
    Case(
        "litellm 9812: cache writes are not billed as input once more",
        anthropic(input_tokens=3, cache_creation_input_tokens=12_304, cache_read_input_tokens=0, output_tokens=550),
        SONNET,
        ((3, "3e-6"), (12_304, "3.75e-6"), (550, "15e-6")),
        "0.054399",
    ),
    Case(
        "litellm 11364: of a prompt that includes reads and writes, the rest alone costs the input price",
        litellm(
            98_805,
            5_120,
            prompt_tokens_details={"cached_tokens": 66_360, "cache_creation_tokens": 32_435},
            cache_read_input_tokens=66_360,
            cache_creation_input_tokens=32_435,
            completion_tokens_details={"reasoning_tokens": 1_710},
        ),
        OPUS_EU,
        ((10, "5.5e-6"), (66_360, "5.5e-7"), (32_435, "6.875e-6"), (5_120, "2.75e-5")),
        "0.400343625",
    ),
    Case(
        "litellm 5443: cache reads are billed at all, at their own price",
        anthropic(input_tokens=20, cache_read_input_tokens=5_000, cache_creation_input_tokens=0, output_tokens=100),
        SONNET,
        ((20, "3e-6"), (5_000, "3e-7"), (100, "15e-6")),
        "0.00306",
    ),
    Case(
        "litellm 6575 and 31282: 100 fresh, 700 written and 200 read tokens are 1,000 and not 1,900",
        litellm(
            1_000,
            50,
            prompt_tokens_details={"cached_tokens": 200},
            cache_read_input_tokens=200,
            cache_creation_input_tokens=700,
        ),
        SONNET,
        ((100, "3e-6"), (700, "3.75e-6"), (200, "3e-7"), (50, "15e-6")),
        "0.003735",
    ),
    Case(
        "litellm 40016: a price of one's own does not bill cache reads twice",
        litellm(1_000, 10, prompt_tokens_details={"cached_tokens": 900}, cache_read_input_tokens=900),
        {"input_cost_per_token": 2e-6, "output_cost_per_token": 8e-6, "cache_read_input_token_cost": 5e-7},
        ((100, "2e-6"), (900, "5e-7"), (10, "8e-6")),
        "0.00073",
    ),
    Case(
        "litellm: only written as the details of the prompt, a cache write counts all the same",
        litellm(1_000, 0, prompt_tokens_details={"cached_tokens": 0, "cache_creation_tokens": 800}),
        SONNET,
        ((200, "3e-6"), (800, "3.75e-6")),
        "0.0036",
    ),
    Case(
        "litellm 15945: OpenAI's prompt includes what was cached",
        openai(prompt_tokens=9_126, completion_tokens=3_197, prompt_tokens_details={"cached_tokens": 4_864}),
        GPT_5,
        ((4_262, "1.25e-6"), (4_864, "1.25e-7"), (3_197, "1e-5")),
        "0.0379055",
    ),
    Case(
        "litellm 14849: Gemini's cache hits are in its prompt, and a long prompt raises every class",
        gemini(promptTokenCount=262_960, cachedContentTokenCount=257_955, candidatesTokenCount=1_744),
        GEMINI_PRO,
        ((5_005, "2.5e-6"), (257_955, "2.5e-7"), (1_744, "1.5e-5")),
        "0.10316125",
    ),
    Case(
        "langfuse 4590: cached tokens have a price of their own",
        langchain(input_tokens=62_394, output_tokens=214, input_token_details={"cache_read": 60_024}),
        GPT_4O,
        ((2_370, "2.5e-6"), (60_024, "1.25e-6"), (214, "1e-5")),
        "0.083095",
    ),
    Case(
        "langfuse 8559: what is logged beside the input is not taken off it",
        langfuse(input=86, input_cached_tokens=17_817, output=300),
        GPT_4O,
        ((86, "2.5e-6"), (17_817, "1.25e-6"), (300, "1e-5")),
        "0.02548625",
    ),
    Case(
        "langfuse 17148: cache reads under LangChain's name cost money",
        langfuse(input=1_000, input_cache_read=50_000, output=200),
        GEMINI_PRO,
        ((1_000, "1.25e-6"), (50_000, "1.25e-7"), (200, "1e-5")),
        "0.0095",
    ),
    Case(
        "langfuse: cache writes and reasoning under LangChain's names",
        langfuse(input=10, input_cache_creation=1_000, output=100, output_reasoning=400),
        SONNET,
        ((10, "3e-6"), (1_000, "3.75e-6"), (500, "15e-6")),
        "0.01128",
    ),
    Case(
        "langfuse 8482: at 200,000 tokens the usual price holds",
        anthropic(input_tokens=200_000, output_tokens=1_000),
        SONNET_1M,
        ((200_000, "3e-6"), (1_000, "15e-6")),
        "0.615",
    ),
    Case(
        "langfuse 8482: one more, and the whole request is dearer, its output too",
        anthropic(input_tokens=200_001, output_tokens=1_000),
        SONNET_1M,
        ((200_001, "6e-6"), (1_000, "22.5e-6")),
        "1.222506",
    ),
    Case(
        "a tier looks at the whole prompt, what was read and written included",
        anthropic(input_tokens=1, cache_read_input_tokens=150_000, cache_creation_input_tokens=50_000, output_tokens=0),
        SONNET_1M,
        ((1, "6e-6"), (150_000, "6e-7"), (50_000, "7.5e-6")),
        "0.465006",
    ),
    Case(
        "a list of tiers: up to the end of a range",
        openai(prompt_tokens=256_000, completion_tokens=100),
        QWEN,
        ((256_000, "5e-7"), (100, "1e-6")),
        "0.1281",
    ),
    Case(
        "a list of tiers: behind it",
        openai(prompt_tokens=256_001, completion_tokens=100),
        QWEN,
        ((256_001, "2e-6"), (100, "6e-6")),
        "0.512602",
    ),
    Case(
        "reasoning is inside the completion, and may have its own price",
        openai(prompt_tokens=100, completion_tokens=1_000, completion_tokens_details={"reasoning_tokens": 800}),
        THINKER,
        ((100, "1e-6"), (200, "4e-6"), (800, "6e-6")),
        "0.0057",
    ),
    Case(
        "OpenAI's Responses: cached within input, reasoning within output",
        openai(
            input_tokens=1_000,
            input_tokens_details={"cached_tokens": 400},
            output_tokens=300,
            output_tokens_details={"reasoning_tokens": 200},
        ),
        GPT_5,
        ((600, "1.25e-6"), (400, "1.25e-7"), (300, "1e-5")),
        "0.0038",
    ),
    Case(
        "langfuse 16321: Gemini's thoughts are beside its output, at the output's price",
        gemini(promptTokenCount=50, candidatesTokenCount=100, thoughtsTokenCount=900),
        FLASH,
        ((50, "3e-7"), (1_000, "2.5e-6")),
        "0.002515",
    ),
    *(
        Case(
            f"service tier {tier!r}",
            openai(prompt_tokens=10_000, completion_tokens=1_000, prompt_tokens_details={"cached_tokens": 4_000})
            | {"service_tier": tier},
            GPT_5,
            ((6_000, fresh), (4_000, cached), (1_000, generated)),
            total,
        )
        for tier, fresh, cached, generated, total in (
            ("flex", "6.25e-7", "6.25e-8", "5e-6", "0.009"),
            ("batch", "6.25e-7", "6.25e-8", "5e-6", "0.009"),
            ("Priority", "2.5e-6", "2.5e-7", "2e-5", "0.036"),
            ("default", "1.25e-6", "1.25e-7", "1e-5", "0.018"),
            ("scale", "1.25e-6", "1.25e-7", "1e-5", "0.018"),
        )
    ),
    Case(
        "a service tier that the model has no price for is billed as usual",
        openai(prompt_tokens=1_000, completion_tokens=10) | {"service_tier": "priority"},
        GPT_4O,
        ((1_000, "2.5e-6"), (10, "1e-5")),
        "0.0026",
    ),
    Case(
        "a long prompt of a service tier has a price of its own",
        gemini(promptTokenCount=300_000, candidatesTokenCount=1_000) | {"service_tier": "priority"},
        GEMINI_PRO,
        ((300_000, "4.5e-6"), (1_000, "2.7e-5")),
        "1.377",
    ),
    Case(
        "and where the list has none, the long prompt's",
        gemini(promptTokenCount=300_000, candidatesTokenCount=1_000) | {"service_tier": "flex"},
        GEMINI_PRO,
        ((300_000, "2.5e-6"), (1_000, "1.5e-5")),
        "0.765",
    ),
    Case(
        "cache writes that are kept for an hour are dearer than those of five minutes",
        anthropic(
            input_tokens=10,
            cache_creation_input_tokens=1_000,
            cache_read_input_tokens=0,
            cache_creation={"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 600},
            output_tokens=100,
        ),
        OPUS_EU,
        ((10, "5.5e-6"), (400, "6.875e-6"), (600, "1.1e-5"), (100, "2.75e-5")),
        "0.012155",
    ),
    Case(
        "Bedrock's Converse counts reads and writes beside its input",
        bedrock(inputTokens=10, cacheReadInputTokens=5_000, cacheWriteInputTokens=1_000, outputTokens=20),
        SONNET,
        ((10, "3e-6"), (5_000, "3e-7"), (1_000, "3.75e-6"), (20, "15e-6")),
        "0.00558",
    ),
    Case(
        "more cached than there was prompt: nothing is billed negatively",
        openai(prompt_tokens=100, completion_tokens=10, prompt_tokens_details={"cached_tokens": 150}),
        GPT_4O,
        ((150, "1.25e-6"), (10, "1e-5")),
        "0.0002875",
    ),
    Case(
        "without a price of their own, cached tokens cost what the prompt does, and not nothing",
        openai(prompt_tokens=1_000, completion_tokens=0, prompt_tokens_details={"cached_tokens": 400}),
        FLASH,
        ((1_000, "3e-7"),),
        "0.0003",
    ),
    Case(
        "a price list may say that cached tokens are free",
        openai(prompt_tokens=1_000, completion_tokens=0, prompt_tokens_details={"cached_tokens": 400}),
        FLASH | {"cache_read_input_token_cost": 0.0},
        ((600, "3e-7"),),
        "0.00018",
    ),
    Case(
        "an embedding has no output to price",
        openai(prompt_tokens=1_000, completion_tokens=0),
        {"input_cost_per_token": 2e-8},
        ((1_000, "2e-8"),),
        "0.00002",
    ),
    Case(
        "output without a price is not free",
        openai(prompt_tokens=1_000, completion_tokens=10),
        {"input_cost_per_token": 5e-6, "output_cost_per_image": 0.04},
        None,
    ),
    Case(
        "tokens that are free because queries are paid for have no known cost",
        openai(prompt_tokens=1_000, completion_tokens=0),
        {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0, "input_cost_per_query": 0.002},
        None,
    ),
    Case(
        "a model that is free costs nothing",
        openai(prompt_tokens=1_000, completion_tokens=10),
        {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0},
        ((1_010, "0"),),
        "0",
    ),
)

Cost = tuple[float | None, str]


@pytest.fixture
def cost_of(database: Database, clock: ManualClock, tmp_path: Path) -> Callable[[Case], Cost]:
    """Take a log of one record in, with no word said about its format, and look its cost up."""

    def cost(case: Case) -> Cost:
        listed, log = tmp_path / "prices.json", tmp_path / "gateway.jsonl"
        listed.write_text(json.dumps({"m": case.prices}))
        log.write_text(json.dumps(case.record) + "\n")
        follower = Follower(means_of(database, clock, PriceBook([read_prices(listed, date(2026, 1, 1))])))
        (source,) = follower.attach(Wish((str(log),), follow=False)).sources
        while source.is_active:
            follower.step()
        assert source.state == "done", source.error
        ((usd, origin),) = rows(database.writer, "SELECT cost_usd, cost_source FROM requests")
        return usd, origin

    return cost


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_the_stored_cost_is_the_bill(case: Case, cost_of: Callable[[Case], Cost]) -> None:
    usd, origin = cost_of(case)
    if case.bill is None:
        assert (usd, origin) == (None, "unknown")
        return
    total = sum((n * Decimal(rate) for n, rate in case.bill), Decimal(0))
    assert total == Decimal(case.total), "the bill itself is added up wrongly"
    assert origin == "priced"
    assert usd is not None
    assert abs(Decimal(usd) - total) <= Decimal("1e-9")

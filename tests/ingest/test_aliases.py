"""Names, units and outcome words."""

from __future__ import annotations

import pytest

from opsconsole.ingest.aliases import (
    ALIASES,
    DURATION_SUFFIXES,
    OUTCOME_WORDS,
    TIME_SUFFIXES,
    fold,
    split_unit,
    words_of,
)
from opsconsole.ingest.mapping import DURATION_UNITS, TIME_UNITS
from opsconsole.records import MAPPABLE


def test_every_column_that_can_be_mapped_has_names() -> None:
    assert set(ALIASES) == set(MAPPABLE)
    for names in ALIASES.values():
        assert len({*names}) == len(names)


def test_spelling_makes_no_difference() -> None:
    assert {fold(name) for name in ("prompt_tokens", "promptTokens", "Prompt.Tokens", "PROMPT-TOKENS")} == {
        "prompttokens"
    }
    assert words_of("checkpointModel_version-ID") == ("checkpoint", "model", "version", "id")


@pytest.mark.parametrize(
    ("name", "base", "unit"),
    [
        ("latency_ms", "latency", "ms"),
        ("latencyMs", "latency", "ms"),
        ("exec_time_seconds", "exectime", "s"),
        ("duration_s", "duration", "s"),
        ("elapsed-sec", "elapsed", "s"),
        ("took_micros", "took", "us"),
        ("duration.nanos", "duration", "ns"),
        ("run_time_min", "runtime", "min"),
        ("gen_ai.response.time_to_first_chunk", "genairesponsetimetofirstchunk", "s"),
        ("latency", "latency", ""),
        ("ms", "ms", ""),
    ],
)
def test_a_duration_has_the_unit_that_its_name_says(name: str, base: str, unit: str) -> None:
    assert split_unit(name, DURATION_SUFFIXES) == (base, unit)


@pytest.mark.parametrize(
    ("name", "base", "unit"),
    [
        ("startTimeUnixNano", "starttime", "ns"),
        ("ts_ms", "ts", "ms"),
        ("timestamp_epoch_s", "timestamp", "s"),
        ("created_unix_ms", "created", "ms"),
        ("timestamp", "timestamp", ""),
    ],
)
def test_a_time_has_the_unit_that_its_name_says(name: str, base: str, unit: str) -> None:
    assert split_unit(name, TIME_SUFFIXES) == (base, unit)


def test_units_and_outcomes_are_ones_that_a_mapping_can_hold() -> None:
    assert set(DURATION_SUFFIXES.values()) <= set(DURATION_UNITS)
    assert set(TIME_SUFFIXES.values()) <= set(TIME_UNITS)
    assert set(OUTCOME_WORDS.values()) == {102, 200, 500}
    assert all(word == word.lower() for word in OUTCOME_WORDS)
    assert (OUTCOME_WORDS["succeed"], OUTCOME_WORDS["timeout"], OUTCOME_WORDS["processing"]) == (200, 500, 102)

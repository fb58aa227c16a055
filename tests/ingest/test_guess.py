"""Which field is which column, and what becomes of the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from opsconsole.errors import InputError, UsageError
from opsconsole.ingest.aliases import ALIASES
from opsconsole.ingest.guess import guess, stem_of
from opsconsole.ingest.mapping import DURATION_UNITS, TIME_UNITS, Mapping, Rule
from opsconsole.ingest.mapping_yaml import from_yaml, to_yaml
from opsconsole.ingest.sniff import Sample, flatten, sniff
from opsconsole.records import DURATION_COLUMNS, MAPPABLE

NOW = "2025-10-09T08:53:20.020Z"


def sample_of(*records: dict[str, Any]) -> Sample:
    nested: dict[str, str] = {}
    return Sample("jsonl", tuple(flatten(record, nested) for record in records), nested=nested)


def mapped(*records: dict[str, Any], overrides: tuple[str, ...] = ()) -> Mapping:
    return guess(sample_of(*records), overrides, path="chat.jsonl")


def paths_of(mapping: Mapping) -> dict[str, str]:
    return {column: rules[0].path for column, rules in mapping.columns.items() if rules[0].path}


def notes_of(mapping: Mapping) -> str:
    return "\n".join(mapping.notes)


LINE: dict[str, Any] = orjson.loads(
    b'{"ts":"2025-10-09T08:53:20.020Z","level":"INFO","service":"llm-gateway","request_id":"req-8f21",'
    b'"trace_id":"b38a","model":"llama-3-70b-prod","version":"v1","region":"ap-south-1",'
    b'"route":"/v1/chat/completions","status":200,"latency_ms":139.6,"ttft_ms":51.7,"queue_ms":10.88,'
    b'"prompt_tokens":351,"completion_tokens":55,"cost_usd":0.000258,"finish_reason":"stop","user":"u04827",'
    b'"msg":"request completed"}'
)


def test_a_gateway_line_is_understood_whole() -> None:
    mapping = mapped(*[{**LINE, "trace_id": f"b38a{n:04}"} for n in range(100)])
    assert paths_of(mapping) == {
        "ts": "ts", "request_id": "request_id", "service": "service", "model": "model", "version": "version",
        "route": "route", "region": "region", "status": "status", "latency_ms": "latency_ms", "ttft_ms": "ttft_ms",
        "queue_ms": "queue_ms", "input_tokens": "prompt_tokens", "output_tokens": "completion_tokens",
        "cost_usd": "cost_usd", "user_key": "user", "finish_reason": "finish_reason",
    }  # fmt: skip
    assert mapping.features == {"level": "categorical", "msg": "categorical"}
    assert mapping.left_out == {"trace_id": "identifier"}
    assert mapping.notes == ()


def test_the_real_image_trace_is_understood(shared: Path) -> None:
    path = shared / "data/gentd26/lora_request_trace.csv"
    mapping = guess(sniff(path), path=path)
    assert paths_of(mapping) == {
        "ts": "gmt_create", "version": "checkpoint_model_version_id", "status": "predict_status",
        "latency_ms": "exec_time_seconds", "user_key": "groupId",
    }  # fmt: skip
    assert mapping.columns["latency_ms"][0].unit == "s"
    words = mapping.columns["status"][0].words
    assert (words["succeed"], words["failed"], words["pending"], words["processing"]) == (200, 500, 102, 102)
    assert mapping.columns["service"] == (Rule(value="lora_request_trace"),)
    assert mapping.features == {
        "predict_type": "categorical", "prompt_length": "numeric", "negative_prompt_length": "numeric",
        "num_images_per_prompt": "numeric", "num_inference_steps": "numeric", "num_lora": "numeric",
    }  # fmt: skip
    assert "Not logged: ttft, tokens, cost, model." in mapping.notes


@pytest.mark.parametrize("which", ["code", "conv"])
def test_the_real_llm_traces_have_tokens_and_say_what_they_lack(shared: Path, which: str) -> None:
    path = shared / f"data/azure_llm/AzureLLMInferenceTrace_{which}.csv"
    mapping = guess(sniff(path), path=path)
    assert paths_of(mapping) == {"ts": "TIMESTAMP", "input_tokens": "ContextTokens", "output_tokens": "GeneratedTokens"}
    assert mapping.columns["ts"][0].unit == "iso8601"
    assert "Not logged: latency, ttft, status, cost, model, version." in mapping.notes
    assert "TIMESTAMP names no zone: taken as UTC." in mapping.notes


def test_engine_gauges_are_refused_with_the_flag_that_would_help(shared: Path) -> None:
    path = shared / "data/vllm_logs/vllm_log_scale100_prompt500.csv"
    with pytest.raises(InputError) as refused:
        guess(sniff(path), path=path)
    assert "ts" in refused.value.message
    assert "--column ts=timestamp:s" in refused.value.remedy
    assert "num_running" in refused.value.remedy


def test_logged_predictions_become_features_of_a_service(shared: Path) -> None:
    path = shared / "samples/bentoml/monitor_data.1.log"
    mapping = guess(sniff(path), path=path, service="fraud")
    assert paths_of(mapping) == {"ts": "timestamp", "request_id": "request_id"}
    assert mapping.columns["service"] == (Rule(value="fraud"),)
    assert mapping.features == {"amount": "numeric", "country": "categorical", "score": "numeric"}
    assert "are these requests?" in notes_of(mapping)


@pytest.mark.parametrize("name", ["azureml", "databricks", "vertex"])
def test_captured_api_calls_are_refused_politely(shared: Path, name: str) -> None:
    path = shared / "samples" / name / "sdk_wire.jsonl"
    with pytest.raises(InputError, match="no field says when a request started"):
        guess(sniff(path), path=path)


# Units ------------------------------------------------------------------------------------------------------------


@given(st.floats(1e-6, 1e12), st.sampled_from(["latency", "duration", "response_time", "took"]))
def test_a_unit_is_never_guessed_from_magnitude(value: float, name: str) -> None:
    mapping = mapped({"ts": NOW, name: value})
    assert "latency_ms" not in mapping.columns
    assert mapping.left_out[name] == "a duration without a unit"
    assert f"--column latency_ms={name}:s" in notes_of(mapping)


@given(st.integers(0, 10**19))
def test_a_bare_number_is_no_time(value: int) -> None:
    with pytest.raises(InputError) as refused:
        mapped({"ts": value, "n": 1})
    assert "--column ts=ts:s" in refused.value.remedy


def test_a_named_unit_is_believed() -> None:
    mapping = mapped({"timestamp_ms": 1_760_000_000_000, "durationMs": "12.5", "queue_time_us": 7})
    assert mapping.columns["ts"] == (Rule(path="timestamp_ms", unit="ms"),)
    assert mapping.columns["latency_ms"] == (Rule(path="durationMs", unit="ms"),)
    assert mapping.columns["queue_ms"] == (Rule(path="queue_time_us", unit="us"),)


def test_latency_is_end_minus_start_where_no_duration_is_logged() -> None:
    mapping = mapped({"start_time": NOW, "end_time": "2025-10-09T08:53:21Z"})
    assert mapping.columns["latency_ms"] == (Rule(path="end_time", minus="start_time", unit="iso8601"),)
    assert "Latency is end_time − start_time." in mapping.notes


def test_the_only_time_is_taken_whatever_its_name() -> None:
    mapping = mapped({"arrived": NOW, "n": 1})
    assert mapping.columns["ts"] == (Rule(path="arrived", unit="iso8601"),)
    with pytest.raises(InputError) as refused:
        mapped({"arrived": NOW, "left": NOW})
    assert "arrived, left hold times" in refused.value.remedy


# Columns ----------------------------------------------------------------------------------------------------------


def test_nested_and_dotted_names_are_found() -> None:
    mapping = mapped(
        {
            "event": {"timestamp": NOW},
            "gen_ai.usage.input_tokens": 5,
            "attributes": {"gen_ai.usage.output_tokens": 7, "gen_ai.response.time_to_first_chunk": 0.3},
            "metadata": {"user_id": "u1", "model_version": "v2"},
            "usage": {"prompt_tokens_details": {"cached_tokens": 1}},
        }
    )
    assert paths_of(mapping) == {
        "ts": "event.timestamp", "version": "metadata.model_version",
        "ttft_ms": "attributes.gen_ai.response.time_to_first_chunk", "input_tokens": "gen_ai.usage.input_tokens",
        "output_tokens": "attributes.gen_ai.usage.output_tokens",
        "cached_tokens": "usage.prompt_tokens_details.cached_tokens", "user_key": "metadata.user_id",
    }  # fmt: skip
    assert mapping.columns["ttft_ms"][0].unit == "s"


@pytest.mark.parametrize(
    ("name", "values", "good", "bad"),
    [
        ("status", ["SUCCESS", "Timed Out"], "success", "timed out"),
        ("success", [True, False], "true", "false"),
        ("is_error", [False, True], "false", "true"),
        ("ok", ["true", "false"], "true", "false"),
    ],
)
def test_outcomes_in_words_become_numbers(name: str, values: list[Any], good: str, bad: str) -> None:
    words = mapped(*({"ts": NOW, name: value} for value in values)).columns["status"][0].words
    assert (words[good], words[bad]) == (200, 500)


def test_words_outside_the_table_are_named() -> None:
    mapping = mapped(*({"ts": NOW, "status": word} for word in ("ok", "failed", "shadowed")))
    assert "status also says shadowed: of these requests the outcome stays unknown." in mapping.notes
    assert "shadowed" not in mapping.columns["status"][0].words


def test_a_number_that_is_no_status_is_a_feature() -> None:
    mapping = mapped(*({"ts": NOW, "state": number} for number in (1, 2, 2, 3)))
    assert "status" not in mapping.columns
    assert mapping.features["state"] == "numeric"


def test_confidence_is_a_share_that_says_so() -> None:
    assert "confidence" in mapped({"ts": NOW, "probability": 0.7}).columns
    assert "confidence" not in mapped({"ts": NOW, "probability": 70}).columns
    assert mapped({"ts": NOW, "score": 0.7}).features == {"score": "numeric"}


def test_names_of_keys_stay_plain_and_keys_do_not() -> None:
    assert mapped({"ts": NOW, "key_alias": "search"}).columns["api_key_id"] == (Rule(path="key_alias", plain=True),)
    assert mapped({"ts": NOW, "api_key": "sk-12345"}).columns["api_key_id"] == (Rule(path="api_key"),)


def test_anthropic_counts_without_its_cache() -> None:
    usage = {"input_tokens": 3, "cache_read_input_tokens": 900, "output_tokens": 5}
    assert not mapped({"ts": NOW, "usage": usage}).input_includes_cached
    assert mapped({"ts": NOW, "usage": {"prompt_tokens": 903, "cache_read_input_tokens": 900}}).input_includes_cached


def test_a_name_that_never_comes_again_is_no_key_of_a_series() -> None:
    mapping = mapped(*({"ts": NOW, "version": f"build-{n}"} for n in range(50)))
    assert "version" not in mapping.columns
    assert "version" in mapping.left_out


# The rest ---------------------------------------------------------------------------------------------------------

LEFT_OUT = {
    "prompt": ("What is the weather?", "content"),
    "messages": ("hi", "content"),
    "authorization": ("Bearer x", "secret"),
    "x_password": ("x", "secret"),
    "client_ip": ("10.0.0.1", "personal data"),
    "contact": ("someone@example.com", "personal data"),
    "peer": ("192.168.1.20:8080", "personal data"),
    "span_id": ("b7ad6b7169203331", "identifier"),
    "finished": ("2025-10-09T08:53:21Z", "another time"),
    "callback": ("https://example.com/hook?id=1", "a URL may hold keys and ids"),
    "reasoning_trace": ("word " * 30, "free text"),
    "blob": ('{"a": 1}', "nested in text"),
    "nothing": (None, "no value in the sample"),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_must_not_be_stored_is_left_out_with_a_reason(name: str) -> None:
    value, why = LEFT_OUT[name]
    assert mapped({"ts": NOW, name: value}).left_out == {name: why}


def test_numbers_categories_and_identifiers_are_told_apart() -> None:
    records = [
        {
            "ts": NOW, "temperature": n % 11 / 10, "stream": n % 2 == 0, "tier": "ab"[n % 2], "seq_no": n,
            "session": f"s{n}", "shard_id": n % 4, "city": f"city {n % 60}",
        }
        for n in range(200)
    ]  # fmt: skip
    mapping = mapped(*records)
    assert mapping.features == {
        "temperature": "numeric", "stream": "categorical", "tier": "categorical", "shard_id": "categorical",
    }  # fmt: skip
    assert mapping.left_out == {
        "seq_no": "identifier",
        "session": "identifier: nearly every value is different",
        "city": "too many different values",
    }


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=80)
)
KNOWN_NAMES = st.sampled_from([name for names in ALIASES.values() for name in names])
FIELDS = st.dictionaries(
    KNOWN_NAMES
    | st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8).filter(
        lambda name: '"' not in name
    ),
    SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(KNOWN_NAMES, SCALARS, max_size=3),
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@example([{"timestamp": False}, {"timestamp": []}])
@given(st.lists(FIELDS, min_size=1, max_size=6))
def test_every_field_ends_up_exactly_once(records: list[dict[str, Any]]) -> None:
    sample = sample_of(*({**record, "ts": NOW} for record in records))
    mapping = guess(sample)
    sources = {path for path in mapping.paths() if path not in mapping.features}
    fields = {*sample.paths(), *sample.nested}
    assert sources | set(mapping.features) | set(mapping.left_out) == fields
    assert not sources & set(mapping.left_out)
    assert not set(mapping.features) & set(mapping.left_out)
    assert set(mapping.columns) <= set(MAPPABLE)
    for column in (*DURATION_COLUMNS, "ts"):
        for rule in mapping.columns.get(column, ()):
            assert rule.unit in (*TIME_UNITS, *DURATION_UNITS)
    assert from_yaml(to_yaml(mapping)) == mapping


# Overrides --------------------------------------------------------------------------------------------------------


def test_an_override_is_stronger_than_a_guess_and_frees_the_field() -> None:
    mapping = mapped(
        {"ts": NOW, "model": "a", "engine_build": "b", "lat": 1.5}, overrides=("model=engine_build", "latency_ms=lat:s")
    )
    assert mapping.columns["model"] == (Rule(path="engine_build"),)
    assert mapping.columns["latency_ms"] == (Rule(path="lat", unit="s"),)
    assert mapping.features == {"model": "categorical"}


def test_overrides_name_times_outcomes_and_fallbacks() -> None:
    record = {"when": 1_760_000_000, "how": "OK", "a": "x", "b": "y", "n:ms": 3}
    mapping = mapped(record, overrides=("ts=when:s", "status=how", "model=a", "model=b", "queue_ms=n:ms"))
    assert mapping.columns["ts"] == (Rule(path="when", unit="s"),)
    assert mapping.columns["status"][0].words["ok"] == 200
    assert [rule.path for rule in mapping.columns["model"]] == ["a", "b"]
    assert mapping.columns["queue_ms"] == (Rule(path="n:ms", unit="ms"),)


@pytest.mark.parametrize(
    ("override", "message", "remedy"),
    [
        ("latency=took:s", "there is no column latency", "Did you mean latency_ms?"),
        ("latency_ms=tok:s", "the log has no field tok", "Did you mean took?"),
        ("latency_ms=took:h", "h is no unit of latency_ms", "s, ms, us, ns, min"),
        ("latency_ms=took", "took holds numbers without a unit", "latency_ms=took:s"),
        ("latency_ms", "names no field", "column=field:unit"),
    ],
)
def test_an_override_that_cannot_be_meant_is_refused(override: str, message: str, remedy: str) -> None:
    with pytest.raises(UsageError) as refused:
        mapped({"ts": NOW, "took": 3}, overrides=(override,))
    assert message in refused.value.message
    assert remedy in refused.value.remedy


@pytest.mark.parametrize(
    "name",
    [
        "chat.jsonl",
        "chat.jsonl.gz",
        "chat.csv.1",
        "chat-20240101.jsonl.zst",
        "chat.log.2024-01-01",
        "chat.log-20240101-12",
    ],
)
def test_a_service_is_called_after_its_file(name: str) -> None:
    assert stem_of(f"/var/log/{name}") == "chat"

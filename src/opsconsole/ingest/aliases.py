"""What fields are usually called: names, units and outcome words, as tables.

Always true here: a unit is read from a name (``latency_ms``, ``startTimeUnixNano``) or fixed by a published
convention (``gen_ai.response.time_to_first_chunk`` is in seconds), never from how large a number is. Names are
compared folded: case, ``_``, ``-``, ``.``, ``@`` and camelCase make no difference.
"""

from __future__ import annotations

import re

from opsconsole.records import FAILED_STATUS, PENDING_STATUS, SUCCEEDED_STATUS

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def words_of(name: str) -> tuple[str, ...]:
    """``checkpointModel_version-ID`` → ``("checkpoint", "model", "version", "id")``."""
    return tuple(word.lower() for word in _WORDS.findall(name))


def fold(name: str) -> str:
    """``Prompt_Tokens``, ``promptTokens`` and ``prompt.tokens`` → ``prompttokens``."""
    return "".join(character for character in name.lower() if character.isalnum())


WRAPPERS = frozenset(
    fold(name)
    for name in (
        "attributes", "body", "context", "data", "details", "event", "event_metadata", "extra", "fields", "info",
        "json", "jsonPayload", "labels", "log", "meta", "metadata", "metrics", "payload", "properties", "record",
        "request", "resource", "response", "result", "stats", "tags", "timing", "timings", "usage", "usageMetadata",
    )
)  # fmt: skip
"""Objects that only hold fields together: ``metadata.user_id`` is a ``user_id``."""

ALIASES: dict[str, tuple[str, ...]] = {
    "ts": (
        "ts", "timestamp", "time", "@timestamp", "event_time", "event_timestamp", "start_time", "started_at", "start",
        "request_time", "request_timestamp", "received_at", "gmt_create", "datetime", "date_time", "asctime",
        "time_iso8601", "created_at", "created", "create_time", "inference_time", "logged_at", "log_time", "date",
        "epoch",
    ),
    "request_id": (
        "request_id", "req_id", "x_request_id", "call_id", "litellm_call_id", "inference_id", "prediction_id",
        "invocation_id", "event_id", "gen_ai.request.id", "gen_ai.response.id", "response_id", "uuid", "id",
    ),
    "service": ("service", "service_name", "app", "app_name", "application", "application_name", "deployment_name"),
    "provider": (
        "provider", "gen_ai.provider.name", "gen_ai.system", "llm_provider", "custom_llm_provider", "provider_name",
        "vendor",
    ),
    "model": (
        "model", "model_name", "gen_ai.response.model", "gen_ai.request.model", "response_model", "request_model",
        "model_id", "llm_model", "deployment", "engine",
    ),
    "version": (
        "version", "model_version", "model_version_id", "checkpoint_model_version_id", "checkpoint_version",
        "deployment_version", "service_version", "release", "revision", "model_revision", "checkpoint", "variant",
    ),
    "route": (
        "route", "path", "endpoint", "uri", "url_path", "http.route", "http.target", "operation", "operation_name",
        "gen_ai.operation.name", "call_type",
    ),
    "region": (
        "region", "aws_region", "cloud_region", "cloud.region", "zone", "availability_zone", "datacenter",
        "data_center", "dc", "location",
    ),
    "status": (
        "status", "status_code", "http_status", "http_status_code", "http.response.status_code", "response_code",
        "response_status", "request_status", "predict_status", "outcome", "result", "state", "code", "success",
        "successful", "succeeded", "ok", "is_error", "failed", "error",
    ),
    "error_type": (
        "error_type", "error.type", "error_class", "error_code", "exception_type", "exception_class", "exception",
        "error_name", "failure_reason", "error_kind", "error",
    ),
    "latency_ms": (
        "latency", "e2e_latency", "total_latency", "request_latency", "response_latency", "end_to_end_latency",
        "gen_ai.latency.e2e", "gen_ai.client.operation.duration", "gen_ai.server.request.duration", "duration",
        "request_duration", "total_duration", "response_time", "request_time", "elapsed", "elapsed_time", "exec_time",
        "execution_time", "execution_duration", "total_time", "inference_time", "inference_latency", "model_latency",
        "processing_time", "predict_time", "prediction_time", "serving_time", "run_time", "wall_time", "took",
    ),
    "ttft_ms": (
        "ttft", "time_to_first_token", "time_to_first_chunk", "time_to_first_byte", "ttfb", "first_token_latency",
        "first_token_time", "first_chunk_time", "gen_ai.response.time_to_first_chunk",
        "gen_ai.latency.time_to_first_token", "gen_ai.server.time_to_first_token",
    ),
    "queue_ms": (
        "queue", "queue_time", "queue_duration", "queue_latency", "queueing_time", "queued_time", "time_in_queue",
        "wait", "wait_time", "waiting_time", "gen_ai.latency.time_in_queue",
    ),
    "input_tokens": (
        "input_tokens", "prompt_tokens", "usage.input_tokens", "usage.prompt_tokens", "gen_ai.usage.input_tokens",
        "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens", "context_tokens", "prompt_token_count",
        "input_token_count", "num_prompt_tokens", "num_input_tokens", "n_prompt_tokens", "n_input_tokens",
        "request_tokens", "tokens_in", "tokens_input", "tokens_prompt", "in_tokens",
    ),
    "output_tokens": (
        "output_tokens", "completion_tokens", "usage.output_tokens", "usage.completion_tokens",
        "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.usage.completion_tokens",
        "generated_tokens", "generation_tokens", "completion_token_count", "candidates_token_count",
        "output_token_count", "num_completion_tokens", "num_output_tokens", "num_generated_tokens",
        "n_completion_tokens", "n_output_tokens", "response_tokens", "tokens_out", "tokens_output",
        "tokens_completion", "out_tokens",
    ),
    "cached_tokens": (
        "cached_tokens", "cache_read_tokens", "cache_read_input_tokens", "cached_input_tokens",
        "prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens", "cached_content_token_count",
        "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens",
        "input_token_details.cache_read",
    ),
    "cache_write_tokens": (
        "cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens", "cache_write_input_tokens",
        "gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens",
        "prompt_tokens_details.cache_creation_tokens", "input_token_details.cache_creation",
    ),
    "reasoning_tokens": (
        "reasoning_tokens", "completion_tokens_details.reasoning_tokens", "output_tokens_details.reasoning_tokens",
        "gen_ai.usage.reasoning.output_tokens", "thoughts_token_count", "thinking_tokens",
        "output_token_details.reasoning",
    ),
    "cost_usd": (
        "cost_usd", "usd", "cost", "total_cost", "total_cost_usd", "response_cost", "request_cost", "spend",
        "price_usd",
    ),
    "cache_hit": ("cache_hit", "from_cache", "is_cached", "served_from_cache", "cached"),
    "user_key": (
        "user", "user_id", "user_key", "user_name", "end_user", "end_user_id", "tenant", "tenant_id", "customer",
        "customer_id", "account", "account_id", "client_id", "organization", "organization_id", "org", "org_id",
        "group_id", "team", "team_id", "workspace_id",
    ),
    "api_key_id": (
        "api_key_id", "key_id", "api_key_alias", "key_alias", "user_api_key_alias", "api_key_hash", "user_api_key_hash",
        "api_key",
    ),
    "finish_reason": (
        "finish_reason", "stop_reason", "finished_reason", "gen_ai.response.finish_reason", "completion_reason",
    ),
    "confidence": (
        "confidence", "confidence_score", "prediction_confidence", "probability", "prediction_probability",
        "predicted_probability", "y_pred_proba",
    ),
    "service_tier": ("service_tier", "gen_ai.openai.response.service_tier", "billing_tier"),
    "cache_write_1h_tokens": (
        "cache_write_1h_tokens", "cache_creation.ephemeral_1h_input_tokens", "ephemeral_1h_input_tokens",
        "cache_creation_token_details.ephemeral_1h_input_tokens",
    ),
    "prediction": ("prediction", "y_pred", "predicted", "predicted_label", "predicted_class", "prediction_label"),
}  # fmt: skip
"""Canonical column → the names that it goes by, the likeliest first; of times and durations without their unit."""

END_TIMES = (
    "end_time", "ended_at", "end", "finish_time", "finished_at", "completed_at", "completion_time", "gmt_finish",
)  # fmt: skip
"""When a request ended: with its start in the same unit this gives the latency where no duration is logged."""

PLAIN_KEYS = frozenset(
    fold(name) for name in ("api_key_id", "api_key_alias", "key_alias", "user_api_key_alias", "key_id")
)
"""Names of keys, no keys: kept as they are."""

TIME_SUFFIXES: dict[tuple[str, ...], str] = {
    ("unix", "nano"): "ns", ("epoch", "ns"): "ns", ("unix", "ns"): "ns", ("nanos",): "ns", ("nano",): "ns",
    ("nanoseconds",): "ns", ("ns",): "ns",
    ("epoch", "us"): "us", ("unix", "us"): "us", ("unix", "micro"): "us", ("micros",): "us", ("microseconds",): "us",
    ("us",): "us",
    ("epoch", "ms"): "ms", ("unix", "ms"): "ms", ("unix", "milli"): "ms", ("epoch", "millis"): "ms", ("millis",): "ms",
    ("milliseconds",): "ms", ("msecs",): "ms", ("msec",): "ms", ("ms",): "ms",
    ("epoch", "s"): "s", ("unix", "s"): "s", ("epoch", "sec"): "s", ("unix", "sec"): "s", ("epoch", "seconds"): "s",
    ("unix", "seconds"): "s", ("seconds",): "s", ("secs",): "s", ("sec",): "s", ("s",): "s",
}  # fmt: skip
DURATION_SUFFIXES: dict[tuple[str, ...], str] = {
    ("nanoseconds",): "ns", ("nanos",): "ns", ("nano",): "ns", ("nsec",): "ns", ("ns",): "ns",
    ("microseconds",): "us", ("micros",): "us", ("usec",): "us", ("us",): "us",
    ("milliseconds",): "ms", ("millisecond",): "ms", ("millis",): "ms", ("msecs",): "ms", ("msec",): "ms",
    ("ms",): "ms",
    ("seconds",): "s", ("second",): "s", ("secs",): "s", ("sec",): "s", ("s",): "s",
    ("minutes",): "min", ("mins",): "min", ("min",): "min",
}  # fmt: skip
"""Last words of a name → unit, the longer first."""

PUBLISHED_UNITS: dict[str, str] = {
    fold(name): "s"
    for name in (
        "gen_ai.latency.e2e", "gen_ai.latency.time_in_queue", "gen_ai.latency.time_to_first_token",
        "gen_ai.client.operation.duration", "gen_ai.server.request.duration", "gen_ai.server.time_to_first_token",
        "gen_ai.response.time_to_first_chunk",
    )
}  # fmt: skip
"""Names whose unit a convention fixes: OpenTelemetry's GenAI attributes and vLLM's spans are in seconds."""


def split_unit(name: str, suffixes: dict[tuple[str, ...], str]) -> tuple[str, str]:
    """A folded name without its unit, and the unit; ``""`` for a name that holds none.

    ``exec_time_seconds`` → ``("exectime", "s")``; ``startTimeUnixNano`` → ``("starttime", "ns")``.
    """
    words = words_of(name)
    for length in (2, 1):
        if len(words) > length and (unit := suffixes.get(words[-length:])):
            return "".join(words[:-length]), unit
    return fold(name), PUBLISHED_UNITS.get(fold(name), "")


OUTCOME_WORDS: dict[str, int] = {
    **dict.fromkeys(
        ("success", "successful", "succeed", "succeeded", "ok", "okay", "pass", "passed", "complete", "completed",
         "done", "finished"),
        SUCCEEDED_STATUS,
    ),
    **dict.fromkeys(
        ("fail", "failed", "failure", "error", "errored", "exception", "timeout", "timed_out", "cancelled", "canceled",
         "aborted", "abort", "rejected", "crashed", "killed", "expired"),
        FAILED_STATUS,
    ),
    **dict.fromkeys(
        ("pending", "processing", "queued", "queuing", "running", "in_progress", "waiting", "scheduled", "submitted",
         "started", "created"),
        PENDING_STATUS,
    ),
}  # fmt: skip
"""Outcome in words (lower case) → HTTP-like status."""
TRUE_IS_GOOD: dict[str, int] = {"true": SUCCEEDED_STATUS, "false": FAILED_STATUS}
TRUE_IS_BAD: dict[str, int] = {"true": FAILED_STATUS, "false": SUCCEEDED_STATUS}
FAILURE_FLAGS = frozenset(fold(name) for name in ("is_error", "failed", "error"))
"""Status names of which ``true`` means that it failed."""

CONTENT_NAMES = frozenset(
    fold(name)
    for name in (
        "answer", "body", "chat", "choices", "completion", "content", "context", "conversation", "data", "document",
        "error_message", "error_str", "gen_ai.completion", "gen_ai.input.messages", "gen_ai.output.messages",
        "gen_ai.prompt", "gen_ai.system_instructions", "input", "input_text", "instructions", "message", "messages",
        "negative_prompt", "output", "output_text", "payload", "prompt", "prompts", "query", "question", "raw_request",
        "raw_response", "reply", "request_body", "response", "response_body", "response_text", "stack_trace",
        "stacktrace", "system_prompt", "text", "traceback", "transcript",
    )
)  # fmt: skip
"""What people and models said to each other: never stored."""
SECRET_WORDS = frozenset(
    ("authorization", "auth", "bearer", "cookie", "cookies", "credential", "credentials", "jwt", "passwd", "password",
     "secret", "token", "apikey", "signature"),
)  # fmt: skip
SECRET_PAIRS = frozenset((("api", "key"), ("access", "key"), ("private", "key"), ("session", "key")))
PERSONAL_WORDS = frozenset(
    ("email", "mail", "phone", "mobile", "ip", "ipaddress", "ssn", "address", "addr", "firstname", "lastname",
     "surname", "birthday", "dob", "iban"),
)  # fmt: skip
IDENTIFIER_WORDS = frozenset(
    ("id", "ids", "uid", "uuid", "guid", "hash", "digest", "checksum", "sha", "sha256", "md5", "etag", "offset", "seq",
     "pid", "tid", "nonce"),
)  # fmt: skip
"""A name that ends in one of these names a thing, it does not measure one."""

"""The formats that are known by name: one row each, and the page that documents them.

Always true here: a format is recognised by the fields it must have, never by a file's name; its rules are data that a
mapping is made from; a row is here only if a test reads such a log. What no row knows is read by the aliases
(``generic``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from opsconsole.ingest.aliases import ALIASES, OUTCOME_WORDS
from opsconsole.ingest.mapping import Framing, Rule

Rules = tuple[Rule, ...]


@dataclass(frozen=True)
class Format:
    """One known format."""

    name: str
    title: str
    tested_against: str
    keys: tuple[str, ...] = ()
    """Paths that every record has: what it is recognised by."""
    any_of: tuple[str, ...] = ()
    """Of these paths at least one."""
    framings: tuple[Framing, ...] = ("jsonl", "json")
    columns: dict[str, Rules] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    """Path, or the beginning of paths (with its dot), → why it is not stored."""
    uses_aliases: bool = False
    """Are the columns that it does not name looked up by alias?"""
    input_includes_cached: bool = True
    output_includes_reasoning: bool = True
    notes: tuple[str, ...] = ()

    def matches(self, framing: Framing, paths: frozenset[str]) -> bool:
        """Is a log with these fields of this format?"""
        has_one = not self.any_of or any(path in paths for path in self.any_of)
        return framing in self.framings and has_one and all(key in paths for key in self.keys)


WORDS = dict(OUTCOME_WORDS)
_LITELLM_DETAILS = "metadata.usage_object.prompt_tokens_details"

LITELLM_PAYLOAD = Format(
    name="litellm_payload",
    title="LiteLLM StandardLoggingPayload, as its logging callbacks write it",
    tested_against="the payload's published type, and a record made from it",
    keys=("startTime", "endTime", "call_type", "response_cost"),
    columns={
        "ts": (Rule(path="startTime", unit="s"),),
        "request_id": (Rule(path="litellm_call_id"), Rule(path="id")),
        "service": (Rule(path="model_group"),),
        "provider": (Rule(path="custom_llm_provider"),),
        "model": (Rule(path="model"),),
        "version": (Rule(path="model_id"),),
        "route": (Rule(path="metadata.user_api_key_request_route"), Rule(path="call_type")),
        "status": (Rule(path="error_information.error_code"), Rule(path="status", words=WORDS)),
        "error_type": (Rule(path="error_information.error_class"),),
        "latency_ms": (Rule(path="endTime", minus="startTime", unit="s"),),
        "ttft_ms": (Rule(path="completionStartTime", minus="startTime", unit="s", only_if="stream", before="endTime"),),
        "input_tokens": (Rule(path="prompt_tokens"),),
        "output_tokens": (Rule(path="completion_tokens"),),
        "cached_tokens": (
            Rule(path=f"{_LITELLM_DETAILS}.cached_tokens"),
            Rule(path="metadata.usage_object.cache_read_input_tokens"),
        ),
        "cache_write_tokens": (
            Rule(path="metadata.usage_object.cache_creation_input_tokens"),
            Rule(path=f"{_LITELLM_DETAILS}.cache_creation_tokens"),
        ),
        "reasoning_tokens": (Rule(path="metadata.usage_object.completion_tokens_details.reasoning_tokens"),),
        "service_tier": (Rule(path="metadata.usage_object.service_tier"),),
        "cache_write_1h_tokens": (
            Rule(path=f"{_LITELLM_DETAILS}.cache_creation_token_details.ephemeral_1h_input_tokens"),
        ),
        "cost_usd": (Rule(path="response_cost"),),
        "cache_hit": (Rule(path="cache_hit"),),
        "user_key": (Rule(path="end_user"), Rule(path="metadata.user_api_key_user_id")),
        "api_key_id": (
            Rule(path="metadata.user_api_key_alias", plain=True),
            Rule(path="metadata.user_api_key_hash"),
        ),
    },
    left_out={
        "response_time": "time to first token of a stream, else the total: never a latency",
        "total_tokens": "the sum of the token columns",
        "messages": "content",
        "response": "content",
        "error_str": "free text",
        "error_information.": "the error's text and origin",
        "cost_breakdown.": "parts of the cost",
        "metadata.usage_object.": "parts of the token columns",
        "trace_id": "identifier: shared by the retries of one call",
    },
    notes=("Latency is endTime − startTime; LiteLLM logs both as equal for some failures.",),
)

LITELLM_SPEND = Format(
    name="litellm_spend",
    title="LiteLLM SpendLogs: rows of its database, its export or /spend/logs",
    tested_against="the table's published schema, and rows made from it",
    framings=("jsonl", "json", "csv"),
    keys=("request_id", "spend", "api_key", "startTime", "endTime"),
    columns={
        "ts": (Rule(path="startTime", unit="iso8601"),),
        "request_id": (Rule(path="litellm_call_id"), Rule(path="request_id")),
        "service": (Rule(path="model_group"),),
        "provider": (Rule(path="custom_llm_provider"),),
        "model": (Rule(path="model"),),
        "version": (Rule(path="model_id"),),
        "route": (Rule(path="call_type"),),
        "status": (Rule(path="status", words=WORDS),),
        "latency_ms": (
            Rule(path="request_duration_ms", unit="ms"),
            Rule(path="endTime", minus="startTime", unit="iso8601"),
        ),
        "ttft_ms": (Rule(path="completionStartTime", minus="startTime", unit="iso8601", before="endTime"),),
        "input_tokens": (Rule(path="prompt_tokens"),),
        "output_tokens": (Rule(path="completion_tokens"),),
        "cost_usd": (Rule(path="spend"),),
        "cache_hit": (Rule(path="cache_hit"),),
        "user_key": (Rule(path="end_user"), Rule(path="user")),
        "api_key_id": (Rule(path="api_key"),),
    },
    left_out={
        "total_tokens": "the sum of the token columns",
        "messages": "content",
        "response": "content",
        "proxy_server_request": "content",
        "metadata": "nested in text",
        "request_tags": "nested in text",
    },
)

BURSTGPT_DETAIL = Format(
    name="burstgpt_detail",
    title="Details of a vLLM load test (BurstGPT's client): one JSON document, an object of requests",
    tested_against="real logs of four load levels",
    framings=("json",),
    keys=("event_id", "first_chunk_time", "total_chunk_time", "record_time", "in_len", "out_len"),
    columns={
        "ts": (Rule(path="record_time", unit="s", clock="monotonic"),),
        "request_id": (Rule(path="event_id"),),
        "latency_ms": (Rule(path="total_chunk_time", unit="s"),),
        "ttft_ms": (Rule(path="first_chunk_time", unit="s"),),
        "input_tokens": (Rule(path="in_len"),),
        "output_tokens": (Rule(path="out_len"),),
    },
    notes=("record_time is a monotonic clock without a date: the last record is placed at the file's time of change.",),
)

LANGFUSE_V2 = Format(
    name="langfuse_v2",
    title="Langfuse observations (v2), as the API and exports give them",
    tested_against="the API's published type, and observations made from it",
    keys=("traceId", "type", "startTime"),
    any_of=("usageDetails.input", "usageDetails.output", "timeToFirstToken", "completionStartTime", "totalCost"),
    columns={
        "ts": (Rule(path="startTime", unit="iso8601"),),
        "request_id": (Rule(path="id"),),
        "route": (Rule(path="name"),),
        "model": (Rule(path="model"),),
        "version": (Rule(path="version"), Rule(path="release")),
        "status": (Rule(path="level", words={"default": 200, "debug": 200, "warning": 200, "error": 500}),),
        "latency_ms": (Rule(path="latency", unit="s"), Rule(path="endTime", minus="startTime", unit="iso8601")),
        "ttft_ms": (
            Rule(path="timeToFirstToken", unit="s"),
            Rule(path="completionStartTime", minus="startTime", unit="iso8601", before="endTime"),
        ),
        "input_tokens": (Rule(path="usageDetails.input"),),
        "output_tokens": (Rule(path="usageDetails.output"),),
        "cached_tokens": (
            Rule(path="usageDetails.input_cached_tokens"),
            Rule(path="usageDetails.cache_read_input_tokens"),
            Rule(path="usageDetails.input_cache_read"),
            Rule(path="usageDetails.cached_content_token_count"),
        ),
        "cache_write_tokens": (
            Rule(path="usageDetails.cache_creation_input_tokens"),
            Rule(path="usageDetails.input_cache_creation"),
        ),
        "reasoning_tokens": (
            Rule(path="usageDetails.output_reasoning_tokens"),
            Rule(path="usageDetails.output_reasoning"),
        ),
        "cost_usd": (Rule(path="totalCost"),),
        "user_key": (Rule(path="userId"),),
    },
    left_out={
        "input": "content",
        "output": "content",
        "statusMessage": "free text",
        "usageDetails.": "parts of the token columns",
        "costDetails.": "parts of the cost",
        "metadata.": "free-form metadata",
    },
    input_includes_cached=False,
    output_includes_reasoning=False,
    notes=("Every observation counts as a request; export type GENERATION alone to count model calls only.",),
)

_NGINX_COLUMNS: dict[str, Rules] = {
    "request_id": (Rule(path="request_id"),),
    "route": (Rule(path="uri"),),
    "status": (Rule(path="status"),),
    "latency_ms": (Rule(path="request_time", unit="s"),),
}
_NGINX_LEFT_OUT = {
    "request": "a URL may hold keys and ids",
    "request_uri": "a URL may hold keys and ids",
    "args": "a URL may hold keys and ids",
    "http_referer": "a URL may hold keys and ids",
    "upstream_response_time": "one value per try, in one text",
    "upstream_status": "one value per try, in one text",
    "upstream_addr": "one value per try, in one text",
}
_NGINX_NOTE = "nginx logs a request when it has ended: its time is its end."

NGINX_JSON = Format(
    name="nginx_json",
    title="nginx access log in JSON (log_format … escape=json)",
    tested_against="the documented variables, and lines made from them",
    framings=("jsonl",),
    keys=("status", "request_time"),
    any_of=("time_iso8601", "msec"),
    columns={"ts": (Rule(path="time_iso8601", unit="iso8601"), Rule(path="msec", unit="s")), **_NGINX_COLUMNS},
    left_out={**_NGINX_LEFT_OUT, "time_local": "another time"},
    uses_aliases=True,
    notes=(_NGINX_NOTE,),
)

ENVOY_JSON = Format(
    name="envoy_json",
    title="Envoy access log in JSON, with the usual keys",
    tested_against="the documented operators, and lines made from them",
    framings=("jsonl",),
    keys=("start_time", "response_code", "duration", "response_flags"),
    columns={
        "ts": (Rule(path="start_time", unit="iso8601"),),
        "request_id": (Rule(path="request_id"),),
        "status": (Rule(path="response_code"),),
        "error_type": (Rule(path="response_flags"),),
        "latency_ms": (Rule(path="duration", unit="ms"),),
        "service": (Rule(path="upstream_cluster"), Rule(path="authority")),
    },
    left_out={
        "path": "a URL may hold keys and ids",
        "x_envoy_original_path": "a URL may hold keys and ids",
        "x_forwarded_for": "personal data",
        "upstream_host": "an address",
    },
    uses_aliases=True,
)

GENERIC = Format(
    name="generic",
    title="Any log with one record per request: columns by the names that they usually go by",
    tested_against="a real image-generation trace, two real LLM traces and gateway logs",
    framings=("jsonl", "csv", "json"),
    uses_aliases=True,
)

FORMATS: tuple[Format, ...] = (
    LITELLM_PAYLOAD,
    LITELLM_SPEND,
    BURSTGPT_DETAIL,
    LANGFUSE_V2,
    NGINX_JSON,
    ENVOY_JSON,
    GENERIC,
)
"""In the order in which they are tried; ``generic`` fits everything."""


def recognise(framing: Framing, paths: frozenset[str]) -> Format:
    """The first format that has what it must have; ``generic`` for a log that nobody knows."""
    return next(known for known in FORMATS if known.matches(framing, paths))


def formats_page() -> str:
    """The reference page of the formats, made from this table and the aliases."""
    return "\n".join(["\n".join(_HEAD), *(_section(known) for known in FORMATS), _aliases_section()]) + "\n"


_HEAD = (
    "# Formats",
    "",
    "<!-- Generated from opsconsole.ingest.formats; run `make docs` after changing it. -->",
    "",
    "JSON lines, CSV with a header line, and JSON documents are read, plain or as `.gz` or `.zst`. A format is",
    "recognised by the fields that it must have. `opsconsole map PATH` prints what was recognised, to review and",
    "pin. A unit is taken from a field's name, its type or a known format, never from how large its numbers are;",
    "where it is missing, say it: `--column latency_ms=latency:s`.",
)


def _section(known: Format) -> str:
    lines = ["", f"## {known.name}", "", f"{known.title}.", "", f"- Cut as: {', '.join(known.framings)}"]
    if known.keys:
        lines.append(f"- Recognised by: {_codes(known.keys)}")
    if known.any_of:
        lines.append(f"- and one of: {_codes(known.any_of)}")
    lines.append(f"- Tested against: {known.tested_against}")
    lines += [f"- {note}" for note in known.notes]
    if known.columns:
        lines += ["", "| column | from |", "|---|---|"]
        lines += [f"| `{name}` | {'; else '.join(map(_rule_words, rules))} |" for name, rules in known.columns.items()]
    if known.left_out:
        lines += ["", "| left out | why |", "|---|---|"]
        lines += [f"| `{path}{'*' if path.endswith('.') else ''}` | {why} |" for path, why in known.left_out.items()]
    return "\n".join(lines)


def _rule_words(rule: Rule) -> str:
    words = f"`{rule.path}`" + (f" − `{rule.minus}`" if rule.minus else "") + (f" ({rule.unit})" if rule.unit else "")
    words += f", if `{rule.only_if}`" if rule.only_if else ""
    words += f", if before `{rule.before}`" if rule.before else ""
    words += ", outcome words" if rule.words else ""
    words += ", monotonic clock" if rule.clock == "monotonic" else ""
    return words + (", kept plain" if rule.plain else "")


def _aliases_section() -> str:
    lines = ["", "### Names that columns go by", ""]
    lines += [
        "Case, `_`, `-`, `.`, `@` and camelCase make no difference; times and durations carry a unit at their end."
    ]
    lines += ["", "| column | names |", "|---|---|"]
    lines += [f"| `{column}` | {_codes(names)} |" for column, names in ALIASES.items()]
    lines += ["", "### Outcome words", "", "| status | words |", "|---|---|"]
    for status in sorted(set(OUTCOME_WORDS.values())):
        lines.append(f"| {status} | {_codes(tuple(word for word in OUTCOME_WORDS if OUTCOME_WORDS[word] == status))} |")
    return "\n".join(lines)


def _codes(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)

"""Any system with an HTTP interface that speaks JSON: one call reads, one applies, and perhaps one rehearses.

Always true here: what is sent is a template filled in, values as values; where the system has ETags, what is written
goes with the ETag of what was read (``If-Match``), so the system itself refuses a change of something that moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

import httpx
from msgspec import field

from opsconsole.errors import ConfigError
from opsconsole.outside.headers import headers_at
from opsconsole.outside.secrets import SecretFrom
from opsconsole.outside.web import Web, WebAnswer, WebOptions
from opsconsole.releases.targets import templates
from opsconsole.releases.targets.answers import routing_of
from opsconsole.releases.targets.base import (
    Kind,
    Options,
    Rejected,
    Site,
    Target,
    Unsupported,
)
from opsconsole.releases.targets.guards import refuse_if_moved, refuse_unless_able
from opsconsole.releases.targets.shares import parts_of
from opsconsole.releases.targets.showing import request_of
from opsconsole.wire import Caps, Receipt, Routing, Scope, TargetPhase, TargetRequest, TargetState

_PARTS = {"percent": 100, "relative": 10_000, "share": 1_000_000}
"""Unit → into how many parts the traffic is divided."""
_TESTED = "the real thing: a server that refuses, hangs, resets, fails and does things by halves"


class CallOptions(Options, frozen=True, kw_only=True):
    """One call."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    """Of HTTP."""
    path: str
    """Behind `url`: `/v1/services/{service}`."""
    headers: dict[str, str] = field(default_factory=dict)
    """Headers of this call alone."""
    body: Any = None
    """JSON, written as YAML; a string that is nothing but a placeholder becomes the value: `weights: "{weights}"`."""


class HttpOptions(WebOptions, frozen=True, kw_only=True):
    """What an HTTP interface needs to be told."""

    url: str
    """Where it is: `https://router.internal`."""
    headers: dict[str, str | SecretFrom] = field(default_factory=dict)
    """Headers of every call; one with credentials is `{env: NAME, prefix: "Bearer "}`."""
    read: CallOptions
    """Answers with the present state; changes nothing."""
    apply: CallOptions
    """Makes the change; a 2xx means that it is made."""
    dry_run: CallOptions | None = None
    """Answers with what `apply` would do, and does not do it."""
    weights_at: str = "weights"
    """Keys, with dots between them, that lead to the weights in the answer of `read`: a table, or a list of tables."""
    name_key: str = ""
    """In a list of tables: the key of the version …"""
    weight_key: str = ""
    """… and that of its weight."""
    unit: Literal["percent", "relative", "share"] = "percent"
    """What `{weights}` counts in: whole percents; parts of 10,000; or shares from 0 to 1."""
    headers_at: str = ""
    """Keys that lead to a table of `Header: value` and versions."""
    shadow_at: str = ""
    """Keys that lead to a table of versions and the share, 0 to 1, that is copied to them."""
    phase_at: str = ""
    """Keys that lead to a word that says whether it is changing."""
    phases: dict[str, TargetPhase] = field(default_factory=dict)
    """Such a word → `steady`, `changing`, `rolling back`, `failed` or `mixed`; any other is `unknown`."""
    token_at: str = ""
    """Keys that lead to a version number or the like, for `{token}`."""
    etag: bool = False
    """Take the ETag of `read` as the token, and send it as `If-Match` with `apply`."""
    scope: Scope = "serving"
    """Does it change what users get, or only what a registry says (`metadata`)?"""


class HttpTarget:
    """One service behind an HTTP interface."""

    def __init__(self, options: HttpOptions, web: Web, site: Site) -> None:
        self._options = options
        self._web = web
        self._site = site
        self.caps = _caps(options)
        self.name = f"http {httpx.URL(options.url).host}"

    def read(self) -> TargetState:
        answer = self._send(self._options.read, templates.of_a_read(self._site.service), is_read=True)
        document = answer.json()
        phase: TargetPhase = "steady"
        if self._options.phase_at:
            phase = self._options.phases.get(str(_at(document, self._options.phase_at, answer.asked)), "unknown")
        return TargetState(
            routing=routing_of(
                self._weights(document, answer.asked),
                _optional(document, self._options.headers_at, answer.asked),
                _optional(document, self._options.shadow_at, answer.asked),
                answer.asked,
            ),
            phase=phase,
            token=self._token(document, answer),
            observed_at=self._site.clock.now(),
        )

    def requests(self, before: TargetState, after: Routing) -> tuple[TargetRequest, ...]:
        call, given = self._options.apply, self._given(before, after, templates.OP_ID_AT_PLAN)
        headers, path, body = _filled(call, given)
        return (request_of(self._web, call.method, path, json=body, headers=headers | self._if_match(before)),)

    def apply(self, before: TargetState, after: Routing, op_id: str) -> Receipt:
        given = self._given(before, after, op_id)
        refuse_if_moved(self.name, before, self.read())
        answer = self._send(self._options.apply, given, is_read=False, more=self._if_match(before))
        return Receipt(op_id=op_id, answer=answer.told())

    def rehearse(self, before: TargetState, after: Routing) -> str:
        if self._options.dry_run is None:
            raise Unsupported(f"{self.name} has no dry run", "Give it one: `dry_run`.")
        return self._send(
            self._options.dry_run, self._given(before, after, templates.OP_ID_AT_PLAN), is_read=True
        ).told()

    def close(self) -> None:
        self._web.close()

    def _send(
        self, call: CallOptions, given: Mapping[str, Any], *, is_read: bool, more: Mapping[str, str] | None = None
    ) -> WebAnswer:
        headers, path, body = _filled(call, given)
        return self._web.send(call.method, path, json=body, headers=headers | dict(more or {}), is_read=is_read)

    def _given(self, before: TargetState, after: Routing, op_id: str) -> dict[str, Any]:
        refuse_unless_able(self.name, self.caps, after)
        return templates.values(self._site.service, before, after, op_id) | {"weights": self._in_unit(after)}

    def _in_unit(self, after: Routing) -> Any:
        total = _PARTS[self._options.unit]
        parts = parts_of(after.shares, total)
        weights: dict[str, float] = dict(parts)
        if self._options.unit == "share":
            weights = {version: part / total for version, part in parts.items()}
        if not self._options.name_key:
            return weights
        keys = self._options.name_key, self._options.weight_key
        return [dict(zip(keys, pair, strict=True)) for pair in weights.items()]

    def _weights(self, document: Any, asked: str) -> Any:
        found = _at(document, self._options.weights_at, asked)
        if not self._options.name_key:
            return found
        try:
            return {str(row[self._options.name_key]): row[self._options.weight_key] for row in found}
        except (KeyError, TypeError) as error:
            raise Rejected(
                f"{asked}: `{self._options.weights_at}` is no list of tables with those keys",
                "Correct `weights_at`, `name_key` and `weight_key`.",
            ) from error

    def _token(self, document: Any, answer: WebAnswer) -> str:
        if not self._options.etag:
            return str(_at(document, self._options.token_at, answer.asked)) if self._options.token_at else ""
        if tag := answer.headers.get("etag", ""):
            return tag
        raise Rejected(f"{answer.asked}: the answer has no ETag", "Leave `etag` out: writes will then go unguarded.")

    def _if_match(self, before: TargetState) -> dict[str, str]:
        return {"If-Match": before.token} if self._options.etag else {}


def _at(document: Any, path: str, asked: str) -> Any:
    """What is there in a JSON document: keys and, in lists, positions, with dots between them. Raises Rejected."""
    for key in path.split("."):
        if isinstance(document, list) and key.isdecimal() and int(key) < len(document):
            document = document[int(key)]
        elif isinstance(document, dict) and key in document:
            document = document[key]
        else:
            raise Rejected(f"{asked}: there is no `{path}` in the answer: `{key}` is missing", "Correct the path.")
    return document


def _optional(document: Any, path: str, asked: str) -> Any:
    return _at(document, path, asked) if path else {}


def _filled(call: CallOptions, given: Mapping[str, Any]) -> tuple[dict[str, str], str, Any]:
    """(Headers, path, body) of one call."""
    headers = {name: templates.filled(value, given) for name, value in call.headers.items()}
    path = templates.filled(call.path, given, quote=lambda text: quote(text, safe=""))
    return headers, path, templates.filled_document(call.body, given)


def _make(options: HttpOptions, site: Site) -> Target:
    headers = headers_at(options.headers, site)
    if bool(options.name_key) != bool(options.weight_key):
        raise ConfigError("name_key, weight_key: one without the other", "Name both, for a list of tables.")
    if options.etag and options.token_at:
        raise ConfigError("etag, token_at: both say what the token is", "Keep one of them.")
    changing = (*templates.NAMES, "weights", "weights_json")
    for place, call, names in (
        ("read", options.read, ("service",)),
        ("apply", options.apply, changing),
        ("dry_run", options.dry_run, changing),
    ):
        if call is not None:
            _check(place, call, names)
    return HttpTarget(options, Web(options.url, options, headers=headers), site)


def _check(place: str, call: CallOptions, names: tuple[str, ...]) -> None:
    if not call.path.startswith("/"):
        raise ConfigError(f"{place}.path: {call.path!r} does not begin with `/`", "It is put behind `url`.")
    for text in (call.path, *call.headers.values(), *templates.strings_in(call.body)):
        try:
            templates.checked(text, names)
        except ConfigError as error:
            raise ConfigError(f"{place}: {error.message}", error.remedy) from error


def _caps(options: HttpOptions) -> Caps:
    return Caps(
        split=True,
        headers=bool(options.headers_at),
        shadow=bool(options.shadow_at),
        dry_run=options.dry_run is not None,
        scope=options.scope,
        guarding="cas" if options.etag else "none",
        weight_unit="relative" if options.unit == "relative" else "percent",
        tested_against=_TESTED,
    )


KIND = Kind(
    name="http",
    about="Any system with a JSON interface over HTTP: one call reads, one applies, perhaps one rehearses.",
    options=HttpOptions,
    make=_make,
    caps=Caps(split=True, headers=True, shadow=True, dry_run=True, guarding="cas", tested_against=_TESTED),
    hazards=(
        "Without `etag: true` somebody else may write between the read and the change.",
        "A 2xx is believed; whether users get it shows in the traffic alone.",
    ),
    example="""\
target: http
options:
  url: https://router.internal
  headers:
    Authorization: {env: ROUTER_TOKEN, prefix: "Bearer "}
  read: {path: "/v1/services/{service}"}
  weights_at: state.weights
  apply:
    method: PUT
    path: /v1/services/{service}/weights
    headers: {Idempotency-Key: "{op_id}"}
    body: {weights: "{weights}", reason: "opsconsole {op_id}"}
  etag: true
""",
)

"""PagerDuty: Events API v2.

Always true here: one key is one ``dedup_key``, so whatever is said of a thing is said of one PagerDuty alert; the
limits of the API are kept. What its answers mean: 202 taken; 400 not retried; 429, 5xx and no answer retried
(github.com/PagerDuty/developer-docs, Events API v2 overview, "Response Codes & Retry Logic").
"""

from __future__ import annotations

import hashlib
from typing import Any, Literal

import msgspec

from opsconsole.notifiers import words
from opsconsole.notifiers.base import Busy, Indeterminate, Kind, Message, Notifier, Site
from opsconsole.outside.secrets import SecretFrom
from opsconsole.outside.web import Web, WebOptions
from opsconsole.wire import Notice, NoticeSeverity

Action = Literal["trigger", "acknowledge", "resolve"]

MOST_SUMMARY, MOST_DEDUP_KEY = 1_024, 255
MOST_BYTES = 512_000
"""512 KB, counted in thousands to be on the safe side."""
BUSY_WAIT_S = 120.0
"""After a 429 that names no time: the documentation wants "a backoff of a few minutes"."""
_MOST_DETAIL, _MOST_DETAILS, _MOST_LINKS, _MOST_LINE = 1_000, 50, 20, 2_000
_SEVERITIES: dict[NoticeSeverity, str] = {"page": "critical", "ticket": "warning", "info": "info"}

PagerDutySeverity = Literal["critical", "error", "warning", "info"]


class PagerDutyOptions(WebOptions, frozen=True, kw_only=True):
    """What the Events API needs to be told."""

    routing_key: SecretFrom
    """Where the integration key of a service is (32 characters)."""
    url: str = "https://events.pagerduty.com"
    """`https://events.eu.pagerduty.com` for accounts of the EU region."""
    severities: dict[NoticeSeverity, PagerDutySeverity] = {}  # noqa: RUF012 - msgspec copies it
    """Severity here → PagerDuty's, where it is another than `page: critical`, `ticket: warning`, `info: info`."""


class PagerDuty:
    """Triggers, acknowledges and resolves."""

    def __init__(self, options: PagerDutyOptions, site: Site) -> None:
        self._web = Web(options.url, options)
        self._key = options.routing_key.at(site)
        self._severities = _SEVERITIES | options.severities
        self._environment = site.environment
        self.where = f"pagerduty {self._web.host}"

    def send(self, message: Message) -> str:
        told = [self._enqueue(message.notice, action) for action in actions(message.notice)]
        return told[-1]

    def _enqueue(self, notice: Notice, action: Action) -> str:
        secret = self._key.secret()
        document = event(notice, action, secret.reveal(), self._environment, self._severities)
        try:
            answer = self._web.send("POST", "/v2/enqueue", json=document, is_read=False, secrets_sent=(secret,))
        except Busy as busy:
            raise Busy(busy.message, busy.remedy, retry_after_s=busy.retry_after_s or BUSY_WAIT_S) from None
        if answer.status != 202:
            raise Indeterminate(f"{answer.asked}: {answer.told()}", "PagerDuty answers 202: check the address.")
        return f"{action}: {answer.told()}"

    def close(self) -> None:
        self._web.close()


def actions(notice: Notice) -> tuple[Action, ...]:
    """What is done for a notice. A test is over as soon as it is there, so that it calls nobody for long."""
    if notice.kind == "test":
        return "trigger", "resolve"
    if notice.kind == "resolved":
        return ("resolve",)
    if notice.kind == "update" and notice.acknowledged_by:
        return ("acknowledge",)
    return ("trigger",)


def dedup_key(key: str) -> str:
    """The key; where it is too long, its beginning and its digest."""
    if len(key) <= MOST_DEDUP_KEY:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()
    return f"{key[: MOST_DEDUP_KEY - len(digest) - 1]}-{digest}"


def event(
    notice: Notice, action: Action, routing_key: str, environment: str, severities: dict[NoticeSeverity, str]
) -> dict[str, Any]:
    """An event as the API takes it."""
    document: dict[str, Any] = {
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": dedup_key(notice.key),
    }
    if action != "trigger":
        return document
    links = [{"href": url, "text": "Open"} for url in words.urls(notice)[:_MOST_LINKS]]
    document |= {"client": "opsconsole", "links": links}
    return words.fitted(
        [words.clipped(each, _MOST_LINE) for each in words.body_lines(notice)],
        lambda lines: document | {"payload": _payload(notice, environment, severities, lines)},
        lambda built: len(msgspec.json.encode(built)) <= MOST_BYTES,
    )


def _payload(
    notice: Notice, environment: str, severities: dict[NoticeSeverity, str], lines: list[str]
) -> dict[str, Any]:
    known = list(words.facts(notice, environment))[:_MOST_DETAILS]
    details = {words.clipped(name, _MOST_DETAIL): words.clipped(value, _MOST_DETAIL) for name, value in known}
    if commands := words.commands(notice)[:_MOST_LINKS]:
        details["commands"] = "\n".join(words.clipped(each, _MOST_DETAIL) for each in commands)
    if lines:
        details["body"] = "\n".join(lines)
    optional = {
        "component": words.line(notice.service),
        "group": words.line(environment),
        "class": words.line(notice.labels.get("rule", "")),
    }
    return {
        "summary": words.clipped(words.headline(notice, environment), MOST_SUMMARY),
        "source": words.clipped("/".join(filter(None, map(words.line, (environment, notice.service)))), _MOST_DETAIL)
        or "opsconsole",
        "severity": severities[notice.severity],
        "timestamp": notice.at.isoformat(),
        "custom_details": details,
    } | {name: words.clipped(value, _MOST_DETAIL) for name, value in optional.items() if value}


def _make(options: PagerDutyOptions, site: Site) -> Notifier:
    return PagerDuty(options, site)


KIND = Kind(
    name="pagerduty",
    about="A service of PagerDuty, by the Events API v2: what fires triggers, what is taken on acknowledges, what is"
    " over resolves.",
    options=PagerDutyOptions,
    make=_make,
    tested_against="vendor schema: as written down by us from the tables of github.com/PagerDuty/developer-docs (Events"
    " API v2), and a server that fails in every way; never PagerDuty itself",
    needs_open=frozenset({"update"}),
    hazards=(
        "`202` means that the event was taken; whom PagerDuty calls its own schedules decide.",
        "An update without an open alert is not sent: it would open one.",
    ),
    example="""\
kind: pagerduty
options:
  routing_key: {env: PAGERDUTY_ROUTING_KEY}
severities: [page]
""",
)

"""Anything that takes JSON: the notice as it is, by POST."""

from __future__ import annotations

import msgspec
from msgspec import field

from opsconsole.notifiers.base import Kind, Message, Notifier, Site
from opsconsole.outside.headers import headers_at
from opsconsole.outside.secrets import SecretFrom
from opsconsole.outside.web import Web, WebOptions


class WebhookOptions(WebOptions, frozen=True, kw_only=True):
    """What a webhook needs to be told."""

    url: str | SecretFrom
    """Where it is; `{env: NAME}` or `{file: PATH}` where the address is a secret."""
    headers: dict[str, str | SecretFrom] = field(default_factory=dict)
    """Headers of every call; one with credentials is `{env: NAME, prefix: "Bearer "}`."""


class Webhook:
    """Posts notices as JSON."""

    def __init__(self, options: WebhookOptions, site: Site) -> None:
        url = options.url.at(site) if isinstance(options.url, SecretFrom) else options.url
        self._web = Web(url, options, headers=headers_at(options.headers, site))
        self._site = site
        self.where = f"webhook {self._web.host}"

    def send(self, message: Message) -> str:
        document = msgspec.to_builtins(message.notice) | {
            "id": message.id,
            "environment": self._site.environment,
        }
        answer = self._web.send("POST", "", json=document, headers={"Idempotency-Key": message.id}, is_read=False)
        return answer.told()

    def close(self) -> None:
        self._web.close()


def _make(options: WebhookOptions, site: Site) -> Notifier:
    return Webhook(options, site)


KIND = Kind(
    name="webhook",
    about="Any system that takes JSON: the notice, its `id` and the `environment`, by POST; any 2xx means taken.",
    options=WebhookOptions,
    make=_make,
    tested_against="the real thing: a server that refuses, hangs, resets, fails and asks to wait",
    hazards=(
        "An answer that gets lost means another attempt: who must not act twice compares `Idempotency-Key`, which is"
        " the same at every attempt.",
    ),
    example="""\
kind: webhook
options:
  url: https://hooks.internal/ops
  headers:
    Authorization: {env: HOOKS_TOKEN, prefix: "Bearer "}
""",
)

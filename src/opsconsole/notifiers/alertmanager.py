"""Alertmanager: API v2, as Prometheus speaks to it.

Always true here: what is open is told again before Alertmanager takes it for over, and what is over is told with the
very labels that it was opened with, since labels are what an alert is to Alertmanager.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

from msgspec import Meta, field

from opsconsole.notifiers import words
from opsconsole.notifiers.base import Kind, Message, Notifier, Site
from opsconsole.outside.headers import headers_at
from opsconsole.outside.secrets import SecretFrom
from opsconsole.outside.web import Web, WebOptions
from opsconsole.wire import GENERATOR, Notice

LIVES = 4
"""An alert lives for so many times of what lies between two refreshes, as Prometheus has it (rules/manager.go:
``ts.Add(4 * delta)``): three may get lost."""
_MOST_ANNOTATION, _MOST_LABEL = 8_000, 200
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_]")


class AlertmanagerOptions(WebOptions, frozen=True, kw_only=True):
    """What an Alertmanager needs to be told."""

    url: str
    """Where it is, with its path prefix if it has one: `http://127.0.0.1:9093`."""
    headers: dict[str, str | SecretFrom] = field(default_factory=dict)
    """Headers of every call; one with credentials is `{env: NAME, prefix: "Bearer "}`."""
    labels: dict[Annotated[str, Meta(pattern="^[a-zA-Z_][a-zA-Z0-9_]*$")], str] = field(default_factory=dict)
    """Labels that every alert gets, for its routes: `team: ml-platform`."""
    refresh_s: Annotated[float, Meta(ge=1, le=3600)] = 60.0
    """Seconds between two messages that an alert is still open; it ends by itself after four times that."""


class Alertmanager:
    """Posts alerts, and posts them again while they are open."""

    def __init__(self, options: AlertmanagerOptions, site: Site) -> None:
        self._web = Web(options.url, options, headers=headers_at(options.headers, site))
        self._labels = options.labels
        self._site = site
        self.refresh_every_s = options.refresh_s
        self.where = f"alertmanager {self._web.host}"

    def send(self, message: Message) -> str:
        notice, opened = message.notice, message.opened
        if notice.kind == "resolved":
            return self._post([self._alert(opened or notice, is_over=True)])
        alerts = [self._alert(notice, is_over=False)]
        if opened is not None and self._labels_of(opened) != self._labels_of(notice):
            alerts.append(self._alert(opened, is_over=True))
        return self._post(alerts)

    def refresh(self, opened: tuple[Notice, ...]) -> None:
        self._post([self._alert(notice, is_over=False) for notice in opened])

    def close(self) -> None:
        self._web.close()

    def _post(self, alerts: list[dict[str, Any]]) -> str:
        return self._web.send("POST", "/api/v2/alerts", json=alerts, is_read=False).told()

    def _alert(self, notice: Notice, *, is_over: bool) -> dict[str, Any]:
        now = self._site.clock.now()
        ends = now if is_over else now + timedelta(seconds=LIVES * self.refresh_every_s)
        return alert(notice, self._labels_of(notice), ends)

    def _labels_of(self, notice: Notice) -> dict[str, str]:
        return labels(notice, self._site.environment, self._labels)


def alert(notice: Notice, own_labels: Mapping[str, str], ends: datetime) -> dict[str, Any]:
    """A ``postableAlert``; it begins before it ends, whatever the clocks say."""
    urls = words.urls(notice)
    annotations = {
        "summary": words.clipped(words.line(notice.title), _MOST_ANNOTATION),
        "description": words.clipped("\n".join(words.body_lines(notice)), _MOST_ANNOTATION),
        "links": words.clipped("\n".join([*urls, *words.commands(notice)]), _MOST_ANNOTATION),
    }
    document: dict[str, Any] = {
        "labels": dict(own_labels),
        "annotations": {name: text for name, text in annotations.items() if text},
        "startsAt": min(notice.at, ends).isoformat(),
        "endsAt": ends.isoformat(),
    }
    return document | ({"generatorURL": urls[0]} if urls else {})


def labels(notice: Notice, environment: str, more: Mapping[str, str]) -> dict[str, str]:
    """What the alert is: a label name is letters, digits and underscores, and an empty label is none."""
    given = {_name(name): value for name, value in notice.labels.items()}
    own = {
        "alertname": notice.labels.get("rule", "") or notice.key,
        "key": notice.key,
        "service": notice.service,
        "environment": environment,
        "severity": notice.severity,
        "generator": GENERATOR,
    }
    every = {name: words.clipped(words.line(value), _MOST_LABEL) for name, value in (given | dict(more) | own).items()}
    return {name: value for name, value in every.items() if value}


def _name(text: str) -> str:
    plain = _NOT_IN_NAMES.sub("_", text) or "_"
    return f"_{plain}" if plain[0].isdigit() else plain


def _make(options: AlertmanagerOptions, site: Site) -> Notifier:
    return Alertmanager(options, site)


KIND = Kind(
    name="alertmanager",
    about="An Alertmanager of Prometheus (API v2), whose routes, groups and silences then decide who hears of it.",
    options=AlertmanagerOptions,
    make=_make,
    tested_against="the real thing: Alertmanager 0.25 of Debian",
    needs_open=frozenset({"update"}),
    hazards=(
        "If opsconsole stops, its alerts end there by themselves after four times `refresh_s`.",
        "The end of an alert is told in this machine's time: keep both clocks right.",
        "A test is an alert of severity `info` that ends by itself after four times `refresh_s`.",
        "Two alerts are one if their labels are the same; `key` is among them.",
    ),
    example="""\
kind: alertmanager
options:
  url: http://127.0.0.1:9093
  labels: {team: ml-platform}
""",
)

"""Other systems' alerts: webhooks of Alertmanager (version 4) and Grafana become readings like any other.

Always true here: what is sent is data of strangers: it is bounded in number and length, and nothing of it is believed
but that somebody said so; an alert is over when its sender says so, or has not repeated it for a day; what we told an
Alertmanager ourselves is not heard again when it comes back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

import msgspec

from opsconsole import wire
from opsconsole.alerts.facts import Facts, Reading
from opsconsole.errors import UsageError

MOST_AT_ONCE, MOST_REMEMBERED = 1_000, 5_000
LONGEST, LONGEST_TOLD = 80, 300
REPEATED_WITHIN = timedelta(hours=24)
"""Senders repeat what still fires (both after four hours, unless they are told otherwise); what was not repeated for so
long is over."""
SERVICE_LABELS = ("service", "service_name", "app", "job")
"""Labels that may name a service, the first that is there."""
PAGE_LABELS = ("page", "critical", "emergency", "sev1", "sev2", "p1", "p2")
"""Values of the label ``severity`` that mean that somebody has to get up."""

Sender = Literal["alertmanager", "grafana"]


class _Sent(msgspec.Struct):
    """One alert as both senders write it; what else they write is not read."""

    status: str
    labels: dict[str, Any] = {}
    annotations: dict[str, Any] = {}
    fingerprint: str = ""
    startsAt: datetime | None = None  # noqa: N815 - the senders' own word
    generatorURL: str = ""  # noqa: N815
    panelURL: str = ""  # noqa: N815
    valueString: str = ""  # noqa: N815


class _Payload(msgspec.Struct):
    alerts: list[_Sent]
    version: str = ""


@dataclass(frozen=True)
class Heard:
    """An alert of another system as it was last heard of."""

    fingerprint: str
    is_firing: bool
    subject: str
    reading: Reading


class Webhook(NamedTuple):
    """What a webhook says."""

    heard: tuple[Heard, ...]
    left_out: int
    """Beyond what is taken at once."""
    own: int
    """That an opsconsole told its sender: heard of again they would be told again, and so on for ever."""


def read(sender: Sender, body: bytes) -> Webhook:
    """Raises UsageError for what is no such webhook."""
    try:
        payload = msgspec.json.decode(body, type=_Payload, strict=False)
    except msgspec.DecodeError as error:
        raise UsageError(
            f"that is no webhook of {sender}: {error}", "Send the JSON that it posts, as it is, with its `alerts` list."
        ) from error
    if sender == "alertmanager" and payload.version not in ("", "4"):
        raise UsageError(f"webhooks of version {payload.version!r} are not understood", "Alertmanager sends version 4.")
    others = [sent for sent in payload.alerts if sent.labels.get("generator") != wire.GENERATOR]
    kept = others[:MOST_AT_ONCE]
    return Webhook(
        heard=tuple(_heard(sender, sent) for sent in kept),
        left_out=len(others) - len(kept),
        own=len(payload.alerts) - len(others),
    )


def _heard(sender: Sender, sent: _Sent) -> Heard:
    labels = {str(name)[:LONGEST]: str(value)[:LONGEST] for name, value in sent.labels.items()}
    name = labels.get("alertname", "alert")
    subject = next((labels[label] for label in SERVICE_LABELS if labels.get(label)), sender)
    said = next((str(sent.annotations[key]) for key in ("summary", "description") if sent.annotations.get(key)), "")
    where = labels.get("instance", "")
    told = f"{name}{f' on {where}' if where else ''}{f': {said}' if said else ''}"[:LONGEST_TOLD]
    is_page = labels.get("severity", "").lower() in PAGE_LABELS
    fingerprint = sent.fingerprint[:LONGEST] or repr(sorted(labels.items()))
    return Heard(
        fingerprint=f"{sender} {fingerprint}",
        is_firing=sent.status != "resolved",
        subject=subject,
        reading=Reading(
            value=1.0,
            n=1,
            told=told,
            detail=fingerprint[:LONGEST],
            name=f"{sender} {name}",
            severity="page" if is_page else "ticket",
            url=(sent.panelURL or sent.generatorURL)[:LONGEST_TOLD],
        ),
    )


class Remembered:
    """What other systems last said, of the alerts that were heard of since the daemon started."""

    def __init__(self) -> None:
        self._heard: dict[str, tuple[Heard, datetime]] = {}
        self._began: datetime | None = None

    def take(self, heard: Iterable[Heard], at: datetime) -> int:
        """Remember these; how many of them there was no room for. What was resolved makes room."""
        dropped = 0
        for each in heard:
            if each.fingerprint not in self._heard and len(self._heard) >= MOST_REMEMBERED:
                gone = next((key for key, (old, _) in self._heard.items() if not old.is_firing), None)
                if gone is None:
                    dropped += 1
                    continue
                del self._heard[gone]
            self._heard[each.fingerprint] = each, at
        return dropped

    def facts(self, at: datetime, members: Iterable[tuple[str, str, wire.AlertMember]]) -> tuple[Facts, ...]:
        """Of each subject that was heard of. ``members`` are (subject, cause, member) of every open alert: what nobody
        has spoken of since the daemon started goes on as it was, for as long as senders may take to repeat it."""
        self._began = self._began or at
        readings: dict[str, list[Reading]] = {}
        for each, heard_at in self._heard.values():
            mine = readings.setdefault(each.subject, [])
            if each.is_firing and at - heard_at <= REPEATED_WITHIN:
                mine.append(each.reading)
        heard = {each.reading.detail for each, _ in self._heard.values()}
        for subject, cause, member in members:
            if member.rule == "incoming" and member.detail not in heard:
                mine = readings.setdefault(subject, [])
                if member.is_present and at - self._began <= REPEATED_WITHIN:
                    mine.append(_as_before(cause, member))
        return tuple(
            Facts(subject=subject, services=(subject,), at=at, readings={"incoming": tuple(each)})
            for subject, each in readings.items()
        )


def _as_before(cause: str, member: wire.AlertMember) -> Reading:
    return Reading(
        value=member.value, n=member.n, told=member.told, detail=member.detail, name=cause, severity=member.severity,
        url=member.url,
    )  # fmt: skip


def spoken(sender: str) -> Sender:
    """Raises UsageError for a sender that is not known."""
    if sender == "alertmanager":
        return "alertmanager"
    if sender == "grafana":
        return "grafana"
    raise UsageError(f"there is no sender {sender!r}", "Known are alertmanager and grafana.")

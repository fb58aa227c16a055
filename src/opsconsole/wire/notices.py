"""What people are told: notices, and what became of each on its way to somebody.

Always true here: a notice is about one thing, which its key names, and what resolves that thing has the same key; a
delivery is one notice on its way to one notifier, and says ``sent`` only where the other side took it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from opsconsole.wire.base import Struct

NoticeKind = Literal["firing", "resolved", "escalated", "update", "test"]
"""firing: something is wrong; escalated: nobody answered, so it is told further; update: news of the same thing;
resolved: it is over; test: whether the way there works."""
GENERATOR = "opsconsole"
"""Value of the label ``generator`` of what other systems are told: by it what comes back is known as ours."""
NoticeSeverity = Literal["page", "ticket", "info"]
"""page: somebody has to get up; ticket: somebody has to look today; info: nobody has to do anything."""


class Notice(Struct, frozen=True, kw_only=True):
    """A message to people."""

    key: str
    """What it is about, the same for everything that is ever said of it: ``alert:chat-assist:burn``, or
    ``INC-7/internal``, which is what one audience is told of an incident. Systems that keep state by key (PagerDuty,
    Alertmanager, a mail's thread) go by it."""
    kind: NoticeKind
    severity: NoticeSeverity
    service: str = ""
    """Empty when it is about the whole fleet."""
    title: str
    """One line, which has to be enough on a lock screen."""
    body: str = ""
    """Lines of plain text: evidence, what changed, what to do."""
    at: datetime
    """When what it tells of happened."""
    acknowledged_by: str = ""
    """Who has taken it on; empty while nobody has."""
    labels: dict[str, str] = msgspec.field(default_factory=dict)
    """What machines sort by: ``rule``, ``version``, ``incident``, ``checklist``."""
    links: tuple[str, ...] = ()
    """Where to look: URLs, or commands of the console."""


DeliveryWord = Literal["pending", "sent", "failed", "given up"]
"""pending: not tried yet; sent: the other side took it; failed: it did not, and is tried again at ``next_at``; given
up: it did not, and is not tried again."""


class Delivery(Struct, frozen=True, kw_only=True):
    """One notice on its way to one notifier: who was told, when, by what."""

    notifier: str
    """Its name in the configuration."""
    key: str
    """The notice's key …"""
    kind: NoticeKind
    """… its kind …"""
    severity: NoticeSeverity
    service: str = ""
    title: str
    """… and what it says."""
    id: str
    """The same for every attempt: where the other side has a place for it, two attempts are told to be one by it."""
    word: DeliveryWord
    attempts: int = 0
    queued_at: datetime
    last_at: datetime | None = None
    """When it was last tried; None before."""
    next_at: datetime | None = None
    """When it is tried again, at the earliest; None when it is not."""
    told: str = ""
    """What the other side answered, or why it could not be reached; secrets are masked."""


class Ring(Struct, frozen=True, kw_only=True):
    """What every attached console does once, for the eyes and ears of whoever sits there."""

    number: int
    """Grows; a console that has done one does none with a lower number."""
    has_bell: bool
    words: str
    """For a desktop notification (OSC 9) and the terminal's title; one line of safe text."""
    until: datetime
    """A console that hears of it later does nothing."""
    is_said: bool = False
    """It stands in the last line as well: nothing else on the screen says it."""


class DeliveriesReply(Struct, frozen=True, kw_only=True):
    """What was said to whom: everything that is still on its way, and the newest of what is not; newest first."""

    deliveries: tuple[Delivery, ...]
    forgotten: int = 0
    """Older ones that ended and are in the journal alone."""


class NotifierRow(Struct, frozen=True, kw_only=True):
    """One way to tell people, as it is configured and as it does."""

    name: str
    kind: str
    where: str
    """The place it tells, in a few words, without secrets: ``slack hooks.slack.com``."""
    severities: tuple[NoticeSeverity, ...] = ()
    """That it gets; all where none is named."""
    services: tuple[str, ...] = ()
    """That it gets; all where none is named."""
    waiting: int = 0
    """Deliveries that are on their way."""
    sent: int = 0
    given_up: int = 0
    last_sent_at: datetime | None = None
    trouble: str = ""
    """Why the last attempt failed; empty when it did not."""


class NotifiersReply(Struct, frozen=True, kw_only=True):
    """Every notifier of a home."""

    notifiers: tuple[NotifierRow, ...]


class NotifyTestRequest(Struct, frozen=True, kw_only=True):
    """Send a notice of the kind ``test`` by one notifier; the answer is its delivery after one attempt."""

    notifier: str

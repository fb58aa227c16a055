"""A message to people, before anybody knows by which way it goes.

Always true here: two notices with one key are about one thing, and whoever delivers them tells nobody twice.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from opsconsole.wire.base import Struct


class Notice(Struct, frozen=True, kw_only=True):
    """What is to be said."""

    key: str
    kind: Literal["firing", "resolved", "escalated", "update", "test"]
    severity: Literal["page", "ticket", "info"]
    service: str
    title: str
    body: str
    at: datetime
    labels: dict[str, str] = msgspec.field(default_factory=dict)

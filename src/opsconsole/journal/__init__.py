"""The truth about people: an append-only, hash-chained record of everything that people and automation did."""

from __future__ import annotations

from opsconsole.journal.chain import Journal
from opsconsole.journal.examine import verify
from opsconsole.journal.walk import Event

__all__ = ["Event", "Journal", "verify"]

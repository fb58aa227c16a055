"""What every section of ``opsconsole.yaml`` is, whichever module of this room describes it."""

from __future__ import annotations

import msgspec


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every section: by keyword, and closed to keys it does not know."""

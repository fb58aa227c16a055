"""What would be sent over HTTP, for a plan: the same words that are sent, secrets masked.

Always true here: nothing is sent from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opsconsole.outside.web import Web, encoded
from opsconsole.wire import TargetRequest


def request_of(
    web: Web, method: str, path: str, *, json: Any = None, headers: Mapping[str, str] | None = None
) -> TargetRequest:
    """What ``web.send`` would send: this call's own headers, then its body. What every call has is left out."""
    lines = [f"{name}: {value}" for name, value in (headers or {}).items()]
    body = "" if json is None else encoded(json)
    return TargetRequest(method=method, where=web.where(path), body="\n".join([*lines, "", body] if lines else [body]))

"""What clients ask the daemon to do, and how it answers: logs, mappings, SQL, baselines, its own health."""

from __future__ import annotations

from datetime import datetime

from opsconsole.wire.base import Baseline, QueryValue, Struct


class AttachRequest(Struct, frozen=True, kw_only=True):
    """Take in these paths (files, directories, globs)."""

    paths: tuple[str, ...]
    follow: bool = True
    """Keep reading what is appended; else stop at the end of what is there now."""
    overrides: tuple[str, ...] = ()
    """``column=path[:unit]``, as given with ``--column``."""
    mapping_yaml: str = ""
    """A pinned mapping, as printed by ``opsconsole map``."""
    service: str = ""
    """Service name for records that name none."""


class Attached(Struct, frozen=True, kw_only=True):
    """What became of each path: a source, or a reason why not."""

    source_ids: tuple[int, ...]
    mapping_yaml: dict[str, str]
    """Path → the mapping that was guessed or pinned."""
    refused: dict[str, str]
    """Path → why, and the remedy."""


class MapRequest(Struct, frozen=True, kw_only=True):
    path: str
    overrides: tuple[str, ...] = ()
    service: str = ""


class MapReply(Struct, frozen=True, kw_only=True):
    mapping_yaml: str


class QueryRequest(Struct, frozen=True, kw_only=True):
    sql: str
    limit: int = 10_000


class QueryReply(Struct, frozen=True, kw_only=True):
    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[list[QueryValue]]
    truncated: bool
    """More rows than the limit: never silent."""
    elapsed_ms: float


class BaselineRequest(Struct, frozen=True, kw_only=True):
    """Exactly one of version, start and end, or file."""

    service: str
    version: str = ""
    start: datetime | None = None
    end: datetime | None = None
    file: str = ""


class BaselineReply(Struct, frozen=True, kw_only=True):
    baseline: Baseline
    features: dict[str, int]
    """Feature → values pinned."""


class Health(Struct, frozen=True, kw_only=True):
    """Is the daemon well?"""

    api_version: int
    version: str
    pid: int
    home: str
    environment: str
    started_at: datetime
    revision: int
    store_bytes: int
    requests: int
    sources: int
    consoles: int
    """Clients that are waiting for updates now."""
    journal_events: int
    cpu_s: float
    rss_bytes: int


class Check(Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    name: str
    found: str
    is_ok: bool
    remedy: str = ""


class Diagnosis(Struct, frozen=True, kw_only=True):
    """How the daemon finds itself."""

    checks: tuple[Check, ...]


class Failure(Struct, frozen=True, kw_only=True):
    """An error on its way back: the class of errors.py, what happened, what to do."""

    kind: str
    message: str
    remedy: str = ""

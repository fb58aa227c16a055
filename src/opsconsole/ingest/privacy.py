"""Users and API keys enter the store as keyed digests, never as themselves.

The digest is HMAC-SHA256 (RFC 2104) under a key that stays in the home, cut to 16 hexadecimal digits: enough to tell
users apart, useless to whoever has the store without the key.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

import duckdb

_BLOCK = 64
_DIGITS = 16


class Hasher:
    """Makes the digests of one home."""

    def __init__(self, key_file: Path) -> None:
        """Read the key, or make one (mode 0600) where there is none."""
        if not key_file.exists():
            _make_key(key_file)
        key = key_file.read_bytes()
        if len(key) > _BLOCK:
            key = hashlib.sha256(key).digest()
        key = key.ljust(_BLOCK, b"\0")
        self._outer = bytes(byte ^ 0x5C for byte in key)
        self._inner = bytes(byte ^ 0x36 for byte in key)

    def digest_into(self, connection: duckdb.DuckDBPyConnection, table: str, columns: tuple[str, ...]) -> None:
        """Make the temporary table ``digests`` (secret, digest) for every value of these columns of ``table``."""
        secrets_of_all = " UNION ALL ".join(f"SELECT {column} AS secret FROM {table}" for column in columns)
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE digests AS SELECT secret, "
            f"substr(sha256(?::BLOB || unhex(sha256(?::BLOB || encode(secret)))), 1, {_DIGITS}) AS digest "
            f"FROM (SELECT DISTINCT secret FROM ({secrets_of_all}) WHERE secret IS NOT NULL)",
            [self._outer, self._inner],
        )


def _make_key(key_file: Path) -> None:
    """Whole or not at all: an empty key would hash, too, and protect nobody."""
    unfinished = key_file.with_name(key_file.name + ".new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(32))
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(key_file)

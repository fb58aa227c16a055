"""Users and keys are told apart in the store, and are not in it."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingesting import TakeIn

from opsconsole.ingest.privacy import Hasher
from opsconsole.ingest.source import Means
from opsconsole.store.database import Database, rows

SECRETS = {"user": "mallory.unmistakable@example.org", "api_key": "sk-live-0123456789abcdefXYZ"}


def digests(means: Means, key_file: Path, secrets: list[str]) -> dict[str, str]:
    means.connection.execute("CREATE OR REPLACE TEMP TABLE secretive (user_key VARCHAR)")
    means.connection.executemany("INSERT INTO secretive VALUES (?)", [[secret] for secret in secrets])
    Hasher(key_file).digest_into(means.connection, "secretive", ("user_key",))
    return dict(rows(means.connection, "SELECT secret, digest FROM digests"))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    key=st.binary(min_size=1, max_size=100),
    secrets=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1, max_size=5),
)
def test_a_digest_is_hmac_sha256_cut_to_16_digits(means: Means, key: bytes, secrets: list[str]) -> None:
    key_file = means.spool / "some.key"
    key_file.write_bytes(key)
    assert digests(means, key_file, secrets) == {
        secret: hmac.new(key, secret.encode(), hashlib.sha256).hexdigest()[:16] for secret in secrets
    }


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path, means: Means) -> None:
    key_file = tmp_path / "hash.key"
    before = os.umask(0)
    try:
        first = digests(means, key_file, ["u"])
    finally:
        os.umask(before)
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert len(key_file.read_bytes()) == 32
    assert digests(means, key_file, ["u"]) == first
    assert digests(means, tmp_path / "another.key", ["u"]) != first
    assert list(tmp_path.glob("*.new")) == []


@pytest.mark.parametrize("bad_line", [[], [b"{broken"]])
def test_neither_user_nor_key_is_in_the_store(
    tmp_path: Path, database: Database, take_in: TakeIn, bad_line: list[bytes]
) -> None:
    log = tmp_path / "calls.jsonl"
    lines = [
        json.dumps({"ts": f"2026-01-01T00:00:{i:02d}Z", "latency_ms": i, "prompt": "say it", **SECRETS}).encode()
        for i in range(30)
    ]
    log.write_bytes(b"\n".join([*lines, *bad_line]) + b"\n")
    source = take_in(log)
    assert {"user_key", "api_key_id"} <= source.mapping.columns.keys()
    assert rows(database.writer, "SELECT count(user_key), count(api_key_id), count(*) FROM requests") == [(30, 30, 30)]
    held = b"".join(file.read_bytes() for file in database.path.parent.rglob("*") if file.is_file())
    database.checkpoint()
    held += database.path.read_bytes()
    for secret in SECRETS.values():
        assert secret.encode() not in held


def test_an_alias_that_names_no_secret_is_kept(tmp_path: Path, means: Means, take_in: TakeIn) -> None:
    log = tmp_path / "calls.jsonl"
    log.write_text('{"ts": "2026-01-01T00:00:00Z", "api_key_alias": "search", "user": "u"}\n' * 3)
    take_in(log)
    ((alias, user),) = rows(means.connection, "SELECT DISTINCT api_key_id, user_key FROM requests")
    assert alias == "search"
    assert len(user) == 16
    assert int(user, 16) >= 0

"""A lock that fixes every package by a hash is told from one that does not."""

from __future__ import annotations

import pytest

from opsconsole.provenance import NO_HASHES
from opsconsole.registering.locks import caveat_of, is_lock

HASHED = (
    b"# by hand\n--index-url https://index.example.org\nhttpx==0.28.1 \\\n  --hash=sha256:aa \\\n  --hash=sha256:bb\n"
)


@pytest.mark.parametrize(
    "name",
    ["uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml", "package-lock.json", "conda-lock.yml",
     "requirements.txt", "requirements.lock", "requirements-serving.txt", "dev-requirements.txt", "environment.yml"],
)  # fmt: skip
def test_locks_are_known_by_their_names(name: str) -> None:
    assert is_lock(name)


@pytest.mark.parametrize("name", ["notes.txt", "Cargo.toml", "README.md", "robots.txt", "params.yaml"])
def test_other_files_are_no_locks(name: str) -> None:
    assert not is_lock(name)


@pytest.mark.parametrize(
    ("name", "content", "caveat"),
    [
        ("requirements.txt", HASHED, ""),
        ("requirements.txt", HASHED.replace(b"\n", b"\r\n"), ""),
        ("requirements.txt", b"# nothing\n", ""),
        ("requirements.txt", b"httpx==0.28.1\n", NO_HASHES),
        ("requirements.txt", HASHED + b"msgspec==0.20\n", NO_HASHES),
        ("requirements.txt", HASHED + b"-r more.txt\n", NO_HASHES),
        ("requirements.txt", b"httpx==0.28.1 # --hash=sha256:aa\n", NO_HASHES),
        ("environment.yml", b"dependencies: [python=3.11]\n", NO_HASHES),
        ("uv.lock", b"version = 1\n", ""),
    ],
)
def test_what_a_lock_leaves_open(name: str, content: bytes, caveat: str) -> None:
    assert caveat_of(name, content) == caveat

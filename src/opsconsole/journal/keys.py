"""The keys under the journal: Ed25519 (RFC 8032), the public one written as OpenSSH writes its keys.

Always true here: the private key is made whole or not at all, with mode 0600; a key is named by its fingerprint, which
is the one that ``ssh-keygen -lf journal.pub`` prints; public keys of before stay in the file, so that what they signed
can still be checked.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from opsconsole.errors import JournalError


class Signer:
    """Signs with one home's key."""

    def __init__(self, key_file: Path, public_file: Path) -> None:
        """Read the key, or make one where there is none, and see to it that the public one is beside it.

        Raises JournalError for a file that is no such key, or cannot be read or written.
        """
        try:
            self.is_new = not key_file.exists()
            """Was the key made just now?"""
            if self.is_new:
                _write_whole(key_file, _private_bytes(Ed25519PrivateKey.generate()), 0o600)
            self._key = _private_key(key_file)
            self._line = _public_line(self._key.public_key())
            self.fingerprint = fingerprint_of(self._line)
            known = public_file.read_text("ascii", "replace").splitlines() if public_file.exists() else []
            if self._line not in known:
                _write_whole(public_file, "".join(f"{line}\n" for line in [*known, self._line]).encode(), 0o644)
        except OSError as error:
            raise JournalError(
                f"{error.filename}: {error.strerror}", "The journal is signed with this key: see docs/security.md."
            ) from error

    def sign(self, statement: bytes) -> str:
        """The signature, in base64."""
        return base64.b64encode(self._key.sign(statement)).decode()


class Keyring:
    """The public keys that signatures are checked with."""

    def __init__(self, keys: Mapping[str, Ed25519PublicKey], where: str) -> None:
        self._keys = dict(keys)
        self.where = where
        """Where they were read, for messages."""

    @classmethod
    def read(cls, file: Path) -> Keyring:
        """Every key of a file like ``journal.pub``; raises JournalError for a line that is none."""
        try:
            lines = file.read_bytes().split(b"\n")
        except OSError as error:
            raise JournalError(
                f"{file}: {error.strerror}", "Name the journal's public key with --public-key."
            ) from error
        return cls(dict(_keys_in(lines, file)), str(file))

    @property
    def fingerprints(self) -> tuple[str, ...]:
        return tuple(self._keys)

    def has_signed(self, fingerprint: str, statement: bytes, signature: str) -> bool:
        """Was the statement signed with this key, and is the key one of these?"""
        key = self._keys.get(fingerprint)
        if key is None:
            return False
        try:
            raw = base64.b64decode(signature, validate=True)
            key.verify(raw, statement)
        except (InvalidSignature, ValueError):
            return False
        return base64.b64encode(raw).decode() == signature  # base64's last digit has bits that nobody reads


def fingerprint_of(line: str) -> str:
    """``SHA256:…`` of a public key in OpenSSH's form."""
    return fingerprint_of_blob(base64.b64decode(line.split()[1]))


def fingerprint_of_blob(blob: bytes) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _keys_in(lines: list[bytes], file: Path) -> Iterator[tuple[str, Ed25519PublicKey]]:
    *whole, rest = lines
    for number, line in enumerate([*whole, *([rest] if rest else [])], 1):
        words = line.split(b" ", 2)  # the third is a comment
        written, is_blank = b" ".join(words[:2]), words[2:] == [b""]
        try:
            key = serialization.load_ssh_public_key(written)
        except (ValueError, UnsupportedAlgorithm):
            key = None
        # What reads base64 leniently would take a changed byte for none: the key has to be written as it would be.
        if not isinstance(key, Ed25519PublicKey) or _public_line(key).encode() != written or is_blank:
            raise JournalError(f"{file}, line {number}: not an Ed25519 public key", "Compare with a copy of the key.")
        yield fingerprint_of(_public_line(key)), key


def _private_key(file: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise JournalError(
            f"{file}: not an Ed25519 private key",
            "Bring it back from a backup; or move it away, and a new one is made beside the old public one.",
        )
    return key


def _private_bytes(key: Ed25519PrivateKey) -> bytes:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)


def _public_line(key: Ed25519PublicKey) -> str:
    return key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()


def _write_whole(file: Path, content: bytes, mode: int) -> None:
    unfinished = file.with_name(file.name + ".new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    unfinished.rename(file)

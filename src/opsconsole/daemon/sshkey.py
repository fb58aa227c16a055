"""Which SSH key somebody came with, for accounts that several people share.

Two things say so in the environment of the process that connects: ``SSH_USER_AUTH``, the file in which sshd with
``ExposeAuthInfo yes`` writes the key, and ``OPSCONSOLE_KEY_ID``, a fingerprint that a forced command in
``authorized_keys`` sets. Always true here: both are the word of a process of that account, so whoever has a shell on it
can say what they like, and docs/security.md says so; what cannot be read, or contradicts itself, is no key.
"""

from __future__ import annotations

import base64
import os
import re
import stat
from collections.abc import Iterator

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from opsconsole.journal.keys import fingerprint_of, fingerprint_of_blob

EXPOSED, FORCED = "SSH_USER_AUTH", "OPSCONSOLE_KEY_ID"
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_MOST_BYTES = 1 << 20


def claimed_key(pid: int, uid: int) -> str:
    """``SHA256:…`` of the key that this process of this account says it was let in with; empty where it says none."""
    environ = _environ(pid, uid)
    forced = environ.get(FORCED, "")
    said = {forced} if _FINGERPRINT.fullmatch(forced) else set()
    said |= set(_exposed(environ.get(EXPOSED, ""), uid))
    return said.pop() if len(said) == 1 else ""


def _environ(pid: int, uid: int) -> dict[str, str]:
    content = _content_of(f"/proc/{pid}/environ", uid) if pid > 0 else b""
    words = (word.partition("=") for word in content.decode(errors="replace").split("\0"))
    return {name: value for name, equals, value in words if equals}


def _exposed(path: str, uid: int) -> Iterator[str]:
    """The keys in sshd's file: ``publickey ssh-ed25519 AAAA…``, a line for each thing that was asked for."""
    for line in _content_of(path, uid).decode(errors="replace").splitlines() if path else ():
        way, _, key = line.partition(" ")
        if way == "publickey" and (fingerprint := _fingerprint(key.strip())):
            yield fingerprint


def _fingerprint(key: str) -> str:
    """As sshd logs it: of the key itself, also where a certificate came in its place."""
    words = key.split(" ")
    try:
        if "-cert-" not in words[0]:
            return fingerprint_of_blob(base64.b64decode(words[1], validate=True))
        certificate = serialization.load_ssh_public_identity(" ".join(words[:2]).encode())
        if not isinstance(certificate, serialization.SSHCertificate):
            return ""
        form = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
        return fingerprint_of(certificate.public_key().public_bytes(*form).decode())
    except (ValueError, IndexError, UnsupportedAlgorithm):
        return ""


def _content_of(path: str, uid: int) -> bytes:
    """A small file of this account's own; empty where it is not one: the path is somebody else's word."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return b""
    try:
        found = os.fstat(descriptor)
        is_own = stat.S_ISREG(found.st_mode) and found.st_uid == uid
        return os.read(descriptor, _MOST_BYTES) if is_own else b""
    except OSError:
        return b""
    finally:
        os.close(descriptor)

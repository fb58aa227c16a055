"""The way to a Kubernetes cluster: from a kubeconfig, from the pod that this runs in, or from an address and a token.

Always true here: nothing is executed to get a credential, certificates are always checked, and what a kubeconfig wants
beyond that is refused by name instead of being passed over.
"""

from __future__ import annotations

import base64
import binascii
import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import yaml

from opsconsole.errors import ConfigError
from opsconsole.outside.secrets import Secret, SecretFrom, SecretSource
from opsconsole.releases.targets.base import AuthFailed, Site

_BEARER = "Bearer "
_OTHERS = 0o077
_NOT_DONE = {
    "exec": "it wants a program to be executed",
    "auth-provider": "it wants an auth provider",
    "username": "it has a password",
    "insecure-skip-tls-verify": "it does not check certificates",
    "proxy-url": "it goes through a proxy",
    "tls-server-name": "it expects another name in the certificate",
    "as": "it acts as somebody else",
}
"""Keys of a kubeconfig that are refused, and why."""


@dataclass(frozen=True)
class Access:
    """Where an API server is and what it is shown."""

    server: str
    namespace: str
    """Empty where nothing says which."""
    token: SecretSource | None = None
    tls: ssl.SSLContext | None = None
    """None: the system's certificates, or those that the options name."""


@dataclass(frozen=True)
class _TokenFile(SecretSource):
    """A token that Kubernetes renews in a file whose mode is not ours to choose."""

    def secret(self) -> Secret:
        path = self.origin.file or Path()
        try:
            return Secret(str(path), _BEARER + path.read_text(encoding="utf-8").strip())
        except OSError as error:
            raise AuthFailed(f"the token {path}: {error.strerror}", "Is the service account mounted?") from error


@dataclass(frozen=True)
class _TokenInside(SecretSource):
    """A token that stands in a kubeconfig."""

    text: str = field(default="", repr=False)

    def secret(self) -> Secret:
        return Secret(str(self.origin.file), _BEARER + self.text)


def given(server: str, token: SecretFrom | None, site: Site) -> Access:
    """An address and a token by name."""
    source = msgspec.structs.replace(token, prefix=_BEARER).at(site) if token else None
    return Access(server, "", source)


def of_the_pod(site: Site, mounted: Path) -> Access:
    """The service account that Kubernetes has mounted. Raises ConfigError where this is no such pod."""
    host, port = site.environ.get("KUBERNETES_SERVICE_HOST"), site.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host or not mounted.is_dir():
        raise ConfigError(
            "neither `kubeconfig` nor `server` is given, and this is no pod with a service account",
            "Name a kubeconfig, or the API server and a token.",
        )
    host = f"[{host}]" if ":" in host else host
    try:
        namespace = (mounted / "namespace").read_text(encoding="utf-8").strip()
        authority = (mounted / "ca.crt").read_bytes()
    except OSError as error:
        raise ConfigError(f"{error.filename}: {error.strerror}", "Is the service account mounted?") from error
    token = _TokenFile(SecretFrom(file=mounted / "token"), site)
    return Access(f"https://{host}:{port}", namespace, token, _context(authority, None, mounted))


class _Named(msgspec.Struct, frozen=True):
    name: str
    context: dict[str, Any] = {}
    cluster: dict[str, Any] = {}
    user: dict[str, Any] = {}


class _Kubeconfig(msgspec.Struct, frozen=True, rename={"current": "current-context"}):
    clusters: tuple[_Named, ...]
    contexts: tuple[_Named, ...]
    users: tuple[_Named, ...]
    current: str = ""


def of_kubeconfig(path: Path, wanted: str, site: Site) -> Access:
    """What a kubeconfig says for one of its contexts, the current one by default. Raises ConfigError."""
    try:
        config = msgspec.convert(yaml.safe_load(path.read_bytes()), _Kubeconfig)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", "Correct `kubeconfig`.") from error
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path} is no kubeconfig: {error}", "`kubectl config view` shows what is wrong.") from error
    context = _entry(config.contexts, wanted or config.current, "context", path).context
    cluster = _entry(config.clusters, context.get("cluster", ""), "cluster", path).cluster
    user = _entry(config.users, context.get("user", ""), "user", path).user
    for wish, value in (cluster | user).items():
        if wish in _NOT_DONE and value:
            raise ConfigError(
                f"{path}: `{wish}`: {_NOT_DONE[wish]}",
                "Use a context with a token or a client certificate: `kubectl create token` makes one.",
            )
    if {"token", "client-key-data"} & user.keys() and path.stat().st_mode & _OTHERS:
        raise ConfigError(f"{path} has credentials in it and others than its owner can read it", f"chmod 600 {path}")
    certificate, key = _pem(user, "client-certificate", path), _pem(user, "client-key", path)
    pair = (certificate, key) if certificate and key else None
    authority = _pem(cluster, "certificate-authority", path)
    tls = _context(authority, pair, path) if authority or pair else None
    return Access(str(cluster.get("server", "")), str(context.get("namespace", "")), _token(user, path, site), tls)


def _entry(entries: tuple[_Named, ...], name: str, what: str, path: Path) -> _Named:
    for entry in entries:
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in entries) or "none"
    raise ConfigError(f"{path}: no {what} `{name}`", f"There is: {known}.")


def _token(user: dict[str, Any], path: Path, site: Site) -> SecretSource | None:
    if "tokenFile" in user:
        return _TokenFile(SecretFrom(file=path.parent / user["tokenFile"]), site)
    if "token" in user:
        return _TokenInside(SecretFrom(file=path), site, text=str(user["token"]))
    return None


def _pem(entry: dict[str, Any], key: str, path: Path) -> bytes | None:
    """What stands at ``key-data``, or in the file at ``key``."""
    try:
        if inside := entry.get(f"{key}-data"):
            return base64.b64decode(inside, validate=True)
        return (path.parent / entry[key]).read_bytes() if entry.get(key) else None
    except (OSError, binascii.Error) as error:
        raise ConfigError(f"{path}: `{key}` cannot be read: {error}", "Correct the kubeconfig.") from error


def _context(authority: bytes | None, pair: tuple[bytes, bytes] | None, path: Path) -> ssl.SSLContext:
    """Python takes a client's certificate and key from files only: they exist for that moment, readable by us alone."""
    try:
        context = ssl.create_default_context(cadata=authority.decode("ascii") if authority else None)
        if pair:
            with tempfile.TemporaryDirectory() as directory:
                files = [Path(directory) / name for name in ("certificate", "key")]
                for file, data in zip(files, pair, strict=True):
                    file.touch(0o600)
                    file.write_bytes(data)
                context.load_cert_chain(files[0], files[1])
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError(f"{path}: its certificates are not understood: {error}", "They have to be PEM.") from error
    return context

"""A target that is one Kubernetes object: it is read, and changed by a JSON patch.

Always true here: a patch begins with ``test`` operations on what the operator was shown, so the API server itself
refuses when any of it is different now (422); ``resourceVersion`` is not among them, because every report of a status
changes it. No note of the operation is left on the object: controllers copy annotations to what they make, and a new
annotation would roll out new pods.

What differs between systems is a ``Dialect``; it is pure, but for the further objects that it may read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx
import msgspec

from opsconsole.errors import ConfigError
from opsconsole.outside.secrets import SecretFrom, SecretSource
from opsconsole.outside.web import Web, WebAnswer, WebOptions
from opsconsole.releases.targets import kubeconfig
from opsconsole.releases.targets.base import Conflict, Rejected, Site, Unsupported
from opsconsole.releases.targets.shares import spelled
from opsconsole.releases.targets.showing import request_of
from opsconsole.wire import Caps, Receipt, Routing, TargetPhase, TargetRequest, TargetState

MOUNTED = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where Kubernetes puts a pod's own credentials."""
_PATCH_TYPE = {"Content-Type": "application/json-patch+json"}
_WHO = "fieldManager=opsconsole"
_REFUSED = (409, 422)

Operation = dict[str, Any]


class KubernetesOptions(WebOptions, frozen=True, kw_only=True):
    """How to reach the cluster, and which object there."""

    name: str
    """Name of the object."""
    namespace: str = ""
    """Its namespace; else that of the kubeconfig's context, or of the pod, or `default`."""
    kubeconfig: Path | None = None
    """A kubeconfig with a token or a client certificate; plug-ins that would have to be executed are refused."""
    context: str = ""
    """Its context; else its current one."""
    server: str = ""
    """Or: address of the API server, …"""
    token: SecretFrom | None = None
    """… and a token for it, without `Bearer`. Without either: the service account of the pod."""


class Cluster:
    """One API server. Safe to use from several threads."""

    def __init__(self, options: KubernetesOptions, site: Site, transport: httpx.BaseTransport | None = None) -> None:
        """Raises ConfigError when the way there cannot be told."""
        if options.server and options.kubeconfig:
            raise ConfigError("both `server` and `kubeconfig` are given", "Give one of them.")
        if options.server:
            access = kubeconfig.given(options.server, options.token, site)
        elif options.kubeconfig:
            access = kubeconfig.of_kubeconfig(site.directory / options.kubeconfig, options.context, site)
        else:
            access = kubeconfig.of_the_pod(site, MOUNTED)
        if options.ca_file and access.tls:
            raise ConfigError(
                "`ca_file` is given, and the cluster's own configuration has certificates", "Leave it out."
            )
        self.namespace = options.namespace or access.namespace or "default"
        headers: dict[str, str | SecretSource] = {"Authorization": access.token} if access.token else {}
        self._web = Web(access.server, options, headers=headers, tls=access.tls, transport=transport)

    def get(self, path: str) -> Any:
        """An object. Raises Unreachable, AuthFailed or Rejected."""
        return self._web.send("GET", path, is_read=True).json()

    def patch(self, path: str, operations: list[Operation]) -> WebAnswer:
        """Change an object; an answer of 409 or 422 comes back as it is. Raises TargetError."""
        place = f"{path}?{_WHO}"
        return self._web.send("PATCH", place, json=operations, headers=_PATCH_TYPE, is_read=False, accepted=_REFUSED)

    def rehearsed(self, path: str, operations: list[Operation]) -> Any:
        """The object as it would be; nothing is kept. Raises Unreachable, AuthFailed or Rejected."""
        place = f"{path}?dryRun=All&{_WHO}"
        return self._web.send("PATCH", place, json=operations, headers=_PATCH_TYPE, is_read=True).json()

    def request(self, path: str, operations: list[Operation]) -> TargetRequest:
        """What ``patch`` would send."""
        return request_of(self._web, "PATCH", f"{path}?{_WHO}", json=operations, headers=_PATCH_TYPE)

    def close(self) -> None:
        self._web.close()


@dataclass(frozen=True)
class Seen:
    """What an object says."""

    routing: Routing
    phase: TargetPhase
    basis: msgspec.Struct
    """What a patch is computed from, and tested against."""
    detail: dict[str, str]


@dataclass(frozen=True)
class Patch:
    operations: list[Operation]
    subresource: str = ""
    """``/status``, where what is to be changed is kept apart from the specification."""


class Dialect(Protocol):
    """One kind of object."""

    @property
    def kind(self) -> str:
        """``kserve``."""
        ...

    @property
    def caps(self) -> Caps: ...

    @property
    def resource(self) -> tuple[str, str]:
        """API group with version, and plural: ``("serving.kserve.io/v1beta1", "inferenceservices")``."""
        ...

    @property
    def basis(self) -> type[msgspec.Struct]: ...

    def seen(self, document: Any, cluster: Cluster) -> Seen:
        """What the object says. Raises Rejected when it is not of the expected shape."""
        ...

    def patch(self, basis: Any, before: Routing, after: Routing) -> Patch:
        """How to get there from what was seen, pure; raises Unsupported where that cannot be done.

        A patch without any change says that it is specified so already; it is never sent, nor told as done.
        """
        ...


class KubernetesTarget:
    """One object in one cluster."""

    def __init__(self, dialect: Dialect, cluster: Cluster, options: KubernetesOptions, site: Site) -> None:
        self._dialect = dialect
        self._cluster = cluster
        self._site = site
        self._name = options.name
        group, plural = dialect.resource
        self._path = f"/apis/{group}/namespaces/{cluster.namespace}/{plural}/{options.name}"

    @property
    def caps(self) -> Caps:
        return self._dialect.caps

    @property
    def name(self) -> str:
        return f"{self._dialect.kind} {self._cluster.namespace}/{self._name}"

    def read(self) -> TargetState:
        document = self._cluster.get(self._path)
        if not isinstance(document, dict) or not {"metadata", "spec"} <= document.keys():
            raise Rejected(f"{self._path}: not an object of Kubernetes", "Correct the address of the API server.")
        seen = self._dialect.seen(document, self._cluster)
        return TargetState(
            routing=seen.routing,
            phase=seen.phase,
            token=str(document["metadata"].get("generation", "")),
            detail={**seen.detail, "basis": msgspec.json.encode(seen.basis).decode()},
            observed_at=self._site.clock.now(),
        )

    def requests(self, before: TargetState, after: Routing) -> tuple[TargetRequest, ...]:
        patch = self._patch(before, after)
        return (self._cluster.request(self._path + patch.subresource, patch.operations),)

    def apply(self, before: TargetState, after: Routing, op_id: str) -> Receipt:
        patch = self._patch(before, after)
        found = self.read()
        if _moved(before, found):
            raise self._conflict(before, found)
        answer = self._cluster.patch(self._path + patch.subresource, patch.operations)
        if answer.status not in _REFUSED:
            return Receipt(op_id=op_id, answer=answer.told().partition(" {")[0])
        found = self.read()
        if answer.status == 409 or _moved(before, found):
            raise self._conflict(before, found)
        raise Rejected(f"{answer.asked}: {answer.told()}", "The cluster does not admit this change: nothing is done.")

    def rehearse(self, before: TargetState, after: Routing) -> str:
        patch = self._patch(before, after)
        now = self._cluster.get(self._path)
        then = self._cluster.rehearsed(self._path + patch.subresource, patch.operations)
        changes = [*_differences("spec", now["spec"], then["spec"])]
        changes += _differences("status", now.get("status"), then.get("status"))
        return "\n".join(changes) or "nothing would change"

    def close(self) -> None:
        self._cluster.close()

    def _patch(self, before: TargetState, after: Routing) -> Patch:
        basis = msgspec.json.decode(before.detail["basis"], type=self._dialect.basis)
        patch = self._dialect.patch(basis, before.routing, after)
        if all(operation["op"] == "test" for operation in patch.operations):
            raise Unsupported("nothing would change: it is specified so already", "Look at whether it has its effect.")
        return patch

    def _conflict(self, before: TargetState, found: TargetState) -> Conflict:
        def told(state: TargetState) -> str:
            return f"{spelled(state.routing.shares) or 'nothing'} (generation {state.token})"

        return Conflict(f"{self.name} is {told(found)} now, and was {told(before)}", "Look again.", found)


def _moved(before: TargetState, found: TargetState) -> bool:
    """The shares are not compared: a controller that carries out what is already specified moves them by itself."""
    return found.detail["basis"] != before.detail["basis"]


def _differences(path: str, now: Any, then: Any) -> Iterator[str]:
    if now == then:
        return
    if isinstance(now, dict) and isinstance(then, dict):
        for key in sorted(now.keys() | then.keys()):
            yield from _differences(f"{path}.{key}", now.get(key), then.get(key))
    elif isinstance(now, list) and isinstance(then, list) and len(now) == len(then):
        for index, (old, new) in enumerate(zip(now, then, strict=True)):
            yield from _differences(f"{path}[{index}]", old, new)
    else:
        yield f"{path}: {_short(now)} → {_short(then)}"


def _short(value: Any) -> str:
    return "–" if value is None else msgspec.json.encode(value).decode()


def must_be(path: str, value: Any) -> Operation:
    """Refuse unless this is so."""
    return {"op": "test", "path": path, "value": value}


def put(path: str, value: Any, *, is_there: bool) -> Operation:
    """Set a value, which is there already or not."""
    return {"op": "replace" if is_there else "add", "path": path, "value": value}


def remove(path: str) -> Operation:
    return {"op": "remove", "path": path}


def pointer(*parts: str | int) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def ready_phase(document: Any) -> TargetPhase:
    """What the object's conditions say, where they speak of the specification as it is now."""
    status, metadata = document.get("status") or {}, document["metadata"]
    if status.get("observedGeneration", metadata.get("generation")) != metadata.get("generation"):
        return "changing"
    for condition in status.get("conditions") or ():
        if condition.get("type") == "Ready":
            return {"True": "steady", "False": "failed"}.get(condition.get("status"), "changing")  # type: ignore[return-value]
    return "unknown"

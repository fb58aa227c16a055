"""As much of a Kubernetes API server as the targets ask for, faithful to recorded exchanges with a real one.

``test_fake_apiserver`` replays the recordings against it. No controller runs: tests say what one would report.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from loopback import Asked, Said

_INVALID = "the server rejected our request due to an error in our request"
_STALE = "the object has been modified; please apply your changes to the latest version and try again"


class ApiServer:
    """Objects by path. ``failing`` may answer, or act, before anything else does."""

    def __init__(self, version: int = 0, failing: Callable[[Asked], Said | None] | None = None) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.version = version
        self.failing = failing
        self.checks: dict[str, Callable[[Any], list[dict[str, str]]]] = {}
        """Plural of a resource → what its schema has against an object, as ``causes``."""

    def put(self, path: str, document: dict[str, Any]) -> None:
        """An object that is there from the start, or that somebody else has changed."""
        self.version += 1
        metadata = document.setdefault("metadata", {})
        before = self.objects.get(path)
        metadata.setdefault("name", path.rpartition("/")[2])
        metadata["resourceVersion"] = str(self.version)
        if before is None or before.get("spec") != document.get("spec"):
            metadata["generation"] = (before or {"metadata": {}})["metadata"].get("generation", 0) + 1
        self.objects[path] = document

    def report(self, path: str, status: dict[str, Any]) -> None:
        """What a controller writes: the generation stays."""
        self.put(path, copy.deepcopy(self.objects[path]) | {"status": status})

    def change(self, path: str, make: Callable[[Any], None]) -> None:
        """What somebody else changes."""
        document = copy.deepcopy(self.objects[path])
        make(document)
        self.put(path, document)

    def __call__(self, asked: Asked) -> Said:
        if self.failing and (said := self.failing(asked)) is not None:
            return said
        split = urlsplit(asked.path)
        path = unquote(split.path)
        answer = {"GET": self._get, "POST": self._post, "PATCH": self._patch}[asked.method]
        return answer(path, parse_qs(split.query), asked)

    def _get(self, path: str, query: dict[str, list[str]], asked: Asked) -> Said:
        if "labelSelector" in query:
            key, _, value = query["labelSelector"][0].partition("=")
            items = [each for name, each in self.objects.items() if name.startswith(f"{path}/")]
            return 200, {"items": [each for each in items if each["metadata"].get("labels", {}).get(key) == value]}
        return (200, self.objects[path]) if path in self.objects else self._missing(path)

    def _post(self, path: str, query: dict[str, list[str]], asked: Asked) -> Said:
        document = asked.document
        place = f"{path}/{document['metadata']['name']}"
        if place in self.objects:
            return _status(409, "AlreadyExists", f"{_kind(place)} already exists", _details(place))
        document["metadata"]["namespace"] = path.split("/")[5]
        self.put(place, document)
        return 201, self.objects[place]

    def _patch(self, path: str, query: dict[str, list[str]], asked: Asked) -> Said:
        is_status = path.endswith("/status")
        path = path.removesuffix("/status")
        if path not in self.objects:
            return self._missing(path)
        before = self.objects[path]
        after = copy.deepcopy(before)
        body = asked.document
        if asked.headers["content-type"] == "application/merge-patch+json":
            stale = body.get("metadata", {}).get("resourceVersion")
            if stale and stale != before["metadata"]["resourceVersion"]:
                return _status(
                    409, "Conflict", f"Operation cannot be fulfilled on {_kind(path)}: {_STALE}", _details(path)
                )
            after = _merged(after, body)
        else:
            try:
                for operation in body:
                    after = _operated(after, operation)
            except (LookupError, ValueError, TypeError):
                return _status(422, "Invalid", _INVALID, {})
        kept = ("status",) if is_status else tuple(key for key in after if key != "status")
        after = {key: copy.deepcopy(value) for key, value in before.items() if key not in kept} | {
            key: after[key] for key in kept if key in after
        }
        after["metadata"] = copy.deepcopy(before["metadata"]) if is_status else after["metadata"]
        plural = path.split("/")[-2]
        if causes := self.checks.get(plural, lambda _: [])(after):
            return _unfit(path, after, causes)
        if "dryRun" in query:
            if after.get("spec") != before.get("spec"):
                after["metadata"]["generation"] += 1
            return 200, after
        self.put(path, after)
        return 200, self.objects[path]

    def _missing(self, path: str) -> Said:
        return _status(404, "NotFound", f"{_kind(path)} not found", _details(path))


def _kind(path: str) -> str:
    group, plural, name = _parts(path)
    return f'{plural}.{group} "{name}"'


def _parts(path: str) -> tuple[str, str, str]:
    words = path.strip("/").split("/")
    return words[1], words[-2], words[-1]


def _details(path: str) -> dict[str, str]:
    group, plural, name = _parts(path)
    return {"name": name, "group": group, "kind": plural}


def _unfit(path: str, document: Any, causes: list[dict[str, str]]) -> Said:
    group, _, name = _parts(path)
    told = ", ".join(f"{cause['field']}: {cause['message']}" for cause in causes)
    details = {"name": name, "group": group, "kind": document["kind"], "causes": causes}
    return _status(422, "Invalid", f'{document["kind"]}.{group} "{name}" is invalid: {told}', details)


def _status(code: int, reason: str, message: str, details: dict[str, Any]) -> Said:
    document = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
    return code, document | {"reason": reason, "details": details, "code": code}


def _merged(target: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merged(result.get(key), value)
    return result


def _operated(document: Any, operation: dict[str, Any]) -> Any:
    """RFC 6902: test, add, replace and remove."""
    *way, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
    place = document
    for part in way:
        place = place[int(part)] if isinstance(place, list) else place[part]
    kind = operation["op"]
    if isinstance(place, list):
        index = len(place) if last == "-" else int(last)
        if kind == "add":
            place.insert(index, operation["value"])
            return document
        last_key: Any = index
    else:
        last_key = last
        if kind == "add":
            place[last] = operation["value"]
            return document
    found = place[last_key]
    if kind == "test" and json.dumps(found, sort_keys=True) != json.dumps(operation["value"], sort_keys=True):
        raise ValueError(f"{operation['path']} is {found!r}")
    if kind == "replace":
        place[last_key] = operation["value"]
    elif kind == "remove":
        del place[last_key]
    return document

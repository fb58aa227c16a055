"""The API server that the tests use answers recorded requests as the real one did when they were recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from apiserver import ApiServer
from loopback import serving

RECORDINGS = {
    "kserve": ("kserve/kube_apiserver_exchange.jsonl", 216),
    "seldon": ("seldon/kube_apiserver_exchange.jsonl", 274),
}
"""Name → file under samples/, and the resourceVersion before its first object was made."""
NOT_ASKED = {"application/apply-patch+yaml"}
"""Server-side apply, which no target sends."""
OF_THE_MOMENT = ("uid", "creationTimestamp", "managedFields")


def exchanges(file: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [
        line
        for line in lines
        if "/namespaces/ml/" in line["path"] and line.get("content_type", line.get("ct")) not in NOT_ASKED
    ]


def lasting(document: Any) -> Any:
    metadata = {key: value for key, value in document.get("metadata", {}).items() if key not in OF_THE_MOMENT}
    return document | {"metadata": metadata}


def integer_weights(document: Any) -> list[dict[str, str]]:
    """The Experiment's schema, as far as the recordings break it."""
    place = "spec.candidates.weight"
    wrong = [entry["weight"] for entry in document["spec"]["candidates"] if isinstance(entry.get("weight"), str)]
    message = f'{place} in body must be of type integer: "string"'
    return [
        {"reason": "FieldValueInvalid", "message": f'Invalid value: "string": {message}', "field": place} for _ in wrong
    ]


@pytest.mark.parametrize("name", RECORDINGS)
def test_recorded_requests_are_answered_as_they_were(shared: Path, name: str) -> None:
    file, version = RECORDINGS[name]
    fake = ApiServer(version)
    fake.checks["experiments"] = integer_weights
    replayed = 0
    with serving(fake) as there:
        for line in exchanges(shared / "samples" / file):
            answer = httpx.request(
                line["method"],
                there.url + line["path"],
                content=json.dumps(line["body"]),
                headers={"content-type": line.get("content_type", line.get("ct"))},
            )
            told = f"{line.get('note', '')} {line['method']} {line['path']} {line['body']}"
            assert answer.status_code == line["status"], told
            assert lasting(answer.json()) == lasting(line["response"]), told
            replayed += 1
    assert replayed >= 6

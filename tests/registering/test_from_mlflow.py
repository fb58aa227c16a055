"""A registered model is read from exchanges that were recorded from a real server (MLflow 3.17.2)."""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from pathlib import Path

import httpx
import msgspec
import pytest

from opsconsole import wire
from opsconsole.errors import InputError, UsageError
from opsconsole.provenance import NO_HASHES, reproduce
from opsconsole.registering.combining import combine
from opsconsole.registering.mlflow import read

SERVER = "http://mlflow:5000"
RECORDED = {
    exchange["path"]: exchange
    for exchange in map(json.loads, (Path(__file__).parent / "mlflow_exchange.jsonl").read_text().splitlines())
}


def answer(request: httpx.Request) -> httpx.Response:
    exchange = RECORDED[request.url.raw_path.decode()]
    return httpx.Response(exchange["status"], text=exchange["text"], headers={"content-type": exchange["type"]})


TRANSPORT = httpx.MockTransport(answer)


@pytest.mark.parametrize("reference", ["models:/fraud/3", "models:/fraud@champion"])
def test_model_run_data_parameters_lock_and_commit_are_found(reference: str) -> None:
    found = read(SERVER, reference, TRANSPORT)
    told = {part.kind: (part.uri, part.digest) for part in found.parts}
    assert told["model"] == ("models:/fraud/3", "mlflow:m-ec9e760fec5f40ecb73ae86a6481a8f1")
    assert told["data"] == ("https://data.example.org/fraud/train-2026-11.csv", "mlflow-dataset:4ee31f24")
    assert told["code"][0].startswith("https://git.example.org/risk/fraud.git@1f2e3d4c")
    assert told["lock"][0] == "models:/fraud/3/requirements.txt"
    assert told["config"][0].endswith("#params")
    assert found.note == "approved_by=risk-board"
    assert found.left_out == ("data set held-out: used for evaluation, not for training",)


def test_what_mlflow_does_not_fix_is_left_open() -> None:
    manifest = combine([read(SERVER, "models:/fraud/3", TRANSPORT)], "fraud-score", "v4", "")
    found = reproduce(manifest)
    gaps = {gap.kind: gap.what for gap in found.gaps if gap.is_blocking}
    assert gaps.keys() == {"data", "lock"}
    assert "too weak" in gaps["data"]
    assert gaps["lock"] == NO_HASHES


def test_the_commands_ask_the_very_server_that_was_read() -> None:
    parts = {part.kind: part for part in read(SERVER, "models:/fraud/3", TRANSPORT).parts}
    assert parts["model"].obtain == (
        f"env MLFLOW_TRACKING_URI={SERVER} mlflow artifacts download --artifact-uri=models:/fraud/3 --dst-path=model",
    )
    assert parts["lock"].obtain[-1] == "environment/bin/python -m pip install --requirement=lock/requirements.txt"


def test_parameters_have_the_digest_of_the_file_that_the_commands_write(tmp_path: Path) -> None:
    """The run's description is given by a stand-in for ``mlflow`` that prints what a real one printed of it."""
    (config,) = (part for part in read(SERVER, "models:/fraud/3", TRANSPORT).parts if part.kind == "config")
    described = {"data": {"params": {"eta": "0.1", "depth": "6"}}, "info": {}}
    stub = tmp_path / "mlflow"
    stub.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(described)}\nEND\n")
    stub.chmod(0o700)
    done = subprocess.run(
        ["bash", "-ec", "\n".join(config.obtain)], cwd=tmp_path, env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "config/params.json: OK\n"), done.stderr


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("models:/fraud/99", "Model Version (name=fraud, version=99) not found (RESOURCE_DOES_NOT_EXIST)"),
        ("models:/fraud@nobody", "Registered model alias nobody not found. (INVALID_PARAMETER_VALUE)"),
        ("models:/nothing/1", "Model Version (name=nothing, version=1) not found"),
    ],
)
def test_what_mlflow_refuses_is_told_in_its_own_words(reference: str, why: str) -> None:
    with pytest.raises(InputError) as caught:
        read(SERVER, reference, TRANSPORT)
    assert why in caught.value.message


def test_a_model_of_a_run_of_mlflow_2_is_fixed_by_its_run(shared: Path) -> None:
    """The alias' answer of a real server whose models were logged by run; all else is refused."""
    lines = (shared / "samples/mlflow/rest_exchange.jsonl").read_text().splitlines()
    exchanges = map(json.loads, lines)
    (found,) = (
        each["response"] for each in exchanges
        if each["path"].endswith("/alias") and each["method"] == "GET" and each["status"] == 200
    )  # fmt: skip
    run = {"run": {"info": {}, "data": {"tags": [{"key": "mlflow.source.git.commit", "value": "a" * 40}]}}}

    def old(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/alias"):
            return httpx.Response(200, json=found)
        return httpx.Response(200, json=run) if request.url.path.endswith("runs/get") else httpx.Response(404)

    contribution = read(SERVER, "models:/fraud@champion", httpx.MockTransport(old))
    assert [(part.kind, part.uri, part.digest) for part in contribution.parts] == [
        ("model", "models:/fraud/1", "mlflow:393c76957e9b4d3faad57c26eec27a86")
    ]
    assert [reason.partition(":")[0] for reason in contribution.left_out] == [
        "the server shows no requirements of the model",
        "the run names no data sets",
        "the run has no parameters",
        "the run was made from commit aaaaaaaaaaaa and names no repository",
    ]


def test_a_server_that_is_not_there_or_is_another_is_told() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no")

    with pytest.raises(InputError, match=r"cannot be reached \(ConnectError\)"):
        read(SERVER, "models:/fraud/3", httpx.MockTransport(refuse))
    with pytest.raises(InputError, match="does not answer as MLflow does"):
        read(SERVER, "models:/fraud/3", httpx.MockTransport(lambda request: httpx.Response(200, text="<html>")))
    with pytest.raises(InputError, match="HTTP 502"):
        read(SERVER, "models:/fraud/3", httpx.MockTransport(lambda request: httpx.Response(502, text="<html>")))


@pytest.mark.parametrize(
    ("server", "reference"), [(SERVER, "fraud/3"), (SERVER, "models:/fraud"), ("mlflow:5000", "models:/fraud/3")]
)
def test_words_that_name_no_model_are_a_usage_error(server: str, reference: str) -> None:
    with pytest.raises(UsageError):
        read(server, reference, TRANSPORT)


def test_secrets_go_to_the_server_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def ask(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("authorization", ""))
        return answer(request)

    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "amira")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
    found = read(SERVER, "models:/fraud/3", httpx.MockTransport(ask))
    assert set(seen) == {f"Basic {b64encode(b'amira:secret').decode()}"}
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t0ken")
    read(SERVER, "models:/fraud/3", httpx.MockTransport(ask))
    assert seen[-1] == "Bearer t0ken"
    manifest = wire.Manifest(service="fraud", version="v4", parts=found.parts)
    assert b"secret" not in msgspec.json.encode(manifest)
    with_password = read("http://amira:secret@mlflow:5000", "models:/fraud/3", TRANSPORT)
    assert with_password.parts == found.parts

"""A registered model of MLflow and the run that made it, over MLflow's REST API.

Always true here: nothing is written to the server; an alias is resolved once, and the version that it names then is
what is registered; what MLflow does not say is left out and named, never made up. Its digest of a data set is 32 bits
over a sample of rows, so it tells two data sets apart and pins none.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
from base64 import b64encode
from collections.abc import Mapping
from typing import TypeVar

import httpx
import msgspec

from opsconsole import wire
from opsconsole.errors import InputError, UsageError
from opsconsole.provenance.reproducing import commands_of
from opsconsole.registering.combining import Contribution
from opsconsole.registering.git import without_secrets
from opsconsole.registering.locks import caveat_of

S = TypeVar("S", bound=msgspec.Struct)

_REFERENCE = re.compile(r"models:/(?P<name>[^/@]+)(?:/(?P<version>\d+)|@(?P<alias>[^/@]+))")
_LOGGED_MODEL = re.compile(r"models:/(m-[0-9a-f]{32})")
_LOCKS = ("requirements.txt", "conda.yaml")
"""What MLflow writes beside a model, the one that is installed by hashes, if it has any, first."""
_TRAINING = frozenset({"", "train", "training"})
_TIMEOUT_S = 30.0
_MOST_BYTES = 4 << 20
"""Of a file that is read to be hashed."""
_PARAMETERS_OF_RUN = (
    'import json, sys; json.dump(json.load(sys.stdin)["data"]["params"], sys.stdout, sort_keys=True, indent=2)'
)


class _Pair(msgspec.Struct, frozen=True):
    key: str
    value: str = ""


class _Version(msgspec.Struct, frozen=True):
    name: str
    version: str
    source: str = ""
    run_id: str = ""
    description: str = ""
    tags: tuple[_Pair, ...] = ()


class _VersionReply(msgspec.Struct, frozen=True):
    model_version: _Version


class _Dataset(msgspec.Struct, frozen=True):
    name: str
    digest: str = ""
    source: str = ""


class _Input(msgspec.Struct, frozen=True):
    dataset: _Dataset
    tags: tuple[_Pair, ...] = ()


class _Inputs(msgspec.Struct, frozen=True):
    dataset_inputs: tuple[_Input, ...] = ()


class _Data(msgspec.Struct, frozen=True):
    params: tuple[_Pair, ...] = ()
    tags: tuple[_Pair, ...] = ()


class _Run(msgspec.Struct, frozen=True):
    data: _Data = _Data()
    inputs: _Inputs = _Inputs()


class _RunReply(msgspec.Struct, frozen=True):
    run: _Run


class _Refusal(msgspec.Struct, frozen=True):
    error_code: str
    message: str = ""


def read(server: str, reference: str, transport: httpx.BaseTransport | None = None) -> Contribution:
    """What a server of MLflow says of ``models:/NAME/VERSION`` or ``models:/NAME@ALIAS``.

    Raises UsageError for another reference, and InputError when the server cannot be reached or says no.
    """
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise UsageError(
            f"{reference!r} names no registered model", "Write models:/NAME/VERSION or models:/NAME@ALIAS."
        )
    with _Server(server, transport) as asked:
        if found["alias"]:
            version = asked.get("registered-models/alias", _VersionReply, name=found["name"], alias=found["alias"])
        else:
            version = asked.get("model-versions/get", _VersionReply, name=found["name"], version=found["version"])
        model = version.model_version
        run = asked.get("runs/get", _RunReply, run_id=model.run_id).run if model.run_id else _Run()
        files = {name: content for name in _LOCKS if (content := asked.file_of(model, name)) is not None}
    parts = [_model(model, asked.address), *_locks(model, files, asked.address)]
    left_out = [] if files else ["the server shows no requirements of the model: name the lock with --lock"]
    for more, reasons in (_data(run), _config(run, model.run_id, asked.address), _code(run)):
        parts += more
        left_out += reasons
    tags = [f"{tag.key}={tag.value}" for tag in model.tags if not tag.key.startswith("mlflow.")]
    note = "; ".join(each for each in (model.description, *tags) if each)
    return Contribution(origin="mlflow", parts=tuple(parts), note=note, left_out=tuple(left_out))


Found = tuple[list[wire.Part], list[str]]
"""(Parts, what was left out and why)."""


def _model(model: _Version, server: str) -> wire.Part:
    logged = _LOGGED_MODEL.fullmatch(model.source)
    made_by = logged[1] if logged else model.run_id
    part = wire.Part(
        kind="model",
        uri=f"models:/{model.name}/{model.version}",
        digest=f"mlflow:{made_by}" if made_by else "",
        name=f"{model.name} {model.version}",
    )
    return _obtained(part, "model", server)


def _locks(model: _Version, files: Mapping[str, bytes], server: str) -> list[wire.Part]:
    for name, content in files.items():
        part = wire.Part(
            kind="lock",
            uri=f"models:/{model.name}/{model.version}/{name}",
            digest=f"sha256:{hashlib.sha256(content).hexdigest()}",
            name=name,
            caveat=caveat_of(name, content),
        )
        return [_obtained(part, "lock", server)]
    return []


def _obtained(part: wire.Part, directory: str, server: str) -> wire.Part:
    """With the commands that fetch it from this very server."""
    commands = commands_of(part, directory) or ()
    prefix = shlex.join(("env", f"MLFLOW_TRACKING_URI={server}"))
    lines = tuple(f"{prefix} {line}" if line.startswith("mlflow ") else line for line in commands)
    return msgspec.structs.replace(part, obtain=lines)


def _data(run: _Run) -> Found:
    parts, left_out = [], []
    for each in run.inputs.dataset_inputs:
        contexts = {tag.value for tag in each.tags if tag.key == "mlflow.data.context"} or {""}
        if contexts & _TRAINING:
            digest = f"mlflow-dataset:{each.dataset.digest}" if each.dataset.digest else ""
            parts.append(wire.Part(kind="data", uri=_place(each.dataset), digest=digest, name=each.dataset.name))
        else:
            left_out.append(f"data set {each.dataset.name}: used for {', '.join(sorted(contexts))}, not for training")
    return parts, left_out if parts or left_out else ["the run names no data sets: name the data with --data"]


def _place(dataset: _Dataset) -> str:
    """Where a data set is; its kind of source decides under which key that stands."""
    try:
        source = msgspec.json.decode(dataset.source or "{}", type=dict[str, object])
    except msgspec.DecodeError:
        source = {}  # some sources are plain text, and some are cut
    for key in ("uri", "url", "path"):
        if isinstance(place := source.get(key), str) and place:
            return without_secrets(place)
    return f"mlflow-dataset:{dataset.name}"


def _config(run: _Run, run_id: str, server: str) -> Found:
    """The parameters of the run, as the JSON that the commands beside them write."""
    if not run.data.params:
        return [], ["the run has no parameters: name the configuration with --config"]
    params = {pair.key: pair.value for pair in run.data.params}
    content = json.dumps(params, sort_keys=True, indent=2).encode()
    digest = hashlib.sha256(content).hexdigest()
    told = shlex.join(("env", f"MLFLOW_TRACKING_URI={server}", "mlflow", "runs", "describe", f"--run-id={run_id}"))
    obtain = (
        "mkdir -p config",
        f"{told} | {shlex.join(('python3', '-c', _PARAMETERS_OF_RUN))} > config/params.json",
        f"printf '%s  %s\\n' {digest} config/params.json | sha256sum --check -",
    )
    uri = f"runs:/{run_id}#params"
    return [wire.Part(kind="config", uri=uri, digest=f"sha256:{digest}", name="parameters", obtain=obtain)], []


def _code(run: _Run) -> Found:
    tags = {pair.key: pair.value for pair in run.data.tags}
    commit, repository = tags.get("mlflow.source.git.commit", ""), tags.get("mlflow.source.git.repoURL", "")
    if commit and repository:
        address = without_secrets(repository)
        return [
            wire.Part(kind="code", uri=f"{address}@{commit}", digest=commit, name=tags.get("mlflow.source.name", ""))
        ], []
    if commit:
        return [], [
            f"the run was made from commit {commit[:12]} and names no repository: add --code REPOSITORY@{commit}"
        ]
    return [], ["the run names no commit: name the code with --code REPOSITORY@COMMIT"]


class _Server:
    """One server of MLflow, asked and never told."""

    def __init__(self, server: str, transport: httpx.BaseTransport | None) -> None:
        if not server.startswith(("http://", "https://")):
            raise UsageError(f"{server!r} is no address of a server of MLflow", "Write http://HOST:PORT.")
        self.address = without_secrets(server.rstrip("/"))
        self._http = httpx.Client(
            base_url=server.rstrip("/"), transport=transport, timeout=_TIMEOUT_S, headers=_authorization(os.environ)
        )

    def __enter__(self) -> _Server:
        return self

    def __exit__(self, *error: object) -> None:
        self._http.close()

    def get(self, call: str, kind: type[S], **parameters: str) -> S:
        response = self._get(f"/api/2.0/mlflow/{call}", parameters)
        if response.status_code != httpx.codes.OK:
            raise InputError(
                f"MLflow at {self.address} says: {_refusal(response)}", "Check the name, the version and the alias."
            )
        try:
            return msgspec.json.decode(response.content, type=kind)
        except msgspec.DecodeError as error:
            raise InputError(
                f"{self.address} does not answer as MLflow does ({error})", "Is it the tracking server's address?"
            ) from error

    def file_of(self, model: _Version, path: str) -> bytes | None:
        """A small file of a model; None where the server does not show it."""
        parameters = {"name": model.name, "version": model.version, "path": path}
        response = self._get("/model-versions/get-artifact", parameters)
        is_shown = response.status_code == httpx.codes.OK and len(response.content) <= _MOST_BYTES
        return response.content if is_shown else None

    def _get(self, path: str, parameters: Mapping[str, str]) -> httpx.Response:
        try:
            return self._http.get(path, params=dict(parameters))
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise InputError(
                f"MLflow at {self.address} cannot be reached ({type(error).__name__})", "Check the address."
            ) from error


def _authorization(environment: Mapping[str, str]) -> dict[str, str]:
    """As MLflow's own client reads it from the environment."""
    if token := environment.get("MLFLOW_TRACKING_TOKEN"):
        return {"Authorization": f"Bearer {token}"}
    user, password = (environment.get(f"MLFLOW_TRACKING_{each}", "") for each in ("USERNAME", "PASSWORD"))
    if not user:
        return {}
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


def _refusal(response: httpx.Response) -> str:
    try:
        refusal = msgspec.json.decode(response.content, type=_Refusal)
    except msgspec.DecodeError:
        return f"HTTP {response.status_code}"
    return f"{refusal.message} ({refusal.error_code})"

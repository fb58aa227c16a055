"""MLflow's model registry: an alias (``champion``) points to one version of a registered model.

Always true here: an alias is metadata. Whoever loaded ``models:/NAME@ALIAS`` resolved it when it started and goes on
serving what it loaded, so an acknowledgement says nothing about what users get. MLflow has no precondition for an
alias, the last writer wins: reading again just before writing narrows the gap and does not close it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec

from opsconsole.outside.secrets import SecretFrom
from opsconsole.outside.web import Web, WebOptions
from opsconsole.releases.targets.base import Kind, Rejected, Site, Target, Unsupported
from opsconsole.releases.targets.guards import refuse_if_moved, refuse_unless_able
from opsconsole.releases.targets.naming import Naming
from opsconsole.releases.targets.shares import heaviest
from opsconsole.releases.targets.showing import request_of
from opsconsole.wire import Caps, Receipt, Routing, TargetRequest, TargetState

_API = "/api/2.0/mlflow/registered-models"

CAPS = Caps(
    split=False,
    scope="metadata",
    guarding="none",
    weight_unit="whole",
    tested_against="the real thing: mlflow 3.17 server and `mlflow models serve`",
)


class MlflowOptions(WebOptions, frozen=True, kw_only=True):
    """Which alias of which model, and where."""

    tracking_uri: str
    """Address of the tracking server: `https://mlflow.example.com`."""
    model: str
    """Name of the registered model."""
    alias: str = "champion"
    """The alias that stands for what serves."""
    prefix: str = "v"
    """What a version begins with here: MLflow's own are bare numbers, so `v42` is its `42`."""
    versions: dict[str, str] = msgspec.field(default_factory=dict)
    """Version → MLflow's number, where the rule does not fit."""
    authorization: SecretFrom | None = None
    """The `Authorization` header: `{env: MLFLOW_TOKEN, prefix: "Bearer "}`."""


class MlflowTarget:
    """One alias of one registered model."""

    def __init__(self, options: MlflowOptions, site: Site, transport: httpx.BaseTransport | None = None) -> None:
        self._options = options
        self._site = site
        self._naming = Naming(exceptions=options.versions, prefix=options.prefix)
        headers = {"Authorization": options.authorization.at(site)} if options.authorization else {}
        self._web = Web(options.tracking_uri, options, headers=headers, transport=transport)

    @property
    def caps(self) -> Caps:
        return CAPS

    @property
    def name(self) -> str:
        return f"mlflow {self._options.model}@{self._options.alias}"

    def read(self) -> TargetState:
        answer = self._web.send("GET", f"{_API}/get?{urlencode({'name': self._options.model})}", is_read=True)
        try:
            model = msgspec.convert(answer.json(), _Got).registered_model
        except msgspec.ValidationError as error:
            raise Rejected(f"{answer.asked}: not a registered model ({error})", "Correct `tracking_uri`.") from error
        aliases = {alias.alias: str(alias.version) for alias in model.aliases}
        serving = aliases.get(self._options.alias)
        return TargetState(
            routing=Routing(shares={self._naming.here(serving): 1.0} if serving else {}),
            detail={f"alias {alias}": f"version {version}" for alias, version in sorted(aliases.items())},
            observed_at=self._site.clock.now(),
        )

    def requests(self, before: TargetState, after: Routing) -> tuple[TargetRequest, ...]:
        return (request_of(self._web, "POST", f"{_API}/alias", json=self._body(after)),)

    def apply(self, before: TargetState, after: Routing, op_id: str) -> Receipt:
        body = self._body(after)
        refuse_if_moved(self.name, before, self.read())
        answer = self._web.send("POST", f"{_API}/alias", json=body, is_read=False)
        return Receipt(op_id=op_id, answer=answer.told())

    def rehearse(self, before: TargetState, after: Routing) -> str:
        raise Unsupported("MLflow has no dry run")

    def close(self) -> None:
        self._web.close()

    def _body(self, after: Routing) -> dict[str, Any]:
        refuse_unless_able(self.name, CAPS, after)
        version = self._naming.there(heaviest(after.shares))
        return {"name": self._options.model, "alias": self._options.alias, "version": version}


class _Alias(msgspec.Struct, frozen=True):
    alias: str
    version: str | int


class _Model(msgspec.Struct, frozen=True):
    name: str
    aliases: tuple[_Alias, ...] = ()


class _Got(msgspec.Struct, frozen=True):
    registered_model: _Model


def _made(options: MlflowOptions, site: Site) -> Target:
    return MlflowTarget(options, site)


KIND = Kind(
    name="mlflow",
    about="An alias of a registered model in MLflow's model registry.",
    options=MlflowOptions,
    make=_made,
    caps=CAPS,
    hazards=(
        "Moving an alias changes no answer: a server that was started from `models:/NAME@ALIAS` serves what it loaded "
        "until it is started again.",
        "MLflow has no precondition for aliases: of two who write at once the last wins and neither is told. The alias "
        "is read again just before it is written.",
        "MLflow keeps no history of aliases and moves no timestamp with them: who moved one is known here only.",
    ),
    example="""\
target: mlflow
options:
  tracking_uri: https://mlflow.example.com
  model: fraud
  alias: champion           # v42 here is version 42 there
  authorization: {env: MLFLOW_TOKEN, prefix: "Bearer "}
""",
)

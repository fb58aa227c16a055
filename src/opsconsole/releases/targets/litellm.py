"""LiteLLM's proxy: the weights of one model name's deployments, in the proxy's ``config.yaml``.

Always true here: the file says what the proxy will do after its next start, and the proxy alone says what it does now.
Its admin interface cannot change what stands in the file (``/model/…/update`` wants a database, and refuses models of
the file even then), so the file is what is written; where the proxy's address is given, both are read, and that they
differ is said.

LiteLLM's own order (``simple_shuffle``): weights, if any is above 0; else ``rpm``, else ``tpm``; else all alike.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import msgspec

from opsconsole.outside.secrets import SecretFrom
from opsconsole.outside.web import Web, WebOptions
from opsconsole.releases.targets.base import AuthFailed, Kind, Rejected, Site, Target, Unreachable
from opsconsole.releases.targets.file import FileOptions, FileTarget
from opsconsole.releases.targets.litellm_config import ConfigText, weighted
from opsconsole.releases.targets.shares import same_routing, spelled
from opsconsole.wire import Caps, Receipt, Routing, TargetRequest, TargetState

_INFO = "/v1/model/info"
_TESTED = "the real thing: litellm 1.108 proxy without a database"


class LitellmOptions(WebOptions, frozen=True, kw_only=True):
    """The proxy's configuration, and the model name whose deployments are meant."""

    config: Path
    """The proxy's `config.yaml`."""
    model: str
    """The `model_name` that clients ask for; its deployments are the versions, each called by its `model_info.id`."""
    names: dict[str, str] = msgspec.field(default_factory=dict)
    """Version → the deployment's `model_info.id` (where it has none: its `litellm_params.model`), if they differ."""
    proxy: str = ""
    """Address of the running proxy, to see what is in force."""
    key: SecretFrom | None = None
    """The key for it: `{env: LITELLM_MASTER_KEY}`."""
    check: tuple[str, ...] = ()
    """A command that says by its exit code whether the new file is good; the old one is put back if not."""
    restart: tuple[str, ...] = ()
    """A command that starts the proxy anew, `[systemctl, restart, litellm]`; without it a change waits for a start."""


class LitellmTarget:
    """One model name's deployments."""

    def __init__(self, options: LitellmOptions, site: Site, transport: httpx.BaseTransport | None = None) -> None:
        self._options = options
        self._names = {word: version for version, word in options.names.items()}
        self._file = FileTarget(
            FileOptions(
                path=options.config,
                names=options.names,
                check=options.check,
                reload=options.restart,
                timeout_s=options.timeout_s,
            ),
            ConfigText(options.model),
            _caps(restarts=bool(options.restart)),
            site,
        )
        self._file.name = self.name
        key = msgspec.structs.replace(options.key, prefix="Bearer ").at(site) if options.key else None
        headers = {"Authorization": key} if key else {}
        self._proxy = Web(options.proxy, options, headers=headers, transport=transport) if options.proxy else None

    @property
    def caps(self) -> Caps:
        return self._file.caps

    @property
    def name(self) -> str:
        return f"litellm {self._options.model}"

    def read(self) -> TargetState:
        """What the file says; ``mixed`` while the proxy does something else."""
        state = self._file.read()
        if self._proxy is None:
            return state
        try:
            running = self._running(self._proxy)
        except (Unreachable, AuthFailed, Rejected) as error:
            detail = state.detail | {"in force": f"not known: {error.message}"}
            return msgspec.structs.replace(state, phase="unknown", detail=detail)
        if same_routing(running, state.routing):
            return msgspec.structs.replace(state, detail=state.detail | {"in force": "the same"})
        told = f"{spelled(running.shares)}: the proxy has not been started since the file was changed"
        return msgspec.structs.replace(state, phase="mixed", detail=state.detail | {"in force": told})

    def requests(self, before: TargetState, after: Routing) -> tuple[TargetRequest, ...]:
        return self._file.requests(before, after)

    def apply(self, before: TargetState, after: Routing, op_id: str) -> Receipt:
        return self._file.apply(before, after, op_id)

    def rehearse(self, before: TargetState, after: Routing) -> str:
        return self._file.rehearse(before, after)

    def close(self) -> None:
        if self._proxy is not None:
            self._proxy.close()

    def _running(self, proxy: Web) -> Routing:
        answer = proxy.send("GET", _INFO, is_read=True)
        try:
            entries = answer.json()["data"]
            mine: list[Any] = [entry for entry in entries if entry["model_name"] == self._options.model]
            shares = weighted(mine)
        except (KeyError, TypeError, AttributeError) as error:
            raise Rejected(f"{answer.asked}: not what LiteLLM answers", "Correct `proxy`.") from error
        return Routing(shares={self._names.get(name, name): share for name, share in shares.items()})


def _caps(*, restarts: bool) -> Caps:
    return Caps(
        split=True,
        dry_run=True,
        scope="serving" if restarts else "metadata",
        guarding="cas",
        weight_unit="relative",
        tested_against=_TESTED,
    )


def _make(options: LitellmOptions, site: Site) -> Target:
    return LitellmTarget(options, site)


KIND = Kind(
    name="litellm",
    about="The weights of a model's deployments in the configuration of a LiteLLM proxy.",
    options=LitellmOptions,
    make=_make,
    caps=_caps(restarts=True),
    hazards=(
        "The proxy reads its configuration when it starts, and only then.",
        "A weight of 0 keeps requests away only while another deployment is healthy: retries and cool-downs go to what "
        "is left.",
        "Weights count with the routing strategy `simple-shuffle`, which is the default; others pass over them.",
        "Models that were added by the admin interface stand in a database and are not seen here.",
    ),
    example="""\
target: litellm
options:
  config: /etc/litellm/config.yaml
  model: chat-assist        # two deployments, with model_info.id v41 and v42
  proxy: http://127.0.0.1:4000
  key: {env: LITELLM_MASTER_KEY}
  restart: [systemctl, restart, litellm]
""",
)

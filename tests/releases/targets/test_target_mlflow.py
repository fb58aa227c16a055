"""The MLflow target, against a real tracking server, and against one that misbehaves; ``test_mlflow_end_to_end`` has a
model server besides."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from loopback import Asked, Said, free_port, serving
from tracking_server import Tracking

from opsconsole.clock import ManualClock
from opsconsole.errors import ConfigError
from opsconsole.outside.secrets import SecretFrom
from opsconsole.releases.targets.base import (
    AuthFailed,
    Busy,
    Conflict,
    Indeterminate,
    Rejected,
    Site,
    TargetError,
    Unreachable,
    Unsupported,
)
from opsconsole.releases.targets.mlflow import KIND, MlflowOptions
from opsconsole.wire import Routing

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
V1, V2 = Routing(shares={"v1": 1.0}), Routing(shares={"v2": 1.0})


def on(url: str, **options: Any) -> Any:
    settings = MlflowOptions(tracking_uri=url, model="scorer", **options)
    return KIND.make(settings, Site("scorer", Path("/"), ManualClock(NOW), {"TOKEN": "s3cret"}))


# The real thing -----------------------------------------------------------------------------------------------------


@pytest.mark.timeout(300)
def test_real_refusals_change_nothing(tracking: Tracking) -> None:
    target = on(tracking.url)
    before = target.read()
    with pytest.raises(Rejected, match="not found"):
        target.apply(before, Routing(shares={"v99": 1.0}), "op-1")
    assert target.read().routing == before.routing
    unknown = KIND.make(
        MlflowOptions(tracking_uri=tracking.url, model="nobody"), Site("x", Path("/"), ManualClock(NOW), {})
    )
    with pytest.raises(Rejected, match="not found"):
        unknown.read()


@pytest.mark.timeout(300)
def test_an_alias_that_was_moved_out_of_band_is_a_conflict_and_stays(tracking: Tracking) -> None:
    target = on(tracking.url, alias="moved")
    target.apply(target.read(), V1, "op-1")
    before = target.read()
    body = {"name": "scorer", "alias": "moved", "version": "2"}
    httpx.post(f"{tracking.url}/api/2.0/mlflow/registered-models/alias", json=body).raise_for_status()
    with pytest.raises(Conflict) as caught:
        target.apply(before, V1, "op-2")
    assert caught.value.found is not None
    assert caught.value.found.routing == V2
    assert target.read().routing == V2


@pytest.mark.timeout(300)
def test_an_alias_that_nobody_has_set_serves_nothing_and_can_be_set(tracking: Tracking) -> None:
    target = on(tracking.url, alias="challenger")
    before = target.read()
    assert before.routing.shares == {}
    target.apply(before, V2, "op-1")
    assert target.read().routing == V2
    assert target.read().detail["alias challenger"] == "version 2"


# A server that misbehaves -------------------------------------------------------------------------------------------


class Registry:
    """As much of the registry as the target asks for, and what goes wrong with a write."""

    def __init__(self, on_write: Said | None = None, on_read: Said | None = None) -> None:
        self.version = "1"
        self.on_write = on_write
        self.on_read = on_read

    def __call__(self, asked: Asked) -> Said:
        if asked.method == "GET":
            aliases = [{"alias": "champion", "version": self.version}]
            return self.on_read or (200, {"registered_model": {"name": "scorer", "aliases": aliases}})
        if self.on_write != "hang" and self.on_write is not None and self.on_write != "reset":
            return self.on_write
        self.version = asked.document["version"]
        return self.on_write or (200, {})


def test_what_is_sent_is_what_was_shown_and_the_token_goes_in_a_header_only() -> None:
    with serving(Registry()) as there:
        target = on(there.url, authorization=SecretFrom(env="TOKEN", prefix="Bearer "))
        before = target.read()
        (request,) = target.requests(before, V2)
        target.apply(before, V2, "op-1")
    (sent,) = there.writes()
    assert (request.method, request.where, request.body.encode()) == (
        sent.method,
        there.url + sent.path,
        b'{"name": "scorer", "alias": "champion", "version": "2"}',
    )
    assert sent.document == {"name": "scorer", "alias": "champion", "version": "2"}
    assert sent.headers["authorization"] == "Bearer s3cret"
    assert "s3cret" not in repr(request)


def test_versions_are_called_there_as_the_configuration_says() -> None:
    with serving(Registry()) as there:
        target = on(there.url, prefix="", versions={"winter": "1"})
        assert target.read().routing == Routing(shares={"winter": 1.0})
        target.apply(target.read(), Routing(shares={"7": 1.0}), "op-1")
        assert target.read().routing == Routing(shares={"7": 1.0})
    with pytest.raises(ConfigError, match="same name"):
        on("http://127.0.0.1:1", versions={"a": "1", "b": "1"})


@pytest.mark.parametrize(
    ("said", "of_read", "of_write"),
    [
        ((401, {}), AuthFailed, AuthFailed),
        ((403, {}), AuthFailed, AuthFailed),
        ((404, {"message": "no such version"}), Rejected, Rejected),
        ((409, {}), Rejected, Conflict),
        ((422, {}), Rejected, Rejected),
        ((429, {}), Unreachable, Busy),
        ((500, {}), Unreachable, Indeterminate),
        ("reset", Unreachable, Indeterminate),
        ("hang", Unreachable, Indeterminate),
        ((200, b"<html>"), Rejected, None),
        ((200, {"registered_model": {}}), Rejected, None),
    ],
)
def test_every_answer_has_its_meaning(
    said: Said, of_read: type[TargetError], of_write: type[TargetError] | None
) -> None:
    with serving(Registry(on_read=said)) as there, pytest.raises(of_read):
        on(there.url, timeout_s=0.5).read()
    if of_write is None:
        return
    with serving(Registry(on_write=said)) as there:
        target = on(there.url, timeout_s=0.5)
        with pytest.raises(of_write):
            target.apply(target.read(), V2, "op-1")
        assert len(there.writes()) == 1, "nothing is sent again"
        was_taken = isinstance(said, str)
        assert target.read().routing == (V2 if was_taken else V1)


def test_a_server_that_is_not_there_got_nothing() -> None:
    with serving(Registry()) as there:
        before = on(there.url).read()
    target = on(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Unreachable):
        target.read()
    with pytest.raises(Unreachable):
        target.apply(before, V2, "op-1")


def test_an_alias_has_no_weights_and_no_dry_run_and_is_metadata() -> None:
    assert KIND.caps.scope == "metadata"
    with serving(Registry()) as there:
        target = on(there.url)
        before = target.read()
        for after in (Routing(shares={"v1": 0.5, "v2": 0.5}), Routing(shares={"v2": 1.0}, shadow={"v1": 1.0})):
            with pytest.raises(Unsupported):
                target.requests(before, after)
            with pytest.raises(Unsupported):
                target.apply(before, after, "op-1")
        with pytest.raises(Unsupported):
            target.rehearse(before, V2)
    assert there.writes() == []

"""Real systems in small: routing files, a router with a command line, a router with an HTTP interface."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from faulty_server import Answer, Asked, FaultyServer
from opsconsole.clock import ManualClock
from opsconsole.demo.fleet import ROUTING
from opsconsole.demo.stage import routing_text
from opsconsole.releases.targets.base import Site, Target
from opsconsole.releases.targets.registry import make
from opsconsole.wire import Routing, TargetRequest

SERVICE = "chat-assist"
SECRET = "hunter2-and-more"
WHERE = "opsconsole.yaml:14: services.chat-assist.release"
ROLLED_BACK = Routing(shares={"v41": 1.0, "v42": 0.0})
CLI = Path(__file__).with_name("router_cli.py")


def site(directory: Path, environ: Mapping[str, str] | None = None) -> Site:
    return Site(SERVICE, directory, ManualClock(datetime(2026, 11, 25, 3, tzinfo=UTC)), environ or {})


def built(kind: str, directory: Path, environ: Mapping[str, str] | None = None, **options: Any) -> Target:
    """A target, through the registry's door."""
    return make(kind, options, site(directory, environ), WHERE)


class FileSubject:
    """A service's line of a routing file, of any format, and what a reload command was told."""

    secret = ""

    def __init__(self, directory: Path, name: str, text: str, **options: Any) -> None:
        self.path = directory / name
        self.path.write_text(text)
        self.target = built("file", directory, path=name, **options)
        self.after = ROLLED_BACK
        self._known = self.path.read_bytes()
        self._reload = tuple(options.get("reload", ()))

    def content(self) -> bytes:
        return self.path.read_bytes()

    def received(self) -> list[TargetRequest]:
        if self.path.read_bytes() == self._known:
            return []
        found = self.target.read()
        body = self.target.requests(found, found.routing)[0].body
        replaced = TargetRequest(method="replace", where=str(self.path), body=body)
        return (
            [replaced, TargetRequest(method="run", where=shlex.join(self._reload))] if self._is_loaded() else [replaced]
        )

    def _is_loaded(self) -> bool:
        """A reload is a copy: `[cp, NAME, loaded]`."""
        loaded = self.path.with_name("loaded")
        return loaded.exists() and loaded.read_bytes() == self.path.read_bytes()

    def meddle(self) -> None:
        text = self.path.read_text()
        self.path.write_text(text.replace("90", "80").replace("10", "20"))
        self._known = self.path.read_bytes()


class CommandSubject:
    """A router with a command line."""

    secret = SECRET

    def __init__(self, directory: Path, **options: Any) -> None:
        self.path = directory / "state.json"
        self.path.write_text(json.dumps({SERVICE: {"shares": {"v41": 90, "v42": 10}, "token": "first"}}))
        cli = [sys.executable, "-I", str(CLI), str(self.path)]
        self.target = built(
            "command",
            directory,
            {"ROUTER_TOKEN": SECRET, "PATH": "/usr/bin:/bin", "ELSE": "not for commands"},
            **{
                "read": [*cli, "read", "{service}"],
                "apply": [*cli, "apply", "{service}", "{token}", "{op_id}", "{percents...}"],
                "dry_run": [*cli, "rehearse", "{service}", "{percents...}"],
                "secrets": {"ROUTER_TOKEN": {"env": "ROUTER_TOKEN"}},
                "exits": {3: "conflict", 4: "busy", 5: "rejected"},
            }
            | options,
        )
        self.after = ROLLED_BACK

    def content(self) -> bytes:
        return self.path.read_bytes()

    def log(self) -> list[dict[str, Any]]:
        log = self.path.with_suffix(".log")
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def received(self) -> list[TargetRequest]:
        own = [sys.executable, "-I", str(CLI)]
        applied = [entry["argv"] for entry in self.log() if entry["argv"][1] == "apply"]
        return [TargetRequest(method="run", where=shlex.join([*own, *argv])) for argv in applied]

    def meddle(self) -> None:
        state = {SERVICE: {"shares": {"v41": 80, "v42": 20}, "token": "other"}}
        self.path.write_text(json.dumps(state))


class HttpSubject:
    """A router with an HTTP interface that has ETags, behind a server that can fail."""

    secret = SECRET

    def __init__(self, directory: Path, server: FaultyServer | None = None, **options: Any) -> None:
        self.weights: dict[str, float] = {"v41": 90, "v42": 10}
        self.revision = 1
        self.phase = "InService"
        self.server = server or FaultyServer(self.answer)
        self.target = built(
            "http",
            directory,
            {"ROUTER_TOKEN": SECRET},
            **{
                "url": self.server.url,
                "headers": {"Authorization": {"env": "ROUTER_TOKEN", "prefix": "Bearer "}},
                "read": {"path": "/v1/services/{service}"},
                "weights_at": "state.weights",
                "phase_at": "state.phase",
                "phases": {"InService": "steady", "Updating": "changing"},
                "apply": {
                    "method": "PUT",
                    "path": "/v1/services/{service}/weights",
                    "headers": {"Idempotency-Key": "{op_id}"},
                    "body": {"weights": "{weights}", "reason": "to {version} by {op_id}"},
                },
                "dry_run": {
                    "method": "POST",
                    "path": "/v1/services/{service}/rehearsal",
                    "body": {"weights": "{weights}"},
                },
                "etag": True,
                "timeout_s": 0.4,
            }
            | options,
        )
        self.after = ROLLED_BACK

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {SECRET}":
            return Answer(401, {"message": "who are you?"})
        if asked.path.endswith("/rehearsal"):
            return Answer(200, {"message": f"would set {asked.json()['weights']}"})
        if asked.method == "PUT":
            if asked.headers.get("if-match", self.tag) != self.tag:
                return Answer(412, {"message": "it has changed"})
            self.weights = asked.json()["weights"]
            self.revision += 1
            return Answer(200, {"message": f"taken, {asked.headers['authorization']}"})
        return Answer(200, {"state": {"weights": self.weights, "phase": self.phase}}, {"ETag": self.tag})

    def half(self, asked: Asked) -> Answer:
        """Take away from the one, and fail before the other is given anything."""
        self.weights = {"v41": 50, "v42": 10}
        self.revision += 1
        return Answer(500, {"message": "out of memory"})

    @property
    def tag(self) -> str:
        return f'"{self.revision}"'

    def content(self) -> Any:
        return dict(self.weights), self.revision

    def received(self) -> list[TargetRequest]:
        return [
            TargetRequest(
                method=asked.method,
                where=self.server.url + asked.path,
                body="\n".join(
                    [
                        f"Idempotency-Key: {asked.headers['idempotency-key']}",
                        f"If-Match: {asked.headers['if-match']}",
                        "",
                        asked.body.decode(),
                    ]
                ),
            )
            for asked in self.server.writes()
            if asked.method == "PUT"
        ]

    def meddle(self) -> None:
        self.weights, self.revision = {"v41": 80, "v42": 20}, self.revision + 1


def demo_text() -> str:
    return routing_text(ROUTING)


def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text())

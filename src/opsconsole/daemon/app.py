"""The HTTP API: a thin skin over the desk and the hub, the same on a Unix socket and in a test's process.

Always true here: every answer is JSON of a struct in wire.py; an error that a person can meet is a ``Failure`` with its
class, its words and its remedy; anything else is a bug and is a 500 with its traceback in the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from opsconsole import wire
from opsconsole.daemon.asking import ask
from opsconsole.daemon.desk import Desk
from opsconsole.daemon.diagnosis import diagnose
from opsconsole.daemon.hub import Hub
from opsconsole.daemon.identity import Admission, Who, person_of
from opsconsole.daemon.views import VIEWS
from opsconsole.daemon.views.reading import Asked
from opsconsole.errors import OpsConsoleError, UsageError
from opsconsole.releases.access import Person

S = TypeVar("S", bound=msgspec.Struct)
Answer = Callable[[Request], Awaitable[Response]]

MAX_BODY_BYTES = 4 << 20

Rule = tuple[wire.Role, str]
"""Who may, and what they wanted, for the words of a refusal."""
LOOKING: Rule = "viewer", "look"
ATTACHING: Rule = "operator", "attach logs"
MAPPING: Rule = "operator", "map logs"
PINNING: Rule = "operator", "pin baselines"
ADDING: Rule = "operator", "register versions"
NOTIFYING: Rule = "operator", "test notifiers"
STOPPING: Rule = "admin", "stop the daemon"


def make_app(desk: Desk, hub: Hub, stop: Callable[[], None], who: Who) -> Starlette:
    """The API of one home; ``stop`` ends the process that serves it, ``who`` finds a request's person."""

    def view(kind: str) -> Answer:
        async def answer(request: Request) -> Response:
            given = dict(request.query_params)
            after = _number(given.pop("after", "0"), "after")
            asked = Asked(
                kind=kind,
                window=given.pop("window", wire.DEFAULT_WINDOW),
                service=given.pop("service", ""),
                as_of=_moment(given.pop("as_of", "")),
                options=tuple(sorted(given.items())),
            )
            return _json(await hub.answer(asked, after))

        return answer

    async def health(request: Request) -> Response:
        return _encoded(await asyncio.to_thread(desk.health, hub.waiting))

    async def diagnosis(request: Request) -> Response:
        checks = (await asyncio.to_thread(diagnose, desk.engine)).checks
        return _encoded(wire.Diagnosis(checks=(*checks, *desk.notifying.checks())))

    async def manifests(request: Request) -> Response:
        return _encoded(desk.registering.manifests(request.query_params.get("service", "")))

    async def deliveries(request: Request) -> Response:
        asked = request.query_params
        return _encoded(desk.notifying.deliveries(asked.get("notifier", ""), asked.get("key", "")))

    async def notifiers(request: Request) -> Response:
        return _encoded(desk.notifying.notifiers())

    async def stopping(request: Request) -> Response:
        desk.access.require(person_of(request), *STOPPING)
        stop()
        return _json(b"{}")

    def called(kind: type[S], call: Callable[[Person, S], msgspec.Struct], rule: Rule = LOOKING) -> Answer:
        """Hand the person and the body to a call of the desk, for whoever the rule lets."""

        async def answer(request: Request) -> Response:
            person = person_of(request)
            desk.access.require(person, *rule)
            return _encoded(await asyncio.to_thread(call, person, await _body(request, kind)))

        return answer

    def post(path: str, kind: type[S], call: Callable[[Person, S], msgspec.Struct], rule: Rule = LOOKING) -> Route:
        return Route(f"/v1/{path}", called(kind, call, rule), methods=["POST"])

    releasing = desk.releasing
    routes = [
        Route("/v1/health", health),
        Route("/v1/diagnosis", diagnosis),
        *(Route(f"/v1/{kind}", view(kind)) for kind in (*VIEWS, "sources")),
        Route("/v1/manifests", manifests),
        Route("/v1/deliveries", deliveries),
        Route("/v1/notifiers", notifiers),
        post("attach", wire.AttachRequest, lambda person, asked: desk.attach(asked, person.actor), ATTACHING),
        post("map", wire.MapRequest, lambda _, asked: desk.guessed_mapping(asked), MAPPING),
        post("baseline", wire.BaselineRequest, lambda person, asked: desk.pinning.set(asked, person.actor), PINNING),
        post("version", wire.VersionRequest, lambda person, asked: desk.registering.add(asked, person.actor), ADDING),
        post("query", wire.QueryRequest, lambda _, asked: ask(desk.engine, asked)),
        post("presence", wire.Presence, desk.present),
        post("release/plan", wire.OrderRequest, releasing.plan),
        post("release/apply", wire.ApplyRequest, releasing.apply),
        post("release/approve", wire.ApproveRequest, releasing.approve),
        post("release/freeze", wire.FreezeRequest, releasing.freeze),
        post("release/arm", wire.ArmRequest, releasing.arm),
        post("notify/test", wire.NotifyTestRequest, desk.notifying.test, NOTIFYING),
        Route("/v1/stop", stopping, methods=["POST"]),
    ]
    door = Middleware(Admission, who=who, access=desk.access, refused=_failure)
    return Starlette(routes=routes, middleware=[door], exception_handlers={OpsConsoleError: _refused})


async def _refused(request: Request, error: Exception) -> Response:
    return _failure(error)


def _failure(error: Exception) -> Response:
    message, remedy = (error.message, error.remedy) if isinstance(error, OpsConsoleError) else (str(error), "")
    failure = wire.Failure(kind=type(error).__name__, message=message, remedy=remedy)
    return Response(msgspec.json.encode(failure), status_code=400, media_type="application/json")


async def _body(request: Request, kind: type[S]) -> S:
    body = await request.body()
    if len(body) > MAX_BODY_BYTES:
        raise UsageError(f"the request is larger than {MAX_BODY_BYTES} bytes", "Ask for less at once.")
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise UsageError(f"the request is not understood: {error}", "Is the client of another version?") from error


def _number(text: str, name: str) -> int:
    if not text.isdecimal():
        raise UsageError(f"{name} must be a whole number, not {text!r}")
    return int(text)


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"as_of is no time: {text!r}", "Write it as 2026-01-31T12:00:00+00:00.") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _encoded(struct: msgspec.Struct) -> Response:
    return _json(msgspec.json.encode(struct))


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")

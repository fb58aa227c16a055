"""The HTTP API: a thin skin over the desk and the hub, the same on a Unix socket and in a test's process.

Always true here: every answer is JSON of a struct in wire.py; an error that a person can meet is a ``Failure`` with its
class, its words and its remedy; anything else is a bug and is a 500 with its traceback in the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from opsconsole import wire
from opsconsole.daemon import duty
from opsconsole.daemon.asking import ask
from opsconsole.daemon.desk import DRILL, EYES, Desk
from opsconsole.daemon.diagnosis import diagnose
from opsconsole.daemon.hub import Views
from opsconsole.daemon.identity import Admission, Refuse, Who, person_of
from opsconsole.daemon.running import KINDS
from opsconsole.daemon.views import VIEWS
from opsconsole.daemon.views.reading import Asked
from opsconsole.errors import OpsConsoleError, RequestRefused, UsageError
from opsconsole.journal.refused import Refused
from opsconsole.releases.access import Person

S = TypeVar("S", bound=msgspec.Struct)
Answer = Callable[[Request], Awaitable[Response]]

MAX_BODY_BYTES = 4 << 20
NOBODY_KNOWN = "somebody"
"""Whose refusal it is where nobody can tell who asks."""

Rule = tuple[wire.Role, str]
"""Who may, and what they wanted, for the words of a refusal."""
LOOKING: Rule = "viewer", "look"
ATTACHING: Rule = "operator", "attach logs"
MAPPING: Rule = "operator", "map logs"
PINNING: Rule = "operator", "pin baselines"
RUNNING: Rule = "operator", "run checklists"
ADDING: Rule = "operator", "register versions"
RESPONDING: Rule = "operator", "work on incidents"
ACKNOWLEDGING: Rule = "operator", "acknowledge alerts"
SILENCING: Rule = "operator", "silence alerts"
RECEIVING: Rule = "operator", "raise other systems' alerts"
NOTIFYING: Rule = "operator", "test notifiers"
STOPPING: Rule = "admin", "stop the daemon"


def make_app(desk: Desk, hub: Views, stop: Callable[[], None], who: Who) -> Starlette:
    """The API of one home; ``stop`` ends the process that serves it, ``who`` finds a request's person."""

    releasing, running, responding, notifying = desk.releasing, desk.running, desk.responding, desk.notifying

    def view(kind: str) -> Answer:
        """Whoever follows a view shares an answer; whoever asks once sees what they have just done."""

        async def answer(request: Request) -> Response:
            given = dict(request.query_params)
            is_alone = "after" not in given
            after = _number(given.pop("after", "0"), "after")
            asked = Asked(
                kind=kind,
                window=given.pop("window", wire.DEFAULT_WINDOW),
                service=given.pop("service", ""),
                as_of=_moment(given.pop("as_of", "")),
                options=tuple(sorted(given.items())),
            )
            return _json(await (asyncio.to_thread(desk.compute, asked) if is_alone else hub.answer(asked, after)))

        return answer

    async def health(request: Request) -> Response:
        return _encoded(await asyncio.to_thread(desk.health, hub.waiting))

    async def diagnosis(request: Request) -> Response:
        checks = (await asyncio.to_thread(diagnose, desk.engine)).checks
        return _encoded(wire.Diagnosis(checks=(*checks, *notifying.checks())))

    def get(path: str, told: Callable[[Mapping[str, str]], msgspec.Struct]) -> Route:
        async def answer(request: Request) -> Response:
            return _encoded(await asyncio.to_thread(told, request.query_params))

        return Route(f"/v1/{path}", answer)

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

    routes = [
        Route("/v1/health", health),
        Route("/v1/diagnosis", diagnosis),
        *(Route(f"/v1/{kind}", view(kind)) for kind in (*VIEWS, "sources", *duty.KINDS, *KINDS)),
        *_alert_routes(desk),
        _drill_route(desk, hub),
        get("manifests", lambda asked: desk.registering.manifests(asked.get("service", ""))),
        get("deliveries", lambda asked: notifying.deliveries(asked.get("notifier", ""), asked.get("key", ""))),
        get("notifiers", lambda _: notifying.notifiers()),
        post("attach", wire.AttachRequest, lambda person, asked: desk.attach(asked, person.actor), ATTACHING),
        post("map", wire.MapRequest, lambda _, asked: desk.guessed_mapping(asked), MAPPING),
        post("baseline", wire.BaselineRequest, lambda person, asked: desk.pinning.set(asked, person.actor), PINNING),
        post("version", wire.VersionRequest, lambda person, asked: desk.registering.add(asked, person.actor), ADDING),
        post("query", wire.QueryRequest, lambda _, asked: ask(desk.engine, asked)),
        post("presence", wire.Presence, desk.present),
        post("alert/ack", wire.AckRequest, desk.alerting.acknowledge, ACKNOWLEDGING),
        post("alert/silence", wire.SilenceRequest, desk.alerting.silence, SILENCING),
        post("alert/unsilence", wire.UnsilenceRequest, desk.alerting.unsilence, SILENCING),
        post("release/plan", wire.OrderRequest, releasing.plan),
        post("release/apply", wire.ApplyRequest, releasing.apply),
        post("release/approve", wire.ApproveRequest, releasing.approve),
        post("release/freeze", wire.FreezeRequest, releasing.freeze),
        post("release/arm", wire.ArmRequest, releasing.arm),
        *(post(f"incident/{word}", kind, act, RESPONDING) for word, (kind, act) in responding.acts.items()),
        post("checklist/run", wire.RunRequest, running.begin, RUNNING),
        post("checklist/step", wire.StepRequest, running.do),
        post("drill/record", wire.RecordRequest, desk.recording.record, RESPONDING),
        post("drill/scored", wire.DrillScored, running.drilled, RUNNING),
        post("checklist/lint", wire.LintRequest, lambda _, asked: running.lint(asked)),
        post("checklist/template", wire.TemplateRequest, running.template),
        post("notify/test", wire.NotifyTestRequest, notifying.test, NOTIFYING),
        Route("/v1/stop", stopping, methods=["POST"]),
    ]

    refuse = _refusing(releasing.refused)
    door = Middleware(Admission, who=who, access=desk.access, refused=refuse)
    return Starlette(routes=routes, middleware=[door], exception_handlers={OpsConsoleError: refuse})


def _drill_route(desk: Desk, hub: Views) -> Route:
    async def drill(request: Request) -> Response:
        """Of what is asked nothing counts but who asks: nobody says themselves what they may see."""
        given = request.query_params
        asked = Asked(DRILL, wire.DEFAULT_WINDOW, options=((EYES, desk.eyes(person_of(request))),))
        if "after" not in given:
            return _json(await asyncio.to_thread(desk.compute, asked))
        return _json(await hub.answer(asked, _number(given["after"], "after")))

    return Route(f"/v1/{DRILL}", drill)


def _alert_routes(desk: Desk) -> list[Route]:
    async def rules(request: Request) -> Response:
        return _encoded(desk.alerting.rules(request.query_params.get("service", "")))

    async def received(request: Request) -> Response:
        desk.access.require(person_of(request), *RECEIVING)
        sender, body = request.path_params["sender"], await _bytes(request)
        return _encoded(await asyncio.to_thread(desk.alerting.receive, sender, body))

    return [
        Route("/v1/alert/rules", rules),
        Route("/v1/incoming/{sender}", received, methods=["POST"]),
    ]


def _refusing(refused: Refused) -> Refuse:
    async def refuse(request: Request, error: Exception) -> Response:
        """What a role or the wrong words do not allow is written down, off this loop: the disk may be slow."""
        if isinstance(error, RequestRefused):
            person: Person | None = getattr(request.state, "person", None)
            actor = person.actor if person is not None else NOBODY_KNOWN
            await asyncio.to_thread(refused.tell, actor, "request.refused", (error.message,), why=error.message)
        return _failure(error)

    return refuse


def _failure(error: Exception) -> Response:
    message, remedy = (error.message, error.remedy) if isinstance(error, OpsConsoleError) else (str(error), "")
    failure = wire.Failure(kind=type(error).__name__, message=message, remedy=remedy)
    return Response(msgspec.json.encode(failure), status_code=400, media_type="application/json")


async def _body(request: Request, kind: type[S]) -> S:
    try:
        return msgspec.json.decode(await _bytes(request), type=kind)
    except msgspec.DecodeError as error:
        raise UsageError(f"the request is not understood: {error}", "Is the client of another version?") from error


async def _bytes(request: Request) -> bytes:
    body = await request.body()
    if len(body) > MAX_BODY_BYTES:
        raise UsageError(f"the request is larger than {MAX_BODY_BYTES} bytes", "Ask for less at once.")
    return body


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

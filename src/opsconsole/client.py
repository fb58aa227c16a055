"""The daemon as its clients see it: asynchronous for the console, synchronous for the command line.

Always true here: an error that the daemon reports rises as the same class of errors.py; a daemon that cannot be reached
is a DaemonError that says what to do. Nothing slow is imported: this is on the way to the first paint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec

from opsconsole import errors, wire
from opsconsole.errors import DaemonError, NotReached
from opsconsole.home import Home

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)

_ANSWER_WITHIN_S = 60.0
_BASE = "http://opsconsole"
_NO_TLS = False
"""Through a socket on this machine; whom to trust elsewhere would be read for every call, a tenth of its time."""

_inside: dict[Path, httpx.BaseTransport] = {}
"""Homes that this very process serves: their clients need no socket."""


def decoded(response: httpx.Response, kind: type[T]) -> T:
    """The struct in an answer, or the error in it."""
    if response.status_code == httpx.codes.OK:
        try:
            return msgspec.json.decode(response.content, type=kind)
        except msgspec.DecodeError as error:
            raise DaemonError(
                f"the daemon's answer is not understood: {error}",
                "It is of another version: `opsconsole daemon stop`, then try again.",
            ) from error
    try:
        failure = msgspec.json.decode(response.content, type=wire.Failure)
    except msgspec.DecodeError:
        raise DaemonError(
            f"the daemon failed (HTTP {response.status_code})", "Its log in the home directory says why."
        ) from None
    raise errors.BY_NAME.get(failure.kind, DaemonError)(failure.message, failure.remedy)


class Client:
    """Asks a daemon, from the command line."""

    def __init__(self, home: Home, transport: httpx.BaseTransport | None = None) -> None:
        self.home = home
        self._http = httpx.Client(
            transport=transport
            or _inside.get(home.directory)
            or httpx.HTTPTransport(uds=str(home.socket), verify=_NO_TLS),
            base_url=_BASE,
            timeout=_ANSWER_WITHIN_S,
        )

    def _send(self, method: str, path: str, kind: type[T], **options: Any) -> T:
        try:
            response = self._http.request(method, path, **options)
        except httpx.TransportError as error:
            raise _unreachable(self.home, error) from error
        return decoded(response, kind)

    def _post(self, path: str, request: msgspec.Struct, kind: type[T], **options: Any) -> T:
        return self._send("POST", path, kind, content=msgspec.json.encode(request), **options)

    def health(self) -> wire.Health:
        return self._send("GET", "/v1/health", wire.Health)

    def view(self, kind: str, parameters: Mapping[str, str]) -> wire.Answer:
        """The view of a kind in ``wire.ANSWERS``, as it is now."""
        return self._send("GET", f"/v1/{kind}", wire.ANSWERS[kind], params=dict(parameters))

    def status(self, window: str) -> wire.StatusView:
        return self._send("GET", "/v1/status", wire.StatusView, params={"window": window})

    def sources(self) -> wire.SourcesView:
        return self._send("GET", "/v1/sources", wire.SourcesView)

    def attach(self, request: wire.AttachRequest) -> wire.Attached:
        return self._post("/v1/attach", request, wire.Attached)

    def guessed_mapping(self, request: wire.MapRequest) -> wire.MapReply:
        return self._post("/v1/map", request, wire.MapReply)

    def set_baseline(self, request: wire.BaselineRequest) -> wire.BaselineReply:
        return self._post("/v1/baseline", request, wire.BaselineReply, timeout=600.0)

    def add_version(self, request: wire.VersionRequest) -> wire.Registered:
        """Register what a version is made of."""
        return self._post("/v1/version", request, wire.Registered)

    def manifests(self, service: str = "") -> wire.ManifestsReply:
        """What is registered of a service, or of every one."""
        return self._send("GET", "/v1/manifests", wire.ManifestsReply, params={"service": service})

    def notifiers(self) -> wire.NotifiersReply:
        return self._send("GET", "/v1/notifiers", wire.NotifiersReply)

    def deliveries(self, notifier: str = "", key: str = "") -> wire.DeliveriesReply:
        return self._send("GET", "/v1/deliveries", wire.DeliveriesReply, params={"notifier": notifier, "key": key})

    def test_notifier(self, name: str) -> wire.Delivery:
        """What became of a notice of the kind ``test``, after one attempt."""
        return self._post("/v1/notify/test", wire.NotifyTestRequest(notifier=name), wire.Delivery, timeout=600.0)

    def plan(self, order: wire.OrderRequest) -> wire.Plan:
        """What would be done, exactly; nothing is done."""
        return self._post("/v1/release/plan", order, wire.Plan)

    def apply(self, request: wire.ApplyRequest) -> wire.Outcome:
        """Do what a plan says; the outcome says what became of it."""
        return self._post("/v1/release/apply", request, wire.Outcome, timeout=180.0)

    def approve(self, request: wire.ApproveRequest) -> wire.Approval:
        return self._post("/v1/release/approve", request, wire.Approval)

    def freeze(self, request: wire.FreezeRequest) -> wire.Freeze:
        return self._post("/v1/release/freeze", request, wire.Freeze)

    def arm(self, request: wire.ArmRequest) -> wire.Permission:
        """Let this console act for a while, or lock it again."""
        return self._post("/v1/release/arm", request, wire.Permission)

    def incidents(self) -> wire.IncidentsReply:
        """Every incident, and what of them is overdue."""
        return self._send("GET", "/v1/incidents", wire.IncidentsReply)

    def incident(self, name: str) -> wire.IncidentView:
        """One incident with everything around it."""
        return self._send("GET", "/v1/incident", wire.IncidentView, params={"incident": name})

    def respond(self, word: str, request: msgspec.Struct) -> wire.Responded:
        """Do something in an incident: ``open``, ``note``, ``role``, …: one word for each struct that asks."""
        return self._post(f"/v1/incident/{word}", request, wire.Responded)

    def draft(self, request: wire.DraftRequest) -> wire.Draft:
        """A message as it would go out; nothing is sent."""
        return self._post("/v1/incident/draft", request, wire.Draft)

    def review(self, request: wire.ReviewRequest) -> wire.ReviewFiles:
        return self._post("/v1/incident/review", request, wire.ReviewFiles)

    def alerts(self, service: str = "") -> wire.AlertsView:
        """Everything that fires, and what was resolved in the last day."""
        return self._send("GET", "/v1/alerts", wire.AlertsView, params={"service": service})

    def alert_rules(self, service: str = "") -> wire.AlertRulesReply:
        """Every rule, as it holds for a service or as it comes."""
        return self._send("GET", "/v1/alert/rules", wire.AlertRulesReply, params={"service": service})

    def acknowledge(self, request: wire.AckRequest) -> wire.Alert:
        """Somebody has it: nobody is told of it any more."""
        return self._post("/v1/alert/ack", request, wire.Alert)

    def silence(self, request: wire.SilenceRequest) -> wire.Silence:
        return self._post("/v1/alert/silence", request, wire.Silence)

    def unsilence(self, request: wire.UnsilenceRequest) -> wire.Silence:
        return self._post("/v1/alert/unsilence", request, wire.Silence)

    def incoming(self, sender: str, webhook: bytes) -> wire.IncomingReply:
        """Hand over what another system's webhook posts."""
        return self._send("POST", f"/v1/incoming/{sender}", wire.IncomingReply, content=webhook)

    def checklists(self, service: str = "") -> wire.ChecklistsView:
        """Every checklist, and the runs of late; with a service, also which of them it asks for now."""
        return self._send("GET", "/v1/checklists", wire.ChecklistsView, params={"service": service})

    def checklist(self, name: str, form: str = "") -> wire.ChecklistView:
        """One checklist; ``form`` writes it anew as ``markdown`` or ``yaml``."""
        return self._send("GET", "/v1/checklist", wire.ChecklistView, params={"id": name, "form": form})

    def begin_run(self, request: wire.RunRequest) -> wire.StepReply:
        return self._post("/v1/checklist/run", request, wire.StepReply)

    def step(self, request: wire.StepRequest) -> wire.StepReply:
        """Do something about a run's step."""
        return self._post("/v1/checklist/step", request, wire.StepReply, timeout=180.0)

    def lint(self, request: wire.LintRequest) -> wire.LintReply:
        return self._post("/v1/checklist/lint", request, wire.LintReply)

    def template(self, request: wire.TemplateRequest) -> wire.TemplateReply:
        return self._post("/v1/checklist/template", request, wire.TemplateReply)

    def query(self, request: wire.QueryRequest) -> wire.QueryReply:
        return self._post("/v1/query", request, wire.QueryReply)

    def diagnosis(self) -> wire.Diagnosis:
        return self._send("GET", "/v1/diagnosis", wire.Diagnosis)

    def drill(self) -> wire.DrillNow:
        """Of a drill's home: what everybody in it may know."""
        return self._send("GET", "/v1/drill/now", wire.DrillNow)

    def drill_plan(self) -> wire.DrillPlan:
        """What the facilitator sees."""
        return self._send("GET", "/v1/drill/plan", wire.DrillPlan)

    def drill_score(self) -> wire.DrillScore:
        """How it went, once it is over."""
        return self._send("GET", "/v1/drill/score", wire.DrillScore)

    def drill_report(self) -> wire.DrillPapers:
        """What there is to talk about, once it is over."""
        return self._send("GET", "/v1/drill/report", wire.DrillPapers)

    def drill_command(self, request: wire.DrillCommand) -> wire.DrillNow:
        return self._post("/v1/drill/command", request, wire.DrillNow)

    def drill_hint(self) -> wire.DrillHint:
        """Help, for points."""
        return self._post("/v1/drill/hint", wire.HintRequest(), wire.DrillHint)

    def record(self, request: wire.RecordRequest) -> wire.DrillRecorded:
        """Make a drill of an incident."""
        return self._post("/v1/drill/record", request, wire.DrillRecorded, timeout=600.0)

    def drill_scored(self, run: str, score: wire.DrillScore) -> wire.DrillScored:
        """Tell a live home what was rehearsed."""
        request = wire.DrillScored(
            checklists=score.checklists, score=score.score, scenario=score.scenario, version=score.version, run=run
        )
        return self._post("/v1/drill/scored", request, wire.DrillScored)

    def stop(self) -> None:
        self._send("POST", "/v1/stop", dict[str, str])

    def close(self) -> None:
        self._http.close()


class AsyncClient:
    """Asks a daemon, from the console; with ``after`` it waits for what is newer."""

    def __init__(self, home: Home, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._home = home
        self._http = httpx.AsyncClient(
            transport=transport or httpx.AsyncHTTPTransport(uds=str(home.socket), verify=_NO_TLS),
            base_url=_BASE,
            timeout=_ANSWER_WITHIN_S,
        )

    async def _get(self, path: str, kind: type[T], **params: str | int) -> T:
        try:
            response = await self._http.get(path, params=params)
        except httpx.TransportError as error:
            raise _unreachable(self._home, error) from error
        return decoded(response, kind)

    async def _post(self, path: str, request: msgspec.Struct, kind: type[T], **options: Any) -> T:
        try:
            response = await self._http.post(path, content=msgspec.json.encode(request), **options)
        except httpx.TransportError as error:
            raise _unreachable(self._home, error) from error
        return decoded(response, kind)

    async def view(self, kind: str, parameters: Mapping[str, str], after: int = 0) -> wire.Answer:
        """The view of a kind in ``wire.ANSWERS``; with ``after``, the first that is newer than this revision."""
        return await self._get(f"/v1/{kind}", wire.ANSWERS[kind], **parameters, after=after)

    async def present(self, presence: wire.Presence) -> wire.Present:
        """Say where this console is, and hear where all are."""
        return await self._post("/v1/presence", presence, wire.Present)

    async def plan(self, order: wire.OrderRequest) -> wire.Plan:
        """What would be done, exactly; nothing is done."""
        return await self._post("/v1/release/plan", order, wire.Plan)

    async def apply(self, request: wire.ApplyRequest) -> wire.Outcome:
        """Do what a plan says; the outcome says what became of it."""
        return await self._post("/v1/release/apply", request, wire.Outcome, timeout=180.0)

    async def approve(self, request: wire.ApproveRequest) -> wire.Approval:
        return await self._post("/v1/release/approve", request, wire.Approval)

    async def arm(self, request: wire.ArmRequest) -> wire.Permission:
        """Let this console act for a while, or lock it again."""
        return await self._post("/v1/release/arm", request, wire.Permission)

    async def do(self, path: str, request: msgspec.Struct, kind: type[S]) -> S:
        """Have something done by the route that has this path below ``/v1/``; its answer is of that kind."""
        return await self._post(f"/v1/{path}", request, kind, timeout=180.0)

    async def incidents(self) -> wire.IncidentsReply:
        """Every incident, and what of them is overdue."""
        return await self._get("/v1/incidents", wire.IncidentsReply)

    async def incident(self, name: str) -> wire.IncidentView:
        """One incident with everything around it."""
        return await self._get("/v1/incident", wire.IncidentView, incident=name)

    async def respond(self, word: str, request: msgspec.Struct) -> wire.Responded:
        """Do something in an incident: ``open``, ``note``, ``role``, …: one word for each struct that asks."""
        return await self._post(f"/v1/incident/{word}", request, wire.Responded)

    async def draft(self, request: wire.DraftRequest) -> wire.Draft:
        """A message as it would go out; nothing is sent."""
        return await self._post("/v1/incident/draft", request, wire.Draft)

    async def health(self) -> wire.Health:
        return await self._get("/v1/health", wire.Health)

    async def close(self) -> None:
        await self._http.aclose()


def _unreachable(home: Home, error: httpx.TransportError) -> DaemonError:
    kind = NotReached if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout) else DaemonError
    return kind(
        f"no daemon answers on {home.socket} ({type(error).__name__})",
        "Start it with `opsconsole daemon start`, or choose another --home.",
    )


@contextmanager
def served_inside(home: Home, transport: httpx.BaseTransport) -> Iterator[None]:
    """As long as this lasts, this process' clients of the home ask this transport."""
    _inside[home.directory] = transport
    try:
        yield
    finally:
        del _inside[home.directory]


def is_served_inside(home: Home) -> bool:
    """Does this very process serve the home?"""
    return home.directory in _inside

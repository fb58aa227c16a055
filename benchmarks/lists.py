"""How soon a key is answered in long lists: 1,000 services, 10,000 requests, 50 versions, beside a stock DataTable.

Always true here: a time is from the key to everything it caused being done, headless at 160x50, in the same process and
the same loop for both sides: the console's verb, painters, comparison of cells and Textual's compositor; the peer's
action, its layout and its compositor. The peer filters as one does with a DataTable: clear it, and add what matches.

    python -m benchmarks.lists SIDE LIST
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
from rich.console import RenderableType
from textual.app import App, ComposeResult
from textual.events import Key
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import DataTable

from benchmarks.ground import Row, interleaved, middle, p95, side
from opsconsole import wire
from opsconsole.clock import ManualClock
from opsconsole.console.app import OpsConsole
from opsconsole.errors import RequestRefused

S = TypeVar("S", bound=msgspec.Struct)

SIZE = (160, 50)
LENGTHS: dict[str, int] = {"services": 1_000, "requests": 10_000, "versions": 50}
OPENING: dict[str, tuple[str, ...]] = {"services": (), "requests": ("r",), "versions": ("enter", "5")}
"""The keys that lead to the list from the fleet."""
SCROLLING = ("j",) * 60 + ("pagedown",) * 20 + ("G", "g") * 10
FILTERING = tuple("e17") + ("backspace",) * 3
"""Typed into an open filter: several times, into the peer's once (it takes seconds a key)."""
FILTER_TURNS = 5
MOST_MS = 50.0
TURNS = 2
NOW = datetime(2026, 11, 23, 13, 4, 12, tzinfo=UTC)
BUCKETS = 60


def rows(is_quick: bool) -> list[Row]:
    found: list[Row] = []
    for name, length in LENGTHS.items():
        sides = {each: side("lists", each, name) for each in ("console", "peer")}
        ours, peer = interleaved(sides, 1 if is_quick else TURNS).values()
        for what in ("scrolling", "filtering"):
            note = (
                f"median {middle(ours, f'{what} median'):.1f} ms, the DataTable {middle(peer, f'{what} median'):.1f} ms"
            )
            told = f"{what} {length:,} {name}: p95 from key to screen, beside a stock DataTable"
            found.append(Row(told, "ms", middle(ours, what), middle(peer, what), "ours", MOST_MS, note))
    return found


# The console ------------------------------------------------------------------------------------------------------


def _frame() -> dict[str, Any]:
    axis = wire.Axis(start=NOW - timedelta(hours=1), step_s=60, buckets=BUCKETS)
    return {
        "revision": 7, "environment": "bench", "now": NOW, "end": NOW, "is_live": True, "window": "1h", "axis": axis,
        "query_ms": 1.0,
    }  # fmt: skip


def _lines(seed: int) -> wire.Lines:
    waves = [1.0 + (seed * 31 + i * 17) % 23 / 23 for i in range(BUCKETS)]
    return wire.Lines(
        requests=tuple(int(600 * wave) for wave in waves),
        errors=tuple(2 if i % 7 == 3 else 0 for i in range(BUCKETS)),
        p50_ms=tuple(400 * wave for wave in waves),
        p99_ms=tuple(1_200 * wave for wave in waves),
        usd=tuple(0.02 * wave for wave in waves),
    )


def _latency(seed: int) -> wire.Latency:
    p50 = wire.Estimate(value=400.0 + seed % 97, low=396.0, high=404.0, n=36_000)
    return wire.Latency(n=36_000, p50=p50, p90=p50, p99=msgspec.structs.replace(p50, value=1_200.0 + seed % 311))


def _service(i: int) -> wire.ServiceRow:
    state: wire.HealthWord = "fail" if i % 83 == 5 else "warn" if i % 29 == 3 else "ok"
    return wire.ServiceRow(
        service=f"team-{i % 40:02d}-service-{i:04d}", state=state, reasons=("error rate 6%, usually 0.8%",),
        requests=36_000 + i, errors=i % 13, pending=0, error_rate=i % 13 / 36_000, requests_per_s=10.0,
        latency_ms=_latency(i), usd_per_hour=1.2, unpriced_tokens=0, worst_drift=None,
        versions=((f"v{i % 50}", 0.9), (f"v{i % 50 + 1}", 0.1)), trend=_lines(i),
        first_at=NOW - timedelta(days=1), last_at=NOW - timedelta(seconds=2),
    )  # fmt: skip


def _version(i: int) -> wire.VersionSummary:
    return wire.VersionSummary(
        version=f"v{i}", models=("gpt-4o",), state="ok", reasons=(), share=0.02, requests=720, errors=i % 5, pending=0,
        unknown=0, error_rate=i % 5 / 720, error_rate_low=0.0, error_rate_high=0.01, error_classes={"timeout": i % 5},
        latency_ms=_latency(i), ttft_ms=_latency(i), tokens_per_s=_latency(i), tokens=wire.Tokens(input=9, output=9),
        cost=wire.Cost(usd=0.1, usd_per_request=0.0001, n_known=720), worst_drift=None,
        first_at=NOW - timedelta(days=1), last_at=NOW,
    )  # fmt: skip


def _request(i: int) -> wire.RequestRow:
    return wire.RequestRow(
        at=NOW - timedelta(milliseconds=60 * i), key=f"1:{90_000_000 - 412 * i}", service="team-00-service-0000",
        request_id=f"chatcmpl-{i * 2654435761 % 0xFFFFFF:06x}", provider="openai", model="gpt-4o-2024-11-20",
        version=f"v{i % 50}", route=f"/v1/route-{i % 17}", region="eu-west-1", status=503 if i % 61 == 7 else 200,
        error_type="timeout" if i % 61 == 7 else None, latency_ms=400.0 + i % 911, ttft_ms=120.0 + i % 83, queue_ms=4.0,
        input_tokens=600 + i % 900, output_tokens=120 + i % 400, cost_usd=0.00007, cost_source="logged",
        user_key=f"u-{i % 997:03d}", api_key_id="web", finish_reason="stop",
    )  # fmt: skip


def _fleet() -> wire.FleetView:
    services = tuple(map(_service, range(LENGTHS["services"])))
    return wire.FleetView(services=services, sources=1, sources_lagging=0, rejects=0, **_frame())


def _requests(service: str) -> wire.RequestsView:
    found = tuple(map(_request, range(LENGTHS["requests"])))
    return wire.RequestsView(service=service, search="", order="newest", rows=found, matched=len(found) * 3, **_frame())


def _one_service(service: str) -> wire.ServiceView:
    versions = tuple(map(_version, range(LENGTHS["versions"])))
    return wire.ServiceView(
        service=service, state="ok", reasons=(), total=msgspec.structs.replace(versions[0], version=""),
        versions=versions, lines=_lines(1), version_lines=(), ttft_p50_ms=(), spend=wire.Spend(),
        drift=wire.Drift(baseline=wire.Baseline(kind="none", label="")), markers=(), users=None, not_logged=(),
        requests_per_s=10.0, **_frame(),
    )  # fmt: skip


NOTHING_TO_RELEASE = RequestRefused("this fleet has no targets")


class StillClient:
    """Answers once each question; then nothing moves, so that only keys cost."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], wire.Answer] = {}

    async def view(self, kind: str, parameters: Mapping[str, str], after: int = 0) -> wire.Answer:
        if after:
            await asyncio.Event().wait()
        service = parameters.get("service", "")
        makers: dict[str, Callable[[], wire.Answer]] = {
            "fleet": _fleet,
            "requests": lambda: _requests(service),
            "service": lambda: _one_service(service),
        }
        key = (kind, service)
        if key not in self._answers:
            self._answers[key] = makers[kind]()
        return self._answers[key]

    async def present(self, presence: wire.Presence) -> wire.Present:
        return wire.Present(consoles=(presence,))

    async def plan(self, order: wire.OrderRequest) -> wire.Plan:
        raise NOTHING_TO_RELEASE

    async def apply(self, request: wire.ApplyRequest) -> wire.Outcome:
        raise NOTHING_TO_RELEASE

    async def approve(self, request: wire.ApproveRequest) -> wire.Approval:
        raise NOTHING_TO_RELEASE

    async def arm(self, request: wire.ArmRequest) -> wire.Permission:
        raise NOTHING_TO_RELEASE

    async def do(self, path: str, request: msgspec.Struct, kind: type[S]) -> S:
        raise NOTHING_TO_RELEASE

    async def health(self) -> wire.Health:
        return wire.Health(
            api_version=wire.API_VERSION, version="0", pid=1, home="/", environment="bench", started_at=NOW, revision=7,
            store_bytes=1, requests=1, sources=1, consoles=1, journal_events=0, cpu_s=0.0, rss_bytes=1,
        )  # fmt: skip


async def of_console(name: str) -> dict[str, float]:
    app = OpsConsole(StillClient(), clock=ManualClock(NOW), colours="truecolor")
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot, lambda: "service-0000" in app.screen_text())
        await pilot.press(*OPENING[name])
        await ready(pilot, lambda: f"of {LENGTHS[name]:,}" in app.screen_text())
        watch = Watch(app)
        scrolling = await all_pressed(pilot, watch, SCROLLING)
        await pilot.press("g", "/")
        return _told(scrolling, await all_pressed(pilot, watch, FILTERING * FILTER_TURNS))


async def ready(pilot: Pilot[Any], is_so: Callable[[], bool]) -> None:
    for _ in range(500):
        if is_so():
            return
        await pilot.pause(0.02)
    raise TimeoutError("the list never came")


class Watch:
    """Notes when an app last sent something to its screen. ``_display`` is Textual's one way to it."""

    def __init__(self, app: App[None]) -> None:
        self.shown_at = 0.0
        self._display = app._display
        app._display = self._note  # type: ignore[method-assign]

    def _note(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        self._display(screen, renderable)
        self.shown_at = time.perf_counter()


async def _pressed(pilot: Pilot[Any], watch: Watch, key: str) -> float | None:
    """Milliseconds from the key to the last change of the screen that it caused; None where it caused none."""
    event = Key(key, key if len(key) == 1 else None)
    event.set_sender(pilot.app)
    began = time.perf_counter()
    pilot.app.post_message(event)
    await pilot.pause()
    return (watch.shown_at - began) * 1000 if watch.shown_at > began else None


async def all_pressed(pilot: Pilot[Any], watch: Watch, keys: Sequence[str]) -> list[float]:
    times = [await _pressed(pilot, watch, key) for key in keys]
    return [each for each in times if each is not None]


def _told(scrolling: Sequence[float], filtering: Sequence[float]) -> dict[str, float]:
    return {
        "scrolling": p95(scrolling),
        "scrolling median": sorted(scrolling)[len(scrolling) // 2],
        "filtering": p95(filtering),
        "filtering median": sorted(filtering)[len(filtering) // 2],
    }


# The peer ---------------------------------------------------------------------------------------------------------

PEER_ROWS: dict[str, Callable[[int], tuple[str, ...]]] = {
    "services": lambda i: (
        "ok", f"team-{i % 40:02d}-service-{i:04d}", "400ms", "1.20s", "0.01%", "10.0", "36.0k", "$1.20", "–", "v1 90%",
    ),
    "requests": lambda i: (
        "13:04:12", "200", f"v{i % 50}", f"/v1/route-{i % 17}", "gpt-4o", "eu-west-1", f"{400 + i % 911}ms", "120ms",
        "600", "120", "70µ$", f"chatcmpl-{i * 2654435761 % 0xFFFFFF:06x}",
    ),
    "versions": lambda i: ("ok", f"v{i}", "2%", "720", "0.1%", "400ms", "1.20s", "$0.0001", "–"),
}  # fmt: skip
PEER_KEYS = {"j": "down", "G": "ctrl+end", "g": "ctrl+home"}


class Stock(App[None]):
    """The same rows in a stock DataTable, with the obvious filter."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._all = [PEER_ROWS[name](i) for i in range(LENGTHS[name])]
        self._typed = ""
        self.is_filtering = False

    def compose(self) -> ComposeResult:
        yield DataTable(cursor_type="row")

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        table.add_columns(*(f"column {i}" for i in range(len(self._all[0]))))
        table.add_rows(self._all)
        table.focus()

    def on_key(self, event: Key) -> None:
        if not self.is_filtering:
            return
        self._typed = self._typed[:-1] if event.key == "backspace" else self._typed + (event.character or "")
        table = self.query_one(DataTable)
        table.clear()
        table.add_rows(row for row in self._all if self._typed in " ".join(row))


async def of_peer(name: str) -> dict[str, float]:
    app = Stock(name)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause(0.5)
        watch = Watch(app)
        scrolling = await all_pressed(pilot, watch, [PEER_KEYS.get(key, key) for key in SCROLLING])
        app.is_filtering = True
        return _told(scrolling, await all_pressed(pilot, watch, FILTERING))


if __name__ == "__main__":
    which, of = sys.argv[1:]
    print(json.dumps(asyncio.run({"console": of_console, "peer": of_peer}[which](of))))

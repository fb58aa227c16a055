"""A fleet that needs no daemon: realistic wire structs, the same on every run, and a client that serves them.

Three live services (one with a canary that is slower, costlier and drifting; one with tokens only), and a historical
one. ``python -m tests.console.fleet`` opens the console on it; ``--still`` keeps time and data from moving.
"""

from __future__ import annotations

import asyncio
import importlib
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import msgspec

from opsconsole import wire
from opsconsole.errors import DaemonError, OpsConsoleError, RequestRefused

S = TypeVar("S", bound=msgspec.Struct)

NOW = datetime(2026, 11, 23, 13, 4, 12, tzinfo=UTC)
HISTORICAL_END = datetime(2024, 12, 8, 13, 0, tzinfo=UTC)
BUCKETS = 60


def estimate(value: float, n: int) -> wire.Estimate:
    return wire.Estimate(value=value, low=value / 1.0109, high=value * 1.0109, n=n)


def latency(p50: float, p90: float, p99: float, n: int) -> wire.Latency:
    return wire.Latency(n=n, p50=estimate(p50, n), p90=estimate(p90, n), p99=estimate(p99, n))


def wave(i: int, period: float, phase: float = 0.0) -> float:
    return math.sin(2 * math.pi * i / period + phase)


def axis(end: datetime, window: str) -> wire.Axis:
    seconds = wire.WINDOWS[window] or 7 * 86_400
    step = seconds // BUCKETS
    start_s = (int(end.timestamp()) // step - BUCKETS + 1) * step
    return wire.Axis(start=datetime.fromtimestamp(start_s, UTC), step_s=step, buckets=BUCKETS)


def canary_lines(step: int, shift: int = 0) -> wire.Lines:
    """Traffic breathes; from bucket 38 a canary lifts p99 and cost; buckets 20 and 21 have no data."""
    requests, errors, p50, p99, usd = [], [], [], [], []
    for i in range(BUCKETS):
        j = i + shift
        has_data = j not in (20, 21)
        n = int(step * (12.4 + 2.5 * wave(j, 40) + 0.6 * wave(j, 7))) if has_data else 0
        released = j >= 38
        requests.append(n)
        errors.append(int(n * (0.003 + (0.004 if released and j % 5 == 0 else 0))))
        p50.append(790 + 30 * wave(j, 17) + (25 if released else 0) if has_data else None)
        p99.append(1_180 + 90 * wave(j, 9) + (900 + 120 * wave(j, 6) if released else 0) if has_data else None)
        usd.append(n * 0.00007 * (1.25 if released else 1.0) if has_data else None)
    return wire.Lines(
        requests=tuple(requests), errors=tuple(errors), p50_ms=tuple(p50), p99_ms=tuple(p99), usd=tuple(usd)
    )


def steady_lines(step: int, per_s: float, p50: float, p99: float) -> wire.Lines:
    requests = tuple(int(step * (per_s + per_s / 5 * wave(i, 23))) for i in range(BUCKETS))
    return wire.Lines(
        requests=requests,
        errors=tuple(1 if i % 19 == 0 else 0 for i in range(BUCKETS)),
        p50_ms=tuple(p50 + p50 / 20 * wave(i, 11) for i in range(BUCKETS)),
        p99_ms=tuple(p99 + p99 / 12 * wave(i, 8) for i in range(BUCKETS)),
        usd=tuple(n * 0.00002 for n in requests),
    )


def tokens_only_lines(step: int) -> wire.Lines:
    nothing: tuple[float | None, ...] = (None,) * BUCKETS
    requests = tuple(int(step * (3 + wave(i, 15))) for i in range(BUCKETS))
    return wire.Lines(requests=requests, errors=(0,) * BUCKETS, p50_ms=nothing, p99_ms=nothing, usd=nothing)


FINDINGS = (
    wire.DriftFinding(
        feature="prompt_tokens", kind="numeric", version="v42", verdict="drift", n=4_412, n_baseline=312_000,
        p_value=1e-9,
        effect=0.31, phi=1.8, median_ratio=1.62, null_rate=0.0, null_rate_baseline=0.0, reasons=("shape",),
    ),
    wire.DriftFinding(
        feature="language", kind="categorical", version="v42", verdict="drift", n=4_412, n_baseline=312_000,
        p_value=3e-5,
        effect=0.14, phi=1.2, null_rate=0.12, null_rate_baseline=0.001, unseen_rate=0.005,
        reasons=("nulls 0.1% → 12%", "unseen 'zz' 0.5%"),
    ),
    wire.DriftFinding(
        feature="confidence", kind="numeric", version="v41", verdict="ok", n=40_228, n_baseline=312_000, p_value=0.41,
        effect=0.03, phi=1.4, median_ratio=0.99,
    ),
    wire.DriftFinding(
        feature="output_tokens", kind="numeric", version="v41", verdict="ok", n=40_228, n_baseline=312_000,
        p_value=0.73,
        effect=0.02, phi=2.1, median_ratio=1.01,
    ),
    wire.DriftFinding(
        feature="tenant_tier", kind="categorical", version="v42", verdict="too few", n=88, n_baseline=312_000,
    ),
)  # fmt: skip


def version(name: str, *, share: float, n: int, factor: float, end: datetime, **changes: object) -> wire.VersionSummary:
    errors = int(n * 0.004 * factor)
    base = wire.VersionSummary(
        version=name,
        models=("gpt-4o-2024-11-20",),
        state="ok",
        reasons=(),
        share=share,
        requests=n,
        errors=errors,
        pending=0,
        unknown=0,
        error_rate=errors / n,
        error_rate_low=errors / n * 0.86,
        error_rate_high=errors / n * 1.16,
        error_classes={"timeout": errors * 2 // 3, "rate_limited": errors // 3},
        latency_ms=latency(801 * factor**0.1, 1_010 * factor**0.5, 1_180 * factor, n),
        ttft_ms=latency(212, 288 * factor**0.5, 402 * factor, n),
        tokens_per_s=latency(61 / factor**0.3, 74, 88, n),
        tokens=wire.Tokens(input=n * 812, output=n * 240, cached=n * 96, reasoning=None),
        cost=wire.Cost(usd=n * 0.00007 * factor, usd_per_request=0.00007 * factor, n_known=n, n_priced=n // 3),
        worst_drift=FINDINGS[2],
        first_at=end - timedelta(hours=1),
        last_at=end - timedelta(seconds=2),
    )
    return msgspec.structs.replace(base, **changes)


def chat_versions(end: datetime) -> tuple[wire.VersionSummary, ...]:
    return (
        version("v41", share=0.9, n=40_228, factor=1.0, end=end),
        version(
            "v42", share=0.1, n=4_412, factor=1.79, end=end, state="warn", worst_drift=FINDINGS[0],
            reasons=("p99 1.8× v41 (2.11s against 1.18s, n 4.4k)",), first_at=end - timedelta(minutes=22),
        ),
    )  # fmt: skip


def tokens_only_version(end: datetime) -> wire.VersionSummary:
    return version(
        "", share=1.0, n=10_800, factor=1.0, end=end, models=("llama-3.3-70b-internal",), errors=0, unknown=10_800,
        error_rate=None, error_rate_low=None, error_rate_high=None, error_classes={}, latency_ms=wire.Latency(n=0),
        ttft_ms=wire.Latency(n=0), tokens_per_s=wire.Latency(n=0), worst_drift=None,
        cost=wire.Cost(unpriced_tokens=12_400),
    )  # fmt: skip


REASONS = {
    "chat-assist": (
        "v42 p99 1.8× v41 (2.11s against 1.18s, n 4.4k)",
        "v42 drifts: prompt_tokens, effect 0.31 (n 4.4k)",
        "v42 costs 1.8× v41 a request ($0.0001 against $0.0001)",
    ),
    "lora-gateway": ("error rate 6.10% (244 of 4.0k), usually 0.8%",),
}

STATES: dict[str, wire.HealthWord] = {
    "lora-gateway": "fail", "chat-assist": "warn", "ticket-router": "ok", "azure-llm-code": "unknown",
}  # fmt: skip


def router_version(name: str, end: datetime) -> wire.VersionSummary:
    n = 180_000
    return version(
        name, share=1.0, n=n, factor=0.2, end=end, latency_ms=latency(160, 190, 236, n), ttft_ms=wire.Latency(n=0),
        models=("router-bert",),
    )  # fmt: skip


def total_of(name: str, end: datetime) -> wire.VersionSummary:
    if name == "azure-llm-code":
        return tokens_only_version(end)
    if name == "chat-assist":
        return version("", share=1.0, n=44_640, factor=1.2, end=end, state="warn", pending=12)
    if name == "lora-gateway":
        return version(
            "", share=1.0, n=4_000, factor=3.0, end=end, errors=244, error_rate=0.061, error_rate_low=0.054,
            error_rate_high=0.069, pending=33, models=("lora-base",), worst_drift=None,
            error_classes={"FAILED": 244}, latency_ms=latency(2_403, 2_900, 3_540, 3_967),
            last_at=HISTORICAL_END, cost=wire.Cost(usd=None),
        )  # fmt: skip
    return router_version("", end)


def lines_of(name: str, step: int) -> wire.Lines:
    """The newest bucket has only begun."""
    lines = whole_lines_of(name, step)
    newest = lines.requests[-1] // 5, lines.errors[-1] // 5, lines.usd[-1] and lines.usd[-1] / 5
    return msgspec.structs.replace(
        lines,
        requests=(*lines.requests[:-1], newest[0]),
        errors=(*lines.errors[:-1], newest[1]),
        usd=(*lines.usd[:-1], newest[2]),
    )


def whole_lines_of(name: str, step: int) -> wire.Lines:
    if name == "azure-llm-code":
        return tokens_only_lines(step)
    if name == "chat-assist":
        return canary_lines(step)
    if name == "lora-gateway":
        return msgspec.structs.replace(steady_lines(step, 1.1, 2_403, 3_540), usd=(None,) * BUCKETS)
    return steady_lines(step, 50, 160, 236)


def versions_of(name: str, end: datetime) -> tuple[wire.VersionSummary, ...]:
    if name == "chat-assist":
        return chat_versions(end)
    if name == "azure-llm-code":
        return (tokens_only_version(end),)
    if name == "lora-gateway":
        return (msgspec.structs.replace(total_of(name, end), version="lora-7b-r16"),)
    return (router_version("2026.11.3", end),)


def version_lines_of(name: str, step: int) -> tuple[wire.VersionLines, ...]:
    """The canary has lines from its release on; its p50 as well as its p99 lie above the old version's."""
    if name != "chat-assist":
        return ()
    whole = canary_lines(step)
    old = msgspec.structs.replace(whole, p99_ms=tuple(p99 and min(p99, 1_250) for p99 in whole.p99_ms))
    new = wire.Lines(
        requests=tuple(n // 10 if i >= 38 else 0 for i, n in enumerate(whole.requests)),
        errors=whole.errors,
        p50_ms=tuple(p50 and p50 * 1.3 if i >= 38 else None for i, p50 in enumerate(whole.p50_ms)),
        p99_ms=tuple(p99 if i >= 38 else None for i, p99 in enumerate(whole.p99_ms)),
        usd=whole.usd,
    )
    return (wire.VersionLines(version="v41", lines=old), wire.VersionLines(version="v42", lines=new))


def crowded_view(name: str, window: str = "1h") -> wire.ServiceView:
    """A service of 87 versions, the twelfth of which fails, each first seen within three weeks that ended long ago."""
    view = service_view("lora-gateway", "7d")
    versions = tuple(
        version(
            f"M{i:04d}", share=(88 - i) / 3_828, n=(88 - i) * 10, factor=1.0, end=HISTORICAL_END,
            state="fail" if i == 12 else "ok", reasons=("errors 7.6%",) if i == 12 else (),
        )
        for i in range(1, 88)
    )  # fmt: skip
    on = wire.Axis(start=HISTORICAL_END - timedelta(days=23), step_s=23 * 86_400 // BUCKETS, buckets=BUCKETS)
    markers = tuple(
        wire.Marker(at=on.start + timedelta(hours=6 * i), kind="release", text=f"{each.version} first seen")
        for i, each in enumerate(versions)
    )
    return msgspec.structs.replace(view, service=name, versions=versions, markers=markers, axis=on, window="all")


def drift_of(name: str) -> wire.Drift:
    if name == "chat-assist":
        return wire.Drift(baseline=wire.Baseline(kind="version", label="v41"), findings=FINDINGS, n_tests=14)
    return wire.Drift(baseline=wire.Baseline(kind="none", label=""))


def row(name: str, end: datetime, window: str) -> wire.ServiceRow:
    total, on = total_of(name, end), axis(end, window)
    usd = total.cost.usd
    return wire.ServiceRow(
        service=name,
        state=STATES[name],
        reasons=REASONS.get(name, ()),
        requests=total.requests,
        errors=total.errors,
        pending=total.pending,
        error_rate=total.error_rate,
        requests_per_s=total.requests / 3600,
        latency_ms=total.latency_ms,
        usd_per_hour=usd,
        unpriced_tokens=total.cost.unpriced_tokens,
        worst_drift=FINDINGS[0] if name == "chat-assist" else total.worst_drift,
        versions=tuple((each.version, each.share) for each in versions_of(name, end)),
        trend=lines_of(name, on.step_s),
        first_at=total.first_at,
        last_at=total.last_at,
    )


def fleet_view(window: str = "1h", *, is_live: bool = True, names: tuple[str, ...] | None = None) -> wire.FleetView:
    end = NOW if is_live else HISTORICAL_END
    chosen = names or (("chat-assist", "ticket-router", "azure-llm-code") if is_live else ("lora-gateway",))
    return wire.FleetView(
        revision=7,
        environment="prod",
        now=NOW,
        end=end,
        is_live=is_live,
        window=window,
        axis=axis(end, window),
        query_ms=12.3,
        services=tuple(row(name, end, window) for name in chosen),
        sources=3,
        sources_lagging=0,
        rejects=12,
    )


def service_view(name: str, window: str = "1h") -> wire.ServiceView:
    is_live = name != "lora-gateway"
    end = NOW if is_live else HISTORICAL_END
    on = axis(end, window)
    total = total_of(name, end)
    usd = total.cost.usd
    not_logged = {
        "azure-llm-code": ("latency_ms", "ttft_ms", "status", "version", "cost_usd"),
        "lora-gateway": ("cost_usd", "input_tokens"),
    }
    markers = (wire.Marker(at=NOW - timedelta(minutes=22), kind="release", text="v42 first seen"),)
    return wire.ServiceView(
        revision=7,
        environment="prod",
        now=NOW,
        end=end,
        is_live=is_live,
        window=window,
        axis=on,
        query_ms=31.0,
        service=name,
        state=STATES[name],
        reasons=REASONS.get(name, ()),
        total=total,
        versions=versions_of(name, end),
        lines=lines_of(name, on.step_s),
        version_lines=version_lines_of(name, on.step_s),
        ttft_p50_ms=(),
        spend=wire.Spend(
            today_usd=usd and usd * 13,
            usd_per_hour=usd,
            month_to_date_usd=usd and usd * 500,
            month_end_usd=usd and usd * 720,
            unpriced_tokens=total.cost.unpriced_tokens,
        ),
        drift=drift_of(name),
        markers=markers if name == "chat-assist" else (),
        users=312 if name == "chat-assist" else None,
        not_logged=not_logged.get(name, ()),
        requests_per_s=total.requests / 3600,
    )


def sources_view() -> wire.SourcesView:
    def source(source_id: int, path: str, **changes: object) -> wire.SourceRow:
        base = wire.SourceRow(
            source_id=source_id, path=path, format="litellm", state="following", size_bytes=48_200_000,
            offset_bytes=48_200_000, read_bytes=48_200_000, size_on_disk_bytes=48_200_000, accepted=44_652, rejected=0,
            reject_reasons={}, coerced={}, first_at=NOW - timedelta(hours=5), last_at=NOW - timedelta(seconds=2),
            lines_per_s=12.4, lag_s=0.4, error="", not_logged=(), notes=(),
        )  # fmt: skip
        return msgspec.structs.replace(base, **changes)

    return wire.SourcesView(
        revision=7,
        sources=(
            source(1, "/var/log/chat-assist/requests.jsonl", rejected=12, reject_reasons={"not JSON": 9, "no time": 3}),
            source(
                2, "/data/traces/azure_llm/AzureLLMInferenceTrace_code.csv", format="generic", state="reading",
                read_bytes=20_000_000, lag_s=None, lines_per_s=181_000.0, coerced={"input_tokens": 4},
                not_logged=("latency_ms", "ttft_ms", "status", "version"),
                notes=("GeneratedTokens was taken for output_tokens", "TIMESTAMP has no zone: read as UTC"),
            ),
            source(
                3, "/data/broken.csv", format="generic", state="failed", accepted=0, read_bytes=0, lag_s=None,
                lines_per_s=0.0, first_at=None, last_at=None,
                error="no column can be the time of a request: name one with --column ts=FIELD:unit",
            ),
        ),
    )  # fmt: skip


def more_answers() -> dict[str, Callable[[Mapping[str, str]], wire.Answer]]:
    """The answers of the files beside this one that are called ``answers_*.py``."""
    here = Path(__file__).parent
    if str(here) not in sys.path:
        sys.path.insert(0, str(here))
    modules = [importlib.import_module(path.stem) for path in sorted(here.glob("answers_*.py"))]
    return {kind: answer for module in modules for kind, answer in module.answers().items()}


@dataclass
class FakeClient:
    """Serves the fleet; blocks on ``after`` until ``publish``, and can be gone."""

    fleet_answer: Callable[[str], wire.FleetView] = fleet_view
    service_answer: Callable[[str, str], wire.ServiceView] = service_view
    is_gone: bool = False
    refusal: str = ""
    revision: int = 7
    others: tuple[wire.Presence, ...] = ()
    parameters: dict[str, str] = field(default_factory=dict)
    """Of the question that was asked last."""
    asked: list[tuple[str, ...]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    done: list[tuple[str, msgspec.Struct]] = field(default_factory=list)
    """What was asked to be done: path and request."""
    answered: dict[str, msgspec.Struct | OpsConsoleError] = field(default_factory=dict)
    """Path → what is answered."""
    on_call: wire.OnCall | None = None
    permission: wire.Permission | None = None

    def publish(self) -> None:
        """A newer revision is there: everyone who waits is answered."""
        self.revision += 1
        self.changed.set()

    def lose(self) -> None:
        self.is_gone = True
        self.changed.set()

    async def view(self, kind: str, parameters: Mapping[str, str], after: int = 0) -> wire.Answer:
        self.parameters = dict(parameters)
        await self._wait(after, kind, *(parameters[name] for name in ("service", "window") if name in parameters))
        return msgspec.structs.replace(self.answer(kind, parameters), revision=self.revision)

    def answer(self, kind: str, parameters: Mapping[str, str]) -> wire.Answer:
        window = parameters.get("window", "1h")
        answers: dict[str, Callable[[], wire.Answer]] = {
            "fleet": lambda: self.fleet_answer(window),
            "service": lambda: self.service_answer(parameters["service"], window),
            "sources": sources_view,
        }
        return answers[kind]() if kind in answers else more_answers()[kind](parameters)

    async def health(self) -> wire.Health:
        await self._wait(0, "health")
        return wire.Health(
            api_version=wire.API_VERSION, version="0.1.0", pid=1, home="/home", environment="prod", started_at=NOW,
            revision=self.revision, store_bytes=1, requests=1, sources=3, consoles=1, journal_events=0, cpu_s=0.0,
            rss_bytes=1,
        )  # fmt: skip

    async def present(self, presence: wire.Presence) -> wire.Present:
        if self.is_gone:
            raise DaemonError("the daemon is gone", "opsconsole daemon run starts it")
        here = (msgspec.structs.replace(presence, since=NOW), *self.others)
        return wire.Present(consoles=here, on_call=self.on_call, permission=self.permission)

    async def do(self, path: str, request: msgspec.Struct, kind: type[S]) -> S:
        """Take note of it, and answer what ``answered`` has for that path."""
        self.done.append((path, request))
        answer = self.answered.get(path)
        if isinstance(answer, OpsConsoleError):
            raise answer
        if answer is None:
            raise DaemonError(f"the fake daemon does no {path}")
        return msgspec.convert(msgspec.to_builtins(answer), kind)

    async def _wait(self, after: int, *question: str) -> None:
        self.asked.append(question)
        while after >= self.revision and not self.is_gone:
            self.changed.clear()
            await self.changed.wait()
        if self.is_gone:
            raise DaemonError("the daemon is gone", "opsconsole daemon run starts it")
        if self.refusal:
            raise RequestRefused(self.refusal)


@dataclass
class MovingClient(FakeClient):
    """The fleet in motion: twice a second the counts grow and the time goes on."""

    async def _wait(self, after: int, *question: str) -> None:
        if after:
            await asyncio.sleep(0.5)
            self.revision += 1

    def answer(self, kind: str, parameters: Mapping[str, str]) -> wire.Answer:
        view = super().answer(kind, parameters)
        if not isinstance(view, wire.FleetView):
            return view
        grown = tuple(
            msgspec.structs.replace(each, requests=each.requests + 7 * (self.revision - 7)) for each in view.services
        )
        return msgspec.structs.replace(view, services=grown, end=NOW + timedelta(seconds=(self.revision - 7) // 2))


def main() -> None:
    from opsconsole.console.starting import run_console

    names = ("lora-gateway", "chat-assist", "ticket-router", "azure-llm-code")
    if "--historical" in sys.argv:
        answer: Callable[[str], wire.FleetView] = lambda window: fleet_view(window, is_live=False)  # noqa: E731
    else:
        answer = lambda window: fleet_view(window, names=names)  # noqa: E731
    kind = FakeClient if "--still" in sys.argv else MovingClient
    sys.exit(run_console(kind(fleet_answer=answer)))


if __name__ == "__main__":
    main()

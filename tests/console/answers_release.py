"""Answers about releases: in ``chat-assist`` a canary v42 at 10 % that the analysis has not decided on, after a change
that is being watched; the other services have a target and a quiet history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import msgspec
from answers_charts import compared, frame_of
from fleet import NOW, versions_of

from opsconsole import wire

CAPS = wire.Caps(split=True, dry_run=True, guarding="cas", tested_against="the real thing: nginx 1.27 reloading a map")


def minutes(n: float) -> timedelta:
    return timedelta(minutes=n)


def manifest(version: str, **digests: str) -> wire.Manifest:
    known: dict[str, tuple[str, str]] = {
        "model": ("harbor-chat-2.1", "sha256:9f2c4b1e77d0"),
        "data": ("train-2026-10", "sha256:51aa03bb2c90"),
        "config": ("prompts.yaml", "sha256:0c77e1d9aa41"),
        "lock": ("requirements.lock", "sha256:ee12fd3010b2"),
    }
    parts = tuple(
        wire.Part(kind=kind, uri=f"registry/{name}", digest=digests.get(kind, digest), name=name)  # type: ignore[arg-type]
        for kind, (name, digest) in known.items()
    )
    return wire.Manifest(service="chat-assist", version=version, parts=parts, origin="git", added_by="ann")


def evidence(version: str, n: int, *, share: float, factor: float = 1.0) -> wire.VersionEvidence:
    return wire.VersionEvidence(
        version=version, share=share, n=n, error_rate=0.004 * factor, p99_ms=1_180 * factor,
        usd_per_request=0.00007 * factor, last_at=NOW - timedelta(seconds=2),
    )  # fmt: skip


def stream(name: str, e: float, ratio: float, low: float, high: float, why: str = "") -> wire.StreamReading:
    return wire.StreamReading(
        name=name, e=e, n_baseline=40_228, n_canary=4_412, ratio=ratio, ratio_low=low, ratio_high=high, why=why
    )


READING = wire.CanaryReading(
    word="undecided",
    e=14.2,
    threshold=100.0,
    minutes=12,
    minutes_to_decide=8.4,
    streams=(
        stream("errors", 0.83, 1.12, 0.71, 1.76),
        stream("tail", 41.0, 1.79, 1.22, 2.31, "beyond 1.77s: 3.1% of v42, 1.0% of v41"),
        stream("latency", 1.4, 1.06, 0.98, 1.15),
        stream("cost", 13.8, 1.78, 1.41, 2.02),
    ),
    aa_estimate=1.08,
    why="the tail of v42 is heavier; two more steps of evidence are missing",
)

ROLLOUT = wire.Rollout(
    service="chat-assist", version="v42", baseline="v41", phase="running", step=1, steps=(0.01, 0.1, 0.5, 1.0),
    step_since=NOW - minutes(12), started_at=NOW - minutes(22), started_by="ann", pinned="v41",
    waiting_for="the analysis: no worse; 10 of 10 minutes, 4.4k of 500 requests", reading=READING,
)  # fmt: skip

WATCH = wire.Watch(
    op_id="op-7f3a21", act="advance", until=NOW + minutes(3), undo=wire.Routing(shares={"v41": 1.0}),
    told="v42 to 10%", before=(evidence("v41", 44_100, share=0.99), evidence("v42", 410, share=0.01, factor=1.6)),
    now=(evidence("v41", 40_228, share=0.89), evidence("v42", 4_412, share=0.11, factor=1.79)),
    verdict=wire.Verdict(
        effect="effective", why="the file says 10%, and 10.9% of 4,412 records since are of v42",
        observed={"v41": 0.891, "v42": 0.109}, n_observed=4_412,
    ),
)  # fmt: skip

HISTORY = (
    wire.HistoryEntry(
        op_id="op-7f3a21", at=NOW - minutes(12), actor="automation", act="advance", told="v42 from 1% to 10%",
        before={"v41": 0.99, "v42": 0.01}, after={"v41": 0.9, "v42": 0.1}, word="done", effect="effective",
    ),
    wire.HistoryEntry(
        op_id="op-6c0e90", at=NOW - minutes(22), actor="ann", act="start", told="start v42 at 1%",
        before={"v41": 1.0}, after={"v41": 0.99, "v42": 0.01}, word="done", effect="effective",
    ),
    wire.HistoryEntry(
        op_id="", at=NOW - timedelta(days=1, hours=2), actor="somebody", act="out of band",
        told="routing.yaml was changed by hand: v40 5%", before={"v41": 1.0}, after={"v41": 0.95, "v40": 0.05}, word="",
    ),
    wire.HistoryEntry(
        op_id="op-51b7d4", at=NOW - timedelta(days=3), actor="bob", act="promote", told="promote v41",
        before={"v40": 0.5, "v41": 0.5}, after={"v41": 1.0}, word="done", effect="effective",
    ),
    wire.HistoryEntry(
        op_id="op-50aa13", at=NOW - timedelta(days=3, minutes=9), actor="bob", act="promote", told="promote v41",
        before={"v40": 0.5, "v41": 0.5}, after={"v41": 1.0}, word="moved",
    ),
)  # fmt: skip


def release_view(parameters: Mapping[str, str]) -> wire.ReleaseView:
    service = parameters["service"]
    return canary_release(parameters) if service == "chat-assist" else quiet_release(parameters)


def canary_release(parameters: Mapping[str, str], **changes: Any) -> wire.ReleaseView:
    shares = {"v41": 0.9, "v42": 0.1}
    view = wire.ReleaseView(
        service=parameters["service"],
        target="file /etc/nginx/routing.yaml",
        caps=CAPS,
        state=wire.TargetState(routing=wire.Routing(shares=shares), token="sha256:77c0", observed_at=NOW),
        trouble="",
        believed=shares,
        out_of_band="",
        deployments=(
            wire.Deployment(
                version="v41", share=0.9, observed_share=0.891, since=NOW - timedelta(days=3), by="bob", role="stable",
                manifest=manifest("v41"), n=40_228,
            ),
            wire.Deployment(
                version="v42", share=0.1, observed_share=0.109, since=NOW - minutes(22), by="ann", role="canary",
                manifest=manifest("v42", model="sha256:c01dd00d1234", config="sha256:77aa77aa77aa"), n=4_412,
            ),
            wire.Deployment(
                version="v40", share=0.0, observed_share=None, since=NOW - timedelta(days=12), by="ann",
                role="previous", manifest=manifest("v40", model="sha256:000011112222"),
            ),
        ),
        pinned="v41",
        rollout=ROLLOUT,
        watch=WATCH,
        freezes=(),
        approvals=(),
        history=HISTORY,
        **frame_of(parameters),
    )  # fmt: skip
    return msgspec.structs.replace(view, **changes)


def quiet_release(parameters: Mapping[str, str]) -> wire.ReleaseView:
    """One version, and nothing under way."""
    version = versions_of(parameters["service"], NOW)[0].version
    return canary_release(
        parameters,
        state=wire.TargetState(routing=wire.Routing(shares={version: 1.0}), observed_at=NOW),
        believed={version: 1.0},
        deployments=(
            wire.Deployment(
                version=version, share=1.0, observed_share=1.0, since=NOW - timedelta(days=3), by="bob", role="stable",
                n=1_000,
            ),
        ),
        pinned=version,
        rollout=None,
        watch=None,
        history=(),
    )  # fmt: skip


def plan_of(order: wire.OrderRequest, **changes: Any) -> wire.Plan:
    """What the daemon would plan for ``chat-assist`` at 90 to 10."""
    is_back = order.act in ("rollback", "abort")
    to = "v41" if is_back else order.version or "v42"
    before = wire.Routing(shares={"v41": 0.9, "v42": 0.1})
    plan = wire.Plan(
        op_id="op-91c2d7",
        order=order,
        environment="prod",
        actor="ann",
        target="file /etc/nginx/routing.yaml",
        caps=CAPS,
        before=wire.TargetState(routing=before, token="sha256:77c0", observed_at=NOW - timedelta(seconds=1)),
        after=before if order.act in ("hold", "resume") else wire.Routing(shares={to: 1.0}),
        inverse=before,
        requests=(
            wire.TargetRequest(
                method="replace", where="/etc/nginx/routing.yaml", body=f"chat-assist:\n  {to}: 100\n# op-91c2d7"
            ),
            wire.TargetRequest(method="run", where="nginx -s reload"),
        ),
        from_version="v42" if is_back else "v41",
        to_version=to,
        pinned="v41",
        pinned_health="ok, p99 1.18s, errors 0.40% of 40.2k in the last 15m",
        warnings=("the canary's analysis has not decided: E 14.2 of 100",),
        refusals=(),
        evidence=wire.Evidence(
            window_s=900,
            versions=(evidence("v41", 40_228, share=0.89), evidence("v42", 4_412, share=0.11, factor=1.79)),
            comparisons=(
                compared("error rate", "share", 0.004, 0.0072, "unsure"),
                compared("latency p99", "ms", 1_180, 2_112, "worse"),
                compared("USD a request", "usd", 0.00007, 0.000125, "worse"),
            ),
        ),
        risk="medium",
        confirm_with="ba" if is_back else order.service,
        others=(),
        command=f"opsconsole {order.act} {order.service}" + (f" {order.version}" if order.version else ""),
        undo_command=f"opsconsole set {order.service} v41=90 v42=10",
        planned_at=NOW,
        expires_at=NOW + minutes(5),
    )  # fmt: skip
    return msgspec.structs.replace(plan, **changes)


def answers() -> dict[str, Callable[[Mapping[str, str]], wire.Answer]]:
    return {"release": release_view}

"""What is deployed of a service, what is being done about it, and what was done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from opsconsole import wire
from opsconsole.daemon.deployed import Deployed
from opsconsole.daemon.views.reading import Reading
from opsconsole.releases.ledger import ServiceReleases

MOST_HISTORY = 100
"""Entries of one answer; the journal has all."""


def release_view(reading: Reading) -> wire.ReleaseView:
    service = reading.asked.service
    extents = [reading.extent(service)] if service in reading.extents else []
    axis, end, is_live = reading.axis(extents)
    deployed = reading.context.deployed_of(service, end if reading.asked.as_of else None)
    if not extents and deployed.setting is None:
        reading.extent(service)  # names the services that there are
    one = deployed.one
    shares = deployed.state.routing.shares if deployed.state is not None else {}
    now = reading.asked.as_of or reading.context.now
    return wire.ReleaseView(
        service=service,
        target=deployed.target,
        caps=deployed.caps,
        state=deployed.state,
        trouble=deployed.trouble,
        believed=dict(one.believed.shares) if one.believed else {},
        out_of_band=one.out_of_band,
        deployments=_deployments(deployed, shares),
        pinned=one.pinned(deployed.state.routing) if deployed.state is not None else "",
        rollout=_rollout(service, deployed),
        watch=_watch(deployed, now),
        freezes=deployed.freezes,
        approvals=tuple(each for each in deployed.approvals if each.expires_at > now),
        history=one.history[-MOST_HISTORY:][::-1],
        **reading.frame(axis, end, is_live=is_live),
    )


def _deployments(deployed: Deployed, shares: Mapping[str, float]) -> tuple[wire.Deployment, ...]:
    """Every version that serves, is registered, or could be rolled back to, the largest share first."""
    one, seen = deployed.one, {each.version: each for each in deployed.lately}
    named = dict.fromkeys([*shares, *seen, *reversed(one.promoted), *reversed(list(deployed.manifests))])
    rows = []
    for version in named:
        since = one.since.get(version)
        found = seen.get(version)
        rows.append(
            wire.Deployment(
                version=version,
                share=shares.get(version, 0.0) if deployed.state is not None else None,
                observed_share=(found.share if found else 0.0) if seen else None,
                since=since[0] if since else None,
                by=since[1] if since else "",
                role=_role(one, version, shares),
                manifest=deployed.manifests.get(version),
                n=found.n if found else 0,
            )
        )
    return tuple(sorted(rows, key=lambda row: -(row.share or 0.0)))


Role = Literal["stable", "canary", "previous", "pinned", "known"]


def _role(one: ServiceReleases, version: str, shares: Mapping[str, float]) -> Role:
    stable = one.promoted[-1] if one.promoted else ""
    if version == stable:
        return "stable"
    if shares.get(version, 0.0) > 0:
        return "canary"
    if version in one.promoted and version not in one.withdrawn:
        return "previous"
    return "known"


def _rollout(service: str, deployed: Deployed) -> wire.Rollout | None:
    rollout = deployed.one.rollout
    if rollout is None:
        return None
    return wire.Rollout(
        service=service,
        version=rollout.version,
        baseline=rollout.baseline,
        phase=rollout.phase,
        step=rollout.step,
        steps=tuple(step.share for step in rollout.steps),
        step_since=rollout.step_since,
        started_at=rollout.started_at,
        started_by=rollout.started_by,
        pinned=rollout.pinned,
        waiting_for=deployed.waiting_for if rollout.is_open else rollout.why,
        reading=deployed.reading,
    )


def _watch(deployed: Deployed, now: datetime) -> wire.Watch | None:
    """The last change, for as long as it is watched."""
    operation = deployed.one.operation
    if operation is None or operation.word is None or deployed.setting is None or not operation.plan.requests:
        return None
    until = operation.at + timedelta(minutes=deployed.setting.watch_minutes)
    if operation.word in ("refused", "moved") or now >= until:
        return None
    plan = operation.plan
    return wire.Watch(
        op_id=plan.op_id,
        act=plan.order.act,
        until=until,
        undo=plan.inverse,
        told=operation.told,
        before=plan.evidence.versions,
        now=deployed.lately,
        verdict=deployed.verdict or operation.verdict,
    )

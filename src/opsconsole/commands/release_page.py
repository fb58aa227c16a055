"""Plans, outcomes and histories of releases as plain text: what the command line prints, in 80 columns where it can."""

from __future__ import annotations

from collections.abc import Iterator

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.text import safe

_LABEL = 10


def plan_page(plan: wire.Plan) -> str:
    """Everything that a person should know before they confirm."""
    return "".join(f"{safe(line, 2_000)}\n" for line in _plan(plan))


def _plan(plan: wire.Plan) -> Iterator[str]:
    environment = plan.environment or "(no environment)"
    yield f"{plan.order.act} {plan.order.service} in {environment}  [{plan.op_id}]"
    yield _told("target", f"{plan.target} · {plan.caps.tested_against}")
    yield _told("now", shares(plan.before.routing.shares))
    yield _told("then", shares(plan.after.shares))
    if plan.steps:
        yield _told("steps", " → ".join(f"{step.share:.4g}" for step in plan.steps))
    for each in plan.evidence.versions:
        yield _told("traffic", evidence(each, plan.evidence.window_s))
    if plan.pinned:
        yield _told("roll-back", f"to {plan.pinned}: {plan.pinned_health}")
    for request in plan.requests:
        yield _told("sends", f"{request.method} {request.where}")
        for line in request.body.splitlines():
            yield f"{'':{_LABEL}}  {line}"
    for warning in plan.warnings:
        yield _told("warning", warning)
    for other in plan.others:
        yield _told("also", other)
    for refusal in plan.refusals:
        yield _told("REFUSED", f"{refusal.rule}: {refusal.why}")
        yield f"{'':{_LABEL}}  {refusal.remedy}"
    yield _told("command", plan.command)
    yield _told("undo", plan.undo_command)
    yield _told("expires", f"{plan.expires_at:%H:%M:%S} UTC")


def outcome_page(plan: wire.Plan, outcome: wire.Outcome) -> str:
    """What became of it, and what to do next."""
    lines = [f"{outcome.word}: {outcome.told}  ({outcome.took_ms:.0f} ms)"]
    for refusal in outcome.refusals:
        lines += [_told(refusal.rule, refusal.why), f"{'':{_LABEL}}  {refusal.remedy}"]
    if outcome.receipt is not None:
        lines.append(_told("answer", outcome.receipt.answer))
    if outcome.verdict is not None:
        lines.append(_told("effect", f"{outcome.verdict.effect}: {outcome.verdict.why}"))
    if outcome.word in ("done", "indeterminate", "not effective"):
        lines.append(_told("undo", plan.undo_command))
    return "".join(f"{safe(line, 2_000)}\n" for line in lines)


def history_page(view: wire.ReleaseView) -> str:
    """Newest first."""
    if not view.history:
        return f"{safe(view.service)}: nothing was changed yet\n"
    lines = [
        f"{entry.at:%Y-%m-%d %H:%M:%S}  {entry.act:<11} {entry.word:<13} {(entry.effect or ''):<13} "
        f"{entry.actor}: {shares(entry.before)} → {shares(entry.after)}  {entry.told}".rstrip()
        for entry in view.history
    ]
    return "".join(f"{safe(line, 2_000)}\n" for line in lines)


def shares(routing: dict[str, float]) -> str:
    """``v41 90%, v42 10%``, the largest first."""
    named = sorted(((share, version) for version, share in routing.items() if share), reverse=True)
    return ", ".join(f"{version} {100 * share:.4g}%" for share, version in named) or "nothing"


def evidence(each: wire.VersionEvidence, window_s: int) -> str:
    """``v42: n 678 in 15 min, errors 2.4%, p99 24.5s, $0.0021 a request``; what was not logged reads ``–``."""
    errors = numbers.MISSING if each.error_rate is None else f"{each.error_rate:.2%}"
    p99 = numbers.MISSING if each.p99_ms is None else f"{each.p99_ms / 1000:.3g} s"
    cost = numbers.MISSING if each.usd_per_request is None else numbers.money(each.usd_per_request)
    return f"{each.version}: n {each.n:,} in {window_s // 60} min, errors {errors}, p99 {p99}, {cost} a request"


def _told(label: str, text: str) -> str:
    return f"{label:<{_LABEL}}  {text}"

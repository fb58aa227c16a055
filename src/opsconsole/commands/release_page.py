"""Plans, outcomes and histories of releases as plain text: what the command line prints, in 80 columns where it can."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from opsconsole import wire
from opsconsole.console import numbers
from opsconsole.console.text import safe

_LABEL, _WIDTH = 10, 80


def plan_page(plan: wire.Plan) -> str:
    """Everything that a person should know before they confirm."""
    return "".join(f"{safe(line, 2_000)}\n" for line in _plan(plan))


def _plan(plan: wire.Plan) -> Iterator[str]:
    environment = plan.environment or "(no environment)"
    yield f"{plan.order.act} {plan.order.service} in {environment}  [{plan.op_id}]"
    yield from _wrapped("target", f"{plan.target}; tested against {plan.caps.tested_against}")
    yield from _wrapped("now", routing(plan.before.routing))
    yield from _wrapped("then", routing(plan.after))
    if plan.steps:
        yield _told("steps", " → ".join(f"{step.share:.4g}" for step in plan.steps))
    for each in plan.evidence.versions:
        yield from _wrapped("traffic", evidence(each, plan.evidence.window_s))
    if plan.pinned:
        yield from _wrapped("roll-back", f"to {plan.pinned}: {plan.pinned_health}")
    for request in plan.requests:
        yield _told("sends", f"{request.method} {request.where}")
        for line in request.body.splitlines():
            yield f"{'':{_LABEL}}  {line}"
    for warning in plan.warnings:
        yield from _wrapped("warning", warning)
    for other in plan.others:
        yield from _wrapped("also", other)
    for refusal in plan.refusals:
        yield from _wrapped("REFUSED", f"{refusal.rule}: {refusal.why}")
        yield from _wrapped("", refusal.remedy)
    yield _told("command", plan.command)
    yield _told("undo", plan.undo_command)
    yield _told("expires", f"{plan.expires_at:%H:%M:%S} UTC")


def outcome_page(plan: wire.Plan, outcome: wire.Outcome) -> str:
    """What became of it, and what to do next."""
    lines = [f"{outcome.word}: {outcome.told}  ({outcome.took_ms:.0f} ms)"]
    for refusal in outcome.refusals:
        lines += [*_wrapped(refusal.rule, refusal.why), *_wrapped("", refusal.remedy)]
    if outcome.receipt is not None:
        lines.append(_told("answer", outcome.receipt.answer))
    if outcome.verdict is not None:
        lines += _wrapped("effect", f"{outcome.verdict.effect}: {outcome.verdict.why}")
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


def routing(of: wire.Routing) -> str:
    """The shares, and what is routed beside them: ``v41 100%; X-Team: canary → v42; copied: v43 5%``."""
    headers = [f"{header} → {version}" for header, version in of.headers.items()]
    copied = [f"copied: {shares(of.shadow)}"] if any(of.shadow.values()) else []
    return "; ".join([shares(of.shares), *headers, *copied])


def evidence(each: wire.VersionEvidence, window_s: int) -> str:
    """``v42: n 678 in 15 min, errors 2.4%, p99 24.5s, $0.0021 a request``; what was not logged reads ``–``."""
    errors = numbers.percent(each.error_rate)
    p99 = numbers.MISSING if each.p99_ms is None else f"{each.p99_ms / 1000:.3g} s"
    cost = numbers.MISSING if each.usd_per_request is None else numbers.money(each.usd_per_request)
    return f"{each.version}: n {each.n:,} in {window_s // 60} min, errors {errors}, p99 {p99}, {cost} a request"


def _told(label: str, text: str) -> str:
    return f"{label:<{_LABEL}}  {text}"


def _wrapped(label: str, text: str) -> list[str]:
    """A sentence behind its label; what cannot be broken stays whole."""
    rows = textwrap.wrap(text, _WIDTH - _LABEL - 2, break_long_words=False, break_on_hyphens=False) or [""]
    return [_told(label if i == 0 else "", row) for i, row in enumerate(rows)]

"""The status page: what the console shows, as plain text for a pipe, a log or a person without a terminal.

Always true here: no escape sequence and no colour; every string from data passed ``safe``; what was not logged is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from opsconsole import wire
from opsconsole.console.numbers import count, duration, effect, money, percent, rate, share, size, unpriced, value
from opsconsole.console.text import fit, safe, width

MISSING = "–"
_WORDS: dict[wire.HealthWord, str] = {
    "ok": "ok",
    "warn": "WARN",
    "fail": "FAIL",
    "quiet": "quiet",
    "unknown": "unknown",
}
_HEADING = (
    *("version", "share", "requests", "errors", "95 %", "p50", "p90", "p99", "ttft p50", "tok/s", "tokens", "$"),
    *("$/req", "worst drift", "first", "last"),
)
_VERSIONS_SHOWN = 12
_FINDINGS_SHOWN = 6
_REASONS_SHOWN = 4


def aligned(rows: Sequence[Sequence[str]], indent: str = "") -> str:
    """A table: columns padded to their widest cell, two blanks apart; the first row is its heading."""
    if not rows:
        return ""
    widths = [max(width(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ("  ".join(fit(cell, cells) for cell, cells in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "".join(f"{indent}{line}\n" for line in lines)


def counted(n: int, noun: str) -> str:
    """``1 service``, ``2,000 services``."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def one_line(message: str) -> str:
    """An error and its remedy, side by side."""
    return " ".join(message.split("\n"))


def status_page(view: wire.StatusView) -> str:
    """Every service with its versions, then the sources."""
    name = f" · {safe(view.environment)}" if view.environment else ""
    window = "all records" if view.window == "all" else f"last {view.window}"
    as_of = f"up to {view.end:%Y-%m-%d %H:%M:%S} UTC" + ("" if view.is_live else " (end of the data)")
    head = f"opsconsole{name} · {window} {as_of} · {counted(len(view.services), 'service')}\n"
    if not view.services:
        return head + "\nno records yet\n\n" + sources_page(view.sources)
    return head + "".join(f"\n{_service(service)}" for service in view.services) + "\n" + sources_page(view.sources)


def _service(service: wire.StatusService) -> str:
    lines = [f"{safe(service.service)}  {_WORDS[service.state]}"]
    lines += [f"  ! {safe(reason)}" for reason in service.reasons[:_REASONS_SHOWN]]
    if len(service.reasons) > _REASONS_SHOWN:
        lines.append(f"  ! … and {len(service.reasons) - _REASONS_SHOWN} more reasons")
    text = "\n".join(lines) + "\n" + _versions(service)
    details = [
        *_errors(service.total),
        *_tokens(service.total.tokens),
        _cost(service),
        *_drift(service.drift),
        *([f"users       {service.users:,} distinct"] if service.users else []),
        _times(service.total),
        *([f"not logged  {', '.join(service.not_logged)}"] if service.not_logged else []),
    ]
    return text + "".join(f"  {line}\n" for line in details)


def _versions(service: wire.StatusService) -> str:
    rows: list[tuple[str, ...]] = [_HEADING]
    shown = service.versions[:_VERSIONS_SHOWN]
    rows += [_version(version, safe(version.version, 24) or "(not logged)") for version in shown]
    if len(service.versions) != 1:
        rows.append(_version(service.total, "all"))
    text = aligned(rows, "  ")
    hidden = len(service.versions) - len(shown)
    return text + (f"  … and {hidden} versions more (--json has them all)\n" if hidden else "")


def _version(version: wire.VersionSummary, name: str) -> tuple[str, ...]:
    interval = MISSING
    if version.error_rate_low is not None and version.error_rate_high is not None:
        interval = f"{percent(version.error_rate_low)}–{percent(version.error_rate_high)}"
    speed = version.tokens_per_s.p50
    return (
        name,
        share(version.share),
        f"{version.requests:,}",
        percent(version.error_rate),
        interval,
        duration(value(version.latency_ms.p50)),
        duration(value(version.latency_ms.p90)),
        duration(value(version.latency_ms.p99)),
        duration(value(version.ttft_ms.p50)),
        count(speed.value) if speed else MISSING,
        _tokens_of(version.tokens),
        money(version.cost.usd),
        money(version.cost.usd_per_request),
        _drift_of(version.worst_drift),
        *(f"{at:%m-%d %H:%M}" if at else MISSING for at in (version.first_at, version.last_at)),
    )


def _tokens_of(tokens: wire.Tokens) -> str:
    into = [n for n in (tokens.input, tokens.cached, tokens.cache_write) if n is not None]
    out = [n for n in (tokens.output, tokens.reasoning) if n is not None]
    return f"{count(sum(into))} in {count(sum(out))} out" if into or out else MISSING


def _drift_of(worst: wire.DriftFinding | None) -> str:
    if worst is None or worst.verdict not in ("drift", "ok"):
        return MISSING if worst is None else worst.verdict
    return "ok" if worst.verdict == "ok" else f"{effect(worst.effect)} {safe(worst.feature, 24)}"


def _errors(total: wire.VersionSummary) -> Iterable[str]:
    if total.errors:
        classes = ", ".join(f"{n:,} {safe(name, 40)}" for name, n in list(total.error_classes.items())[:6])
        yield f"errors      {total.errors:,}: {classes}"
    if total.pending:
        yield f"pending     {total.pending:,} (neither succeeded nor failed)"


def _tokens(tokens: wire.Tokens) -> Iterable[str]:
    classes = (
        ("input", tokens.input),
        ("cached", tokens.cached),
        ("cache write", tokens.cache_write),
        ("output", tokens.output),
        ("reasoning", tokens.reasoning),
    )
    logged = [f"{name} {n:,}" for name, n in classes if n is not None]
    if logged:
        yield f"tokens      {', '.join(logged)}"


def _cost(service: wire.StatusService) -> str:
    cost, spend = service.total.cost, service.spend
    if cost.usd is None:
        return f"cost        {unpriced(cost.unpriced_tokens) if cost.unpriced_tokens else 'not logged'}"
    parts = [f"{money(cost.usd)} for {cost.n_known:,} requests"]
    if cost.n_priced:
        parts.append(f"{cost.n_priced:,} of them priced")
    if spend.usd_per_hour is not None:
        parts.append(f"{money(spend.usd_per_hour)}/h")
    if spend.today_usd is not None:
        parts.append(f"today {money(spend.today_usd)}")
    if spend.month_end_usd is not None:
        parts.append(f"month end {money(spend.month_end_usd)}")
    if cost.unpriced_tokens:
        parts.append(unpriced(cost.unpriced_tokens))
    return "cost        " + ", ".join(parts)


def _drift(drift: wire.Drift) -> Iterable[str]:
    if drift.baseline.kind == "none":
        yield f"drift       {safe(drift.baseline.label)}"
        return
    found = [finding for finding in drift.findings if finding.verdict == "drift"]
    judged = sum(1 for finding in drift.findings if finding.verdict in ("drift", "ok"))
    if not judged:
        yield f"drift       not judged: too few values to compare with {safe(drift.baseline.label)}"
        return
    yield (
        f"drift       {len(found)} of {judged} features and versions drifted against {safe(drift.baseline.label)}"
        f" ({drift.n_tests} tests)"
    )
    for finding in found[:_FINDINGS_SHOWN]:
        effect = f"{finding.effect:.2f}" if finding.effect is not None else MISSING
        phi = f", φ {finding.phi:.1f}" if finding.phi is not None else ""
        reasons = "; ".join(safe(reason) for reason in finding.reasons)
        version = f"{safe(finding.version, 24)} " if finding.version else ""
        yield f"            {version}{safe(finding.feature, 40)} {effect}: {reasons} (n {finding.n:,}{phi})"


def _times(total: wire.VersionSummary) -> str:
    if total.first_at is None or total.last_at is None:
        return "records     none in this window"
    span_s = (total.last_at - total.first_at).total_seconds()
    speed = f", {rate(total.requests / span_s)} req/s" if span_s >= 1 else ""
    return f"records     {total.first_at:%Y-%m-%d %H:%M:%S} to {total.last_at:%Y-%m-%d %H:%M:%S} UTC{speed}"


def sources_page(sources: Sequence[wire.SourceRow]) -> str:
    """What is read, and what was rejected and why."""
    if not sources:
        return "no sources\n"
    text = aligned(
        [
            ("source", "format", "state", "read", "records", "rejected"),
            *(
                (
                    safe(source.path),
                    source.format,
                    source.state,
                    size(source.read_bytes),
                    f"{source.accepted:,}",
                    f"{source.rejected:,}",
                )
                for source in sources
            ),
        ]
    )
    for source in sources:
        notes = [f"{n:,} rejected: {safe(reason)}" for reason, n in source.reject_reasons.items()]
        notes += [f"{n:,} values of {safe(column)} were not of its type" for column, n in source.coerced.items()]
        notes += [safe(note, 400) for note in source.notes]
        notes += [f"failed: {safe(one_line(source.error), 400)}"] if source.error else []
        if notes:
            text += f"{safe(source.path)}\n" + "".join(f"  {note}\n" for note in notes)
    return text

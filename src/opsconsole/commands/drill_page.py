"""Drills as plain text: what there is, what is wrong with a scenario, and how one went.

Always true here: no escape sequence and no colour; a raw value is shown beside each score, and what never happened is
``–`` and not 0; what came from data passed ``safe``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from opsconsole import wire
from opsconsole.console.numbers import minutes, since_start
from opsconsole.console.text import safe
from opsconsole.page import MISSING, aligned, counted

_SIGNS: dict[wire.ExpectationWord, str] = {"met": "✓", "late": "~", "missed": "✗", "not judged": "?"}
_NOT_YET = "·"
_WIDTH, _TITLE = 79, 44
_LIMIT = 4_000
"""Characters of one text: more than a scenario's guide has, or what somebody says."""


def points(value: float) -> str:
    return f"{value:g}"


def list_page(reply: wire.DrillsReply) -> str:
    """Two lines for each, which fit into 80 columns."""
    rows = [("drill", "hard", "mode", "min", "checklists")]
    rows += [
        (
            safe(each.id),
            f"{each.difficulty}/5",
            each.mode or MISSING,
            f"{each.minutes:g}",
            safe(", ".join(each.checklists)) or MISSING,
        )
        for each in reply.drills
    ]
    heading, *told = aligned(rows).splitlines()
    lines = [heading]
    for each, row in zip(reply.drills, told, strict=True):
        lines += [row, *_told("    ", each.title, 4)]
    lines += [
        f"ERROR {safe(each.id)}: {counted(each.problems, 'problem')}; opsconsole drill lint {safe(each.path)}"
        for each in reply.drills
        if each.problems
    ]
    lines.append("Names and titles tell what is wrong. To be surprised: opsconsole drill run --any")
    return "".join(f"{line}\n" for line in lines)


def lint_page(reply: wire.DrillLintReply) -> str:
    lines = [
        f"{safe(each.path)}:{each.line}: {'' if each.is_error else 'warning: '}{safe(each.message)}\n"
        f"    {safe(each.remedy)}\n"
        for each in reply.problems
    ]
    wrong = sum(each.is_error for each in reply.problems)
    told = f"{counted(len(reply.paths), 'scenario')}, {counted(wrong, 'error')}"
    return "".join(lines) + told + f", {counted(len(reply.problems) - wrong, 'warning')}\n"


_RUNS = ("run", "seed", "score", "detect", "identify", "mitigate", "resolve", "saved", "lost")


def history_page(history: wire.DrillHistory) -> str:
    """Raw values, by scenario and version: those of another one are not the same exercise."""
    names = sorted(history.scores, key=lambda name: (history.scores[name].scenario, history.scores[name].version))
    heading, *rows = aligned([_RUNS, *(_run(name, history.scores[name]) for name in names)], "  ").splitlines()
    lines: list[str] = [heading]
    said = ""
    for name, row in zip(names, rows, strict=True):
        exercise = f"{history.scores[name].scenario} {history.scores[name].version}"
        lines += ([safe(exercise)] if exercise != said else []) + [row]
        said = exercise
    return "".join(f"{line}\n" for line in lines) + f"n = {len(names)}\n"


def _run(name: str, score: wire.DrillScore) -> tuple[str, ...]:
    took = score.durations
    return (
        safe(name),
        str(score.seed),
        f"{score.score:g}",
        *map(minutes, (took.detect_s, took.identify_s, took.mitigate_s, took.resolve_s)),
        MISSING if score.harm.saved is None else f"{100 * score.harm.saved:.0f} %",
        points(score.lost),
    )


def now_page(now: wire.DrillNow) -> str:
    """What everybody may know."""
    lines = [_head(now)]
    if now.observers:
        lines.append(f"looking on: {', '.join(map(safe, now.observers))}")
    if now.brief:
        lines += ["", *_prose(now.brief)]
    if now.messages:
        lines.append("")
        for each in now.messages:
            lines += _told(f"{since_start(each.t)} {safe(each.sender)} ({safe(each.via)}): ", each.text)
    if now.hints:
        cost = f", the next for {points(now.hint_cost)} points" if now.hint_cost is not None else ""
        lines += ["", f"{counted(now.hints, 'hint')} may be asked for{cost}: opsconsole drill hint {safe(now.run)}"]
    if now.hinted:
        lines.append("")
        for hint in now.hinted:
            lines += _told(f"hint (-{points(hint.cost)}): ", hint.text)
    return "".join(f"{line}\n" for line in lines)


def _head(now: wire.DrillNow) -> str:
    state = "over" if now.is_over else "paused" if now.is_paused else f"at {now.speed:g}x"
    return f"{safe(now.run)} {since_start(now.t)} of {minutes(now.length_s)}, {state}"


def plan_page(plan: wire.DrillPlan) -> str:
    """What the facilitator sees."""
    lines = [_head(plan.now)]
    lines += [safe(plan.title)] if plan.title else []
    lines += ["", *_prose(plan.guide)] if plan.guide else []
    for title, told in (
        ("faults", map(_fault, plan.faults)),
        ("injects", map(_inject, plan.injects)),
        ("how the world answers", map(_reaction, plan.reactions)),
        ("notes", (("  ", each) for each in plan.notes)),
        ("who is here", (("  ", each) for each in plan.consoles or ("nobody",))),
    ):
        rows = [row for head, text in told for row in _told(head, text, 4)]
        lines += ["", title, *rows] if rows else []
    lines.append("")
    score = () if plan.score is None else _score(plan.score, is_over=plan.now.is_over)
    return "".join(f"{line}\n" for line in (*lines, *score))


def _fault(fault: wire.DrillFault) -> tuple[str, str]:
    state = f"{100 * fault.level:.0f} %" if fault.level else "not there"
    begins = "by a reaction" if fault.at == "never" else f"from {safe(fault.at)}"
    until = f" until {safe(fault.until)}" if fault.until else ""
    decoy = ", a decoy" if fault.is_decoy else ""
    return f"  {safe(fault.id)}: {state} ({begins}{until}{decoy}): ", fault.about


def _inject(each: wire.DrillInject) -> tuple[str, str]:
    at = "by hand" if each.when == "manual" else f"at {safe(each.when)}"
    when = f"if {safe(each.when)}" if each.is_contingency else at
    return f"  {'✓' if each.is_told else _NOT_YET} {safe(each.id)} ({when}) {safe(each.sender)}: ", each.text


def _reaction(each: wire.DrillReaction) -> tuple[str, str]:
    does = [f"begins {', '.join(each.starts)}"] if each.starts else []
    does += [f"ends {', '.join(each.clears)}"] if each.clears else []
    does += [f"{each.by}: {each.says}"] if each.says else []
    return f"  {'✓' if each.is_set_off else _NOT_YET} if {safe(each.when)}: ", "; ".join(does)


def replay_page(replayed: wire.DrillReplayed) -> str:
    if replayed.differs_at is None:
        return f"{safe(replayed.run)}: {replayed.events:,} events, all of them the same; score {replayed.score:g}\n"
    return (
        f"{safe(replayed.run)}: event {replayed.differs_at:,} is another one\n"
        f"was {safe(replayed.was, 500)}\nnow {safe(replayed.now, 500)}\n"
    )


def score_page(score: wire.DrillScore) -> str:
    return "".join(f"{line}\n" for line in _score(score))


def _score(score: wire.DrillScore, *, is_over: bool = True) -> Iterator[str]:
    """As long as it goes on, nothing is missed."""
    if score.title:  # a player who sees what is expected is not told what it is about
        yield f"{safe(score.title)} ({safe(score.scenario)} {score.version}, seed {score.seed})"
    yield (
        f"score {score.score:g} of 100: {points(score.earned)} earned, {points(score.lost)} lost, "
        f"of {points(score.possible)}"
    )
    yield ""
    rows: list[tuple[str, ...]] = [("", "expected", "points", "when", "by")]
    for each in score.expectations:
        sign = _SIGNS[each.word] if is_over or each.word != "missed" else _NOT_YET
        when = since_start(each.t) if each.t is not None else MISSING
        title, *more = textwrap.wrap(safe(each.title) + (" (late)" if each.word == "late" else ""), _TITLE) or [""]
        rows.append((sign, title, _of(each.earned, each.points), when, safe(each.by) or MISSING))
        rows += [("", line, "", "", "") for line in more]
    rows.append(("", "harm kept from users", _of(score.harm.earned, score.harm.points), "", ""))
    if score.cadence is not None:
        kept = f"told every {minutes(score.cadence.every_s)}: {score.cadence.kept} of {score.cadence.due} times"
        rows.append(("", kept, _of(score.cadence.earned, score.cadence.points), "", ""))
    yield aligned(rows).rstrip("\n")
    for lapse in score.lapses:
        by = f" by {safe(lapse.by)}" if lapse.by else ""
        what = f"{lapse.title} ({lapse.what})"
        yield from _told(f"✗ -{points(lapse.points)}  {since_start(lapse.t)}{by}: ", what, 2)
    yield ""
    for line in _measured(score):
        yield from _told("", line, 2)


def _of(earned: float, whole: float) -> str:
    return f"{points(earned)} / {points(whole)}"


def _measured(score: wire.DrillScore) -> Iterator[str]:
    took, harm = score.durations, score.harm
    yield (
        f"detected {minutes(took.detect_s)} (alerted {minutes(took.alerted_s)}) · "
        f"acknowledged {minutes(took.acknowledge_s)} · identified {minutes(took.identify_s)}"
    )
    yield (
        f"mitigated {minutes(took.mitigate_s)} · resolved {minutes(took.resolve_s)} · first message "
        f"{minutes(took.first_message_s)} · longest silence {minutes(took.longest_silence_s)}"
    )
    saved = MISSING if harm.saved is None else f"{100 * harm.saved:.0f} %"
    yield (
        f"bad answers {harm.bad:,} of {harm.requests:,} (without faults {harm.bad_twin:,}, untouched "
        f"{harm.bad_worst:,}) · ${harm.usd:.2f} (${harm.usd_twin:.2f}, ${harm.usd_worst:.2f}) · saved {saved}"
    )
    steps = score.steps
    yield (
        f"steps: {steps.verified} verified, {steps.ticked} ticked, {steps.decided} decided, {steps.skipped} skipped, "
        f"{steps.failed} failed · changes that nothing asked for: {score.wrong_changes}"
    )
    for each in score.objectives:
        yield f"objective {points(each.earned)} / {points(each.points)}: {safe(each.title)}"
    for one in score.people:
        yield (
            f"{safe(one.person)}: {counted(one.acts, 'act')}, {points(one.earned)} points, "
            f"{points(one.lost)} lost, {one.wrong} wrong"
        )


def _prose(text: str) -> list[str]:
    """Its paragraphs in lines that fit into 80 columns, however they were broken."""
    return [line for paragraph in text.split("\n\n") for line in ("", *_told("", paragraph))][1:]


def _told(head: str, text: str, hang: int = 0) -> list[str]:
    """All of it, behind its head; further lines are indented."""
    words = safe(" ".join(text.split()), _LIMIT)
    return textwrap.wrap(f"{head}{words}", _WIDTH, subsequent_indent=" " * hang)

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


def points(value: float) -> str:
    return f"{value:g}"


def list_page(reply: wire.DrillsReply) -> str:
    rows = [("drill", "hard", "mode", "min", "checklists", "title")]
    rows += [
        (
            safe(each.id),
            f"{each.difficulty} of 5",
            each.mode or MISSING,
            f"{each.minutes:g}",
            safe(", ".join(each.checklists)) or MISSING,
            safe(each.title),
        )
        for each in reply.drills
    ]
    wrong = [
        f"ERROR {safe(each.id)}: {counted(each.problems, 'problem')}; opsconsole drill lint {safe(each.path)}\n"
        for each in reply.drills
        if each.problems
    ]
    return aligned(rows) + "".join(wrong)


def lint_page(reply: wire.DrillLintReply) -> str:
    lines = [
        f"{safe(each.path)}:{each.line}: {'' if each.is_error else 'warning: '}{safe(each.message)}\n"
        f"    {safe(each.remedy)}\n"
        for each in reply.problems
    ]
    wrong = sum(each.is_error for each in reply.problems)
    told = f"{counted(len(reply.paths), 'scenario')}, {counted(wrong, 'error')}"
    return "".join(lines) + told + f", {counted(len(reply.problems) - wrong, 'warning')}\n"


def history_page(history: wire.DrillHistory) -> str:
    """Raw values: runs of another version, or with another seed, are not the same exercise."""
    rows: list[tuple[str, ...]] = [
        ("run", "version", "seed", "score", "detected", "identified", "mitigated", "resolved", "saved", "lost")
    ]
    rows += [
        (
            safe(name),
            str(each.version),
            str(each.seed),
            f"{each.score:g}",
            *(minutes(took) for took in (
                each.durations.detect_s, each.durations.identify_s, each.durations.mitigate_s, each.durations.resolve_s
            )),
            MISSING if each.harm.saved is None else f"{100 * each.harm.saved:.0f} %",
            points(each.lost),
        )
        for name, each in history.scores.items()
    ]  # fmt: skip
    return aligned(rows) + f"n = {len(history.scores)}\n"


def now_page(now: wire.DrillNow) -> str:
    """What everybody may know."""
    state = "over" if now.is_over else "paused" if now.is_paused else f"at {now.speed:g}x"
    lines = [f"{safe(now.run)} {since_start(now.t)} of {minutes(now.length_s)}, {state}"]
    if now.observers:
        lines.append(f"looking on: {', '.join(map(safe, now.observers))}")
    if now.brief:
        lines += ["", *_prose(now.brief)]
    if now.messages:
        lines.append("")
        lines += map(_message, now.messages)
    if now.hints:
        cost = f", the next for {points(now.hint_cost)} points" if now.hint_cost is not None else ""
        lines += ["", f"{counted(now.hints, 'hint')} may be asked for{cost}: opsconsole drill hint {safe(now.run)}"]
    if now.hinted:
        lines += ["", *(f"hint (-{points(each.cost)}): {safe(each.text)}" for each in now.hinted)]
    return "".join(f"{line}\n" for line in lines)


def _message(each: wire.DrillMessage) -> str:
    return f"{since_start(each.t)} {safe(each.sender)} ({safe(each.via)}): {safe(each.text)}"


def plan_page(plan: wire.DrillPlan) -> str:
    """What the facilitator sees."""
    lines = [now_page(plan.now).splitlines()[0]]
    lines += [safe(plan.title)] if plan.title else []
    lines += ["", *_prose(plan.guide)] if plan.guide else []
    lines += ["", "faults"] if plan.faults else []
    for fault in plan.faults:
        state = f"{100 * fault.level:.0f} %" if fault.level else "not there"
        until = f" until {safe(fault.until)}" if fault.until else ""
        decoy = ", a decoy" if fault.is_decoy else ""
        lines.append(f"  {safe(fault.id)}: {state} (from {safe(fault.at)}{until}{decoy}): {safe(fault.about)}")
    lines += ["", "injects"] if plan.injects else []
    lines += [
        f"  {'✓' if each.is_told else '·'} {safe(each.id)} ({safe(each.when)}) {safe(each.sender)}: {safe(each.text)}"
        for each in plan.injects
    ]
    lines += ["", "who is here", *(f"  {safe(each)}" for each in plan.consoles or ("nobody",)), ""]
    return "".join(f"{line}\n" for line in lines) + (score_page(plan.score) if plan.score is not None else "")


def replay_page(replayed: wire.DrillReplayed) -> str:
    if replayed.differs_at is None:
        return f"{safe(replayed.run)}: {replayed.events:,} events, all of them the same; score {replayed.score:g}\n"
    return (
        f"{safe(replayed.run)}: event {replayed.differs_at:,} is another one\n"
        f"was {safe(replayed.was, 500)}\nnow {safe(replayed.now, 500)}\n"
    )


def score_page(score: wire.DrillScore) -> str:
    return "".join(f"{line}\n" for line in _score(score))


def _score(score: wire.DrillScore) -> Iterator[str]:
    if score.title:  # a player who sees what is expected is not told what it is about
        yield f"{safe(score.title)} ({safe(score.scenario)} {score.version}, seed {score.seed})"
    yield (
        f"score {score.score:g} of 100: {points(score.earned)} earned, {points(score.lost)} lost, "
        f"of {points(score.possible)}"
    )
    yield ""
    rows = [("", "expected", "points", "when", "by")]
    rows += [
        (
            _SIGNS[each.word],
            safe(each.title) + (" (late)" if each.word == "late" else ""),
            f"{points(each.earned)} / {points(each.points)}",
            since_start(each.t) if each.t is not None else MISSING,
            safe(each.by) or MISSING,
        )
        for each in score.expectations
    ]
    rows.append(("", "harm kept from users", f"{points(score.harm.earned)} / {points(score.harm.points)}", "", ""))
    if score.cadence is not None:
        kept = f"told every {minutes(score.cadence.every_s)}: {score.cadence.kept} of {score.cadence.due} times"
        rows.append(("", kept, f"{points(score.cadence.earned)} / {points(score.cadence.points)}", "", ""))
    yield aligned(rows).rstrip("\n")
    for lapse in score.lapses:
        by = f" by {safe(lapse.by)}" if lapse.by else ""
        yield f"✗ -{points(lapse.points)}  {since_start(lapse.t)}{by}: {safe(lapse.title)} ({safe(lapse.what)})"
    yield ""
    yield from _measured(score)


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
    """Each paragraph in lines that fit into 80 columns."""
    return [row for line in text.splitlines() for row in textwrap.wrap(safe(line), 79) or [""]]

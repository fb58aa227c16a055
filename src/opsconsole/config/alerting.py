"""What alerts can be told: which rules, how strict, whom they wake and when; and what a service promises.

Always true here: what is not written is the rule's own default (``alerts/rules.py`` has the table), so an empty file
has alerts; the name of a rule that does not exist is refused at its line.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from opsconsole.config.section import Section

RuleId = Literal[
    "provider-errors",
    "provider-degraded",
    "missing-data",
    "errors-burn-1h",
    "errors-burn-6h",
    "errors-burn-1d",
    "errors-burn-3d",
    "throttled",
    "queueing",
    "latency-burn-1h",
    "latency-burn-6h",
    "latency-burn-1d",
    "latency-burn-3d",
    "latency-shift",
    "version-errors",
    "version-latency",
    "version-cost",
    "rollout-held",
    "out-of-band",
    "cost-anomaly",
    "cost-per-request",
    "budget-overrun",
    "input-drift",
    "output-drift",
    "confidence-drift",
    "data-quality",
    "feedback-worse",
    "key-use",
    "key-new",
    "key-age",
    "unusual-input",
    "clock-skew",
    "source-failing",
    "disk-full",
    "overdue",
    "incoming",
]
"""Every rule that there is."""

Minutes = Annotated[float, Meta(ge=0)]


class RuleSetting(Section, frozen=True):
    """What of one rule is not as it comes."""

    enabled: bool = True
    """Is it looked at?"""
    severity: Literal["page", "ticket"] | None = None
    """`page`: somebody has to get up; `ticket`: somebody has to look today."""
    threshold: float | None = None
    """In the rule's own unit; [alerts](alerts.md) lists them."""
    min_n: Annotated[int, Meta(ge=0)] | None = None
    """Fewer values than this are too few to say."""
    floor_usd: Annotated[float, Meta(ge=0)] | None = None
    """Least difference in USD an hour that is worth an alert, of rules that judge money."""
    for_minutes: Minutes | None = None
    """How long it has to hold before it fires."""
    hold_minutes: Minutes | None = None
    """How long it has to be gone before the alert is resolved."""
    ladder: str | None = None
    """Whom it tells, and when: a name under `alerts: ladders:`; else that of its severity."""
    checklist: str | None = None
    """What to do: the id of a checklist."""


class LadderStep(Section, frozen=True):
    """One step of an escalation ladder."""

    after_minutes: Minutes = 0
    """Since the alert fired, unless somebody has acknowledged it by then."""
    notify: tuple[str, ...] = ()
    """Names of notifiers; every one that takes this severity where none is named."""


LADDERS: dict[str, tuple[LadderStep, ...]] = {
    "page": (LadderStep(), LadderStep(after_minutes=5), LadderStep(after_minutes=15)),
    "ticket": (LadderStep(),),
}
"""The ladders that there are without any configuration."""


class AlertSetting(Section, frozen=True):
    """Alerts: which rules, and whom they tell."""

    enabled: bool = True
    """Are there any?"""
    rules: dict[RuleId, RuleSetting] = {}
    """Rule → what is not as it comes, for every service."""
    ladders: dict[str, tuple[LadderStep, ...]] = {}
    """Name → steps. `page` and `ticket` are those of the severities: unless they are written, a page is told at once,
    after 5 and after 15 minutes, and a ticket at once."""
    tell_resolved: bool = True
    """Are those who were told of an alert told that it is over?"""

    def __post_init__(self) -> None:
        for name, steps in self.ladders.items():
            waits = [step.after_minutes for step in steps]
            if waits != sorted(set(waits)):
                raise ValueError(f"the steps of ladder {name!r} do not follow one another: {waits}")


class FeedbackSetting(Section, frozen=True):
    """Which field of the records says what people thought of an answer."""

    feature: str = "feedback"
    """A category among the records' features."""
    bad: tuple[str, ...] = ("bad", "down", "thumbs_down", "negative", "incorrect", "false", "no", "0")
    """Its values that mean that the answer was bad."""


class SloSetting(Section, frozen=True):
    """What a service promises its users, over 30 days."""

    availability: Annotated[float, Meta(gt=0, lt=1)] = 0.99
    """Share of requests that do not fail. Requests that the caller got wrong (4xx but 429) are none of either."""
    latency_ms: Annotated[float, Meta(gt=0)] | None = None
    """A request is fast when it takes no longer than this (up to 2.2 % more: the upper edge of its bin) …"""
    latency_share: Annotated[float, Meta(gt=0, lt=1)] = 0.99
    """… and this share of requests is."""
    feedback: FeedbackSetting = FeedbackSetting()
    """Where people's judgement of its answers is."""

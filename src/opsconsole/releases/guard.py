"""The rules that can say no, as a table that one function walks: each says which rule it is and how to satisfy it.

Always true here: going back is refused for who asks and for nothing else (no freeze, no approval, no analysis, no
incident); without data nothing passes; what can be overridden is overridden with a reason, which is written down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from opsconsole import wire
from opsconsole.config.settings import ReleaseSetting
from opsconsole.releases.access import lacking
from opsconsole.releases.ledger import WHOLE, ServiceReleases
from opsconsole.releases.refusing import refusal
from opsconsole.releases.taking_back import leads_back
from opsconsole.releases.targets.shares import same_routing, spelled

LEAST_REASON = 8
"""Characters of a reason for an override."""


@dataclass(frozen=True)
class Asking:
    """Who asks, as the daemon knows them."""

    actor: str
    person: str
    """Whoever stands behind the actor: two consoles of one person are one person."""
    roles: frozenset[wire.Role]
    account: str = ""
    """The Unix account that they act by."""
    is_known: bool = False
    """On a shared account: is the person behind it known by a key?"""
    read_only: str = ""
    """Why nothing may be changed from where they are, and what would change that; empty when they may."""
    is_automation: bool = False
    """The daemon itself, by its own rules; nobody becomes it by what an order says."""


@dataclass(frozen=True)
class Facts:
    """All that the rules look at."""

    asking: Asking
    order: wire.OrderRequest
    version: str
    losing: str
    """The version that gives up the most traffic, or has the most where none does."""
    before: wire.TargetState
    after: wire.Routing
    fingerprint: str
    one: ServiceReleases
    setting: ReleaseSetting
    caps: wire.Caps
    evidence: wire.Evidence
    now: datetime
    freezes: Sequence[wire.Freeze] = ()
    approvals: Sequence[wire.Approval] = ()
    reading: wire.CanaryReading | None = None
    """Of the rollout that is under way, if one is."""
    known: frozenset[str] | None = None
    """Versions that are registered, that served or that the target names; None where that is not known."""
    trouble: str = ""
    """Why the store does not say how the versions do; empty where it does."""

    @cached_property
    def is_forward(self) -> bool:
        """Does it bring something new?"""
        return not leads_back(self.one.history, self.order, self.before.routing, self.after)

    @property
    def is_overridden(self) -> bool:
        """By a person, with a reason: what automation writes there only says why it acts."""
        return not self.asking.is_automation and len(self.order.override_reason.strip()) >= LEAST_REASON


def is_another(asking: Asking, person: str, account: str, is_known: bool) -> bool:
    """Are these two people?

    On one account only if both came with keys of two different people: whoever leaves a key out is nobody else. A
    shared account without a key counts as one person beside those who have accounts of their own.
    """
    if asking.account and asking.account == account:
        return asking.is_known and is_known and asking.person != person
    return asking.person != person


def is_same(one: Asking, other: Asking) -> bool:
    """Is it the same one who asks? An account that happens to be called like automation is not automation."""
    return (one.actor, one.account, one.is_automation) == (other.actor, other.account, other.is_automation)


def lacks(asking: Asking, role: wire.Role, act: str) -> wire.Refusal | None:
    """The no to whoever has not this role."""
    no = lacking(asking.roles, role, asking.person, asking.account or asking.person, act)
    return refusal("role", *no) if no is not None else None


Rule = Callable[[Facts], wire.Refusal | None]


def refusals(facts: Facts) -> tuple[wire.Refusal, ...]:
    """Every rule that says no, in the order of the table."""
    return tuple(no for rule in RULES if (no := rule(facts)) is not None)


def _role(facts: Facts) -> wire.Refusal | None:
    return lacks(facts.asking, "operator", "change what serves")


def _read_only(facts: Facts) -> wire.Refusal | None:
    if not facts.asking.read_only:
        return None
    return refusal("read-only", facts.asking.read_only, "R arms this console; on the command line --arm ENVIRONMENT.")


def _pending(facts: Facts) -> wire.Refusal | None:
    """A change of which nobody knows what became: nothing new before that is known."""
    operation = facts.one.operation
    if not facts.is_forward or operation is None or not facts.one.is_pending:
        return None
    return refusal(
        "busy",
        f"{operation.plan.actor}'s {operation.plan.order.act} of {operation.at:%H:%M:%S} UTC has not ended yet",
        "It is being read back; a roll-back or an abort may go ahead of it.",
    )


def _changing(facts: Facts) -> wire.Refusal | None:
    if not facts.is_forward or facts.before.phase in ("steady", "mixed", "failed"):
        return None
    return refusal("busy", f"the target is {facts.before.phase}", "Wait until it is steady, then plan again.")


def _capable(facts: Facts) -> wire.Refusal | None:
    serving = sum(1 for share in facts.after.shares.values() if share)
    if serving > 1 and not facts.caps.split:
        return refusal("unsupported", "this target sends all of the traffic to one version", "Promote it whole.")
    if facts.after.headers and not facts.caps.headers:
        return refusal("unsupported", "this target cannot route by header", "Use shares.")
    if facts.after.shadow and not facts.caps.shadow:
        return refusal("unsupported", "this target cannot copy traffic to a version", "Leave the shadow out.")
    return None


def _rollout(facts: Facts) -> wire.Refusal | None:
    """Is the rollout in a state in which this means something?"""
    act, rollout = facts.order.act, facts.one.rollout
    is_open = rollout is not None and rollout.is_open
    if act == "start" and is_open and rollout is not None:
        return refusal("busy", f"the rollout of {rollout.version} is under way", "Abort it, or promote it.")
    if act in ("hold", "resume", "advance", "abort") and not is_open:
        remedy = "b rolls back to the last version that had all traffic." if act == "abort" else "p starts one."
        return refusal("nothing to do", f"no rollout of {facts.order.service} is under way", remedy)
    if act == "hold" and rollout is not None and rollout.phase == "held":
        return refusal("nothing to do", "the rollout is held already", "h lets it go on.")
    if act == "resume" and rollout is not None and rollout.phase == "running":
        return refusal("nothing to do", "the rollout is going on", "h holds it.")
    return None


def _destination(facts: Facts) -> wire.Refusal | None:
    if facts.version and any(facts.after.shares.values()):
        return None
    return refusal(
        "nowhere to go",
        f"no earlier version of {facts.order.service} had all of the traffic",
        "Name a version: opsconsole release promote SERVICE VERSION, or set shares with opsconsole release set.",
    )


def _no_op(facts: Facts) -> wire.Refusal | None:
    if facts.order.act in ("hold", "resume") or not same_routing(facts.before.routing, facts.after):
        return None
    return refusal("nothing to do", f"the target says so already: {spelled(facts.after.shares)}", "Nothing was sent.")


def _freeze(facts: Facts) -> wire.Refusal | None:
    if not facts.is_forward or not facts.freezes or facts.is_overridden:
        return None
    freeze = facts.freezes[0]
    until = f" until {freeze.until:%Y-%m-%d %H:%M} UTC" if freeze.until else ""
    return refusal(
        "freeze",
        f"{facts.order.service} is frozen{until}: {freeze.reason} ({freeze.by})",
        f"Wait, or give a reason of at least {LEAST_REASON} letters with --override; roll-backs are not frozen.",
    )


def _approval(facts: Facts) -> wire.Refusal | None:
    needed = max(facts.setting.approvals, 1 if facts.setting.risk == "high" else 0)
    if not facts.is_forward or not needed or facts.asking.is_automation:
        return None
    by = {
        each.by
        for each in facts.approvals
        if each.fingerprint == facts.fingerprint
        and each.expires_at > facts.now
        and is_another(facts.asking, each.by, each.account, each.is_known)
    }
    if len(by) >= needed:
        return None
    return refusal(
        "approval",
        f"{len(by)} of {needed} approvals by other people, of exactly this change from exactly this state",
        "An approver runs: opsconsole release approve OPERATION, with the operation that this plan names.",
    )


def _out_of_band(facts: Facts) -> wire.Refusal | None:
    if not facts.is_forward or not facts.evidence.out_of_band or facts.is_overridden:
        return None
    return refusal(
        "out of band",
        facts.evidence.out_of_band,
        "Find out who did that; then go on with a reason (--override), or roll back.",
    )


def _incidents(facts: Facts) -> wire.Refusal | None:
    if not facts.is_forward or not facts.evidence.open_incidents or facts.is_overridden:
        return None
    return refusal(
        "incident", f"open: {', '.join(facts.evidence.open_incidents)}", "Resolve it, or give a reason with --override."
    )


def _enough_evidence(facts: Facts) -> wire.Refusal | None:
    """All traffic to a version takes enough of its own traffic first, and an analysis that does not say `worse`."""
    if facts.order.act not in ("promote", "set", "advance") or not facts.is_forward or facts.is_overridden:
        return None
    gaining = [name for name, share in facts.after.shares.items() if share > facts.before.routing.shares.get(name, 0.0)]
    if facts.reading is not None and facts.reading.word == "worse":
        return refusal(
            "evidence", f"the analysis says worse: {facts.reading.why}", "Roll back, or override with a reason."
        )
    if facts.order.act == "advance" or max(facts.after.shares.values(), default=0.0) < WHOLE:
        return None
    seen = {each.version: each.n for each in facts.evidence.versions}
    for name in gaining:
        if seen.get(name, 0) < facts.setting.evidence_requests:
            minutes = facts.evidence.window_s // 60
            return refusal(
                "evidence",
                f"{name} answered {seen.get(name, 0)} requests in the last {minutes} min; "
                f"{facts.setting.evidence_requests} are wanted before it gets all traffic",
                "Start it gradually (opsconsole release start), wait, or override with a reason.",
            )
    return None


RULES: tuple[Rule, ...] = (
    _role, _read_only, _rollout, _destination, _capable, _no_op, _pending, _changing, _freeze, _approval, _out_of_band,
    _incidents, _enough_evidence,
)  # fmt: skip

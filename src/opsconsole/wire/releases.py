"""What crosses the socket about releases: orders, plans, approvals, outcomes, rollouts.

Always true here: an outcome never says ``done`` where nothing was read back; what is not known is None and not 0.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from opsconsole.wire.base import Struct, View
from opsconsole.wire.inquiries import Comparison
from opsconsole.wire.manifests import Manifest
from opsconsole.wire.targets import Caps, Receipt, Routing, TargetRequest, TargetState

# Acting -----------------------------------------------------------------------------------------------------------

Act = Literal["start", "advance", "promote", "rollback", "abort", "hold", "resume", "set"]
"""start: a gradual rollout's first step; advance: its next; promote: all traffic to a version; rollback: all traffic
back to the pinned version; abort: end the rollout, back to what was; hold, resume: the rollout's own pace; set: an
explicit routing."""

FORWARD: frozenset[Act] = frozenset({"start", "advance", "promote", "resume", "set"})
"""What brings something new to users, and so what freezes, approvals and evidence may refuse."""

Risk = Literal["low", "medium", "high"]
Role = Literal["viewer", "operator", "approver", "admin"]


class Refusal(Struct, frozen=True, kw_only=True):
    """A rule that says no, and what would satisfy it."""

    rule: str
    """``role``, ``read-only``, ``freeze``, ``approval``, ``evidence``, ``busy``, ``moved``, ``unsupported``, …"""
    why: str
    remedy: str


class VersionEvidence(Struct, frozen=True, kw_only=True):
    """How one version does in the live traffic now."""

    version: str
    share: float | None
    """Of the records of the last minutes."""
    n: int
    error_rate: float | None = None
    p99_ms: float | None = None
    usd_per_request: float | None = None
    last_at: datetime | None = None


class Evidence(Struct, frozen=True, kw_only=True):
    """What is known when somebody decides."""

    window_s: int
    versions: tuple[VersionEvidence, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    """The version that would get more traffic beside the one that would get less."""
    out_of_band: str = ""
    """How the target differs from what the console believes; empty when it does not."""
    open_incidents: tuple[str, ...] = ()


class OrderRequest(Struct, frozen=True, kw_only=True):
    """What somebody wants done; the answer is a plan, and nothing has happened."""

    service: str
    act: Act
    version: str = ""
    """Of start and promote."""
    routing: Routing | None = None
    """Of set."""
    override_reason: str = ""
    """Why a freeze or missing evidence is to be overridden; stands in the journal."""
    console: str = ""
    """The console that asks, so that it is told from others of the same person."""
    via: Literal["key", "palette", "cli", "api", "checklist", "automation", "drill"] = "api"


class RolloutStep(Struct, frozen=True, kw_only=True):
    """One step of a gradual rollout."""

    share: float
    minutes: int
    requests: int
    gate: Literal["analysis", "person", "time"]


class Plan(Struct, frozen=True, kw_only=True):
    """Exactly what would be done, from what was seen. It is good for one execution, until it expires."""

    op_id: str
    """Also the idempotency key: a plan is never executed twice."""
    order: OrderRequest
    environment: str
    actor: str
    target: str
    """``file routing.yaml``."""
    caps: Caps
    before: TargetState
    after: Routing
    inverse: Routing
    """What undoes it."""
    requests: tuple[TargetRequest, ...]
    steps: tuple[RolloutStep, ...] = ()
    """Of the rollout that would be started."""
    from_version: str
    """Which has most of the traffic before, …"""
    to_version: str
    """… and which the act is about."""
    pinned: str
    """Where a roll-back leads: the last version that was fully promoted and healthy."""
    pinned_health: str
    """What is known of it now, in words."""
    warnings: tuple[str, ...]
    refusals: tuple[Refusal, ...]
    """Why it would be refused now; empty when it would not."""
    evidence: Evidence
    risk: Risk
    confirm_with: str
    """What has to be typed: ``y``, two letters, or the whole name of the service."""
    others: tuple[str, ...]
    """Who else has something armed on this service."""
    command: str
    """The same on the command line."""
    undo_command: str
    planned_at: datetime
    expires_at: datetime


class ApplyRequest(Struct, frozen=True, kw_only=True):
    """Execute a plan."""

    op_id: str
    typed: str
    """Must be what the plan's ``confirm_with`` says."""


OutcomeWord = Literal["done", "refused", "moved", "indeterminate", "not effective"]
"""done: read back and as planned; refused: a rule said no, nothing was sent; moved: the target was not as it was shown,
nothing was sent; indeterminate: it was sent and does not show yet, or cannot be read back; not effective: it was waited
for, and the target says otherwise."""

Effect = Literal["effective", "metadata only", "pending", "diverged", "unknown"]


class Verdict(Struct, frozen=True, kw_only=True):
    """Does the change have its effect, by the target and by the traffic itself?"""

    effect: Effect
    why: str
    routing: Routing | None = None
    """What the target says."""
    observed: dict[str, float] = msgspec.field(default_factory=dict)
    """Version → share of the records that arrived since; empty when too few did."""
    n_observed: int = 0


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of a plan."""

    op_id: str
    word: OutcomeWord
    told: str
    """In one sentence, for a person."""
    refusals: tuple[Refusal, ...] = ()
    receipt: Receipt | None = None
    verdict: Verdict | None = None
    took_ms: float = 0.0


class ApproveRequest(Struct, frozen=True, kw_only=True):
    """A second person's yes, to exactly the change and the state that a plan showed."""

    op_id: str
    note: str = ""


class Approval(Struct, frozen=True, kw_only=True):
    fingerprint: str
    """Of the service, the act, the state that was observed and the routing that was planned."""
    service: str
    told: str
    by: str
    account: str = ""
    """The Unix account that the approver came by."""
    is_known: bool = False
    """On a shared account: did they come with the key of a known person?"""
    at: datetime
    expires_at: datetime


class FreezeRequest(Struct, frozen=True, kw_only=True):
    """Freeze a service (or every one, with an empty name) until a moment; or lift it."""

    service: str
    until: datetime | None = None
    reason: str = ""
    is_lifted: bool = False


class Freeze(Struct, frozen=True, kw_only=True):
    service: str
    """Empty: every service."""
    until: datetime | None
    reason: str
    by: str


class ArmRequest(Struct, frozen=True, kw_only=True):
    """Let this console act for a while, by typing the environment's name; or lock it again."""

    console: str
    typed: str = ""
    is_locked: bool = False


class Permission(Struct, frozen=True, kw_only=True):
    """Who this client is to the daemon, and what it may do."""

    actor: str
    roles: tuple[Role, ...]
    is_read_only: bool
    armed_until: datetime | None = None
    environment: str = ""


# What is shown ----------------------------------------------------------------------------------------------------

RolloutPhase = Literal["running", "held", "failed", "passed", "aborted"]


class StreamReading(Struct, frozen=True, kw_only=True):
    """One e-process of a canary's analysis."""

    name: str
    """``errors``, ``tail``, ``latency``, ``cost``, ``outputs``."""
    e: float
    """E-value so far; 1 is no evidence."""
    n_baseline: int
    n_canary: int
    """Values that were compared."""
    ratio: float | None = None
    """Of the odds of an error, the p95s, the geometric mean latencies, the mean costs, the mean output tokens."""
    ratio_low: float | None = None
    ratio_high: float | None = None
    """Canary over baseline, and its confidence sequence: valid at every look."""
    why: str = ""


CanaryWord = Literal["no data", "undecided", "worse", "no worse"]


class CanaryReading(Struct, frozen=True, kw_only=True):
    """The analysis of a rollout, now."""

    word: CanaryWord
    e: float
    """Mean of the streams' e-values: at 1/α or more, roll back."""
    threshold: float
    """1/α."""
    minutes: int
    """Closed minutes that counted, those without a request included."""
    minutes_to_decide: float | None = None
    """At the present rate; None when it cannot be told."""
    streams: tuple[StreamReading, ...] = ()
    aa_estimate: float | None = None
    """Largest ratio that baseline showed against itself, even minutes against odd ones: how restless it is anyway."""
    why: str = ""


class Rollout(Struct, frozen=True, kw_only=True):
    """A gradual rollout."""

    service: str
    version: str
    baseline: str
    phase: RolloutPhase
    step: int
    """From 0 on."""
    steps: tuple[float, ...]
    """Share of each step; the last is 1."""
    step_since: datetime
    started_at: datetime
    started_by: str
    pinned: str
    waiting_for: str
    """What the next step waits for, in words."""
    reading: CanaryReading | None = None


class ReleaseBrief(Struct, frozen=True, kw_only=True):
    """How the releases of one service stand, in what a key needs to know before it asks for a plan."""

    service: str
    target: str
    rollout: RolloutPhase | None = None
    """Of the rollout that is under way; None when none is."""
    version: str = ""
    """Which that rollout brings."""


class Deployment(Struct, frozen=True, kw_only=True):
    """One version of a service: where it is, since when, by whom, at what share."""

    version: str
    share: float | None
    """As the target says; None when it cannot be read."""
    observed_share: float | None
    """Of the records that arrived lately."""
    since: datetime | None
    by: str
    role: Literal["stable", "canary", "previous", "pinned", "known"]
    manifest: Manifest | None = None
    n: int = 0


class HistoryEntry(Struct, frozen=True, kw_only=True):
    op_id: str
    at: datetime
    actor: str
    act: Act | Literal["out of band", "observed"]
    told: str
    before: dict[str, float]
    after: dict[str, float]
    word: str
    """The outcome's word, or ``pending``."""
    effect: Effect | None = None


class Watch(Struct, frozen=True, kw_only=True):
    """After a change: for a while its undoing is one key away, and its effect is looked at."""

    op_id: str
    act: Act
    until: datetime
    undo: Routing
    told: str
    before: tuple[VersionEvidence, ...]
    now: tuple[VersionEvidence, ...]
    verdict: Verdict | None


class ReleaseView(View, frozen=True, kw_only=True):
    """What is deployed of one service, what is being done about it, and what was done."""

    service: str
    target: str
    """Empty when the configuration names none."""
    caps: Caps | None
    state: TargetState | None
    """None when the target cannot be read; ``trouble`` says why."""
    trouble: str
    believed: dict[str, float]
    out_of_band: str
    deployments: tuple[Deployment, ...]
    pinned: str
    rollout: Rollout | None
    watch: Watch | None
    freezes: tuple[Freeze, ...]
    approvals: tuple[Approval, ...]
    history: tuple[HistoryEntry, ...]
    """Newest first."""

"""Every setting that there is, with its default and its meaning.

Always true here: a setting that exists can be written in ``opsconsole.yaml``, is checked when it is read, and has a
docstring from which the reference page is made. A ``Path`` is relative to the file that it is written in.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta

from opsconsole.config.alerting import AlertSetting, RuleId, RuleSetting, SloSetting
from opsconsole.config.notifying import NotifierSetting
from opsconsole.config.responding import IncidentSetting
from opsconsole.config.section import Section

Share = Annotated[float, Meta(ge=0, le=1)]
Ratio = Annotated[float, Meta(gt=1)]
Days = Annotated[int, Meta(ge=1)]


class SourceSetting(Section, frozen=True):
    """Logs that the daemon reads, from its start on."""

    path: Path
    """A file, a directory or a glob."""
    service: str = ""
    """Service name for records that name none."""
    follow: bool = True
    """Keep reading what is appended; else stop at the end of what is there."""
    mapping: Path | None = None
    """A pinned mapping, as printed by `opsconsole map`; else the mapping is guessed."""
    columns: dict[str, str] = {}
    """Canonical column → `path[:unit]` of the log's own field, over what the mapping says."""


class PriceSetting(Section, frozen=True):
    """Prices for requests whose log has tokens but no cost."""

    file: Path
    """A price list in LiteLLM's JSON format."""
    valid_from: date
    """First day (UTC) that these prices apply to."""
    valid_to: date | None = None
    """Last day (UTC) that they apply to; open when absent."""

    def __post_init__(self) -> None:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError(f"valid_to {self.valid_to} is before valid_from {self.valid_from}")


class BaselineSetting(Section, frozen=True):
    """What drift is measured against: a version, a time range, or a file."""

    version: str = ""
    """The records of this version."""
    start: datetime | None = None
    """The records from this moment on (UTC unless it says otherwise) …"""
    end: datetime | None = None
    """… up to this one."""
    file: Path | None = None
    """The records of a file, for example a training set."""

    def __post_init__(self) -> None:
        ways = [bool(self.version), self.start is not None or self.end is not None, self.file is not None]
        if sum(ways) != 1:
            raise ValueError("a baseline is exactly one of: version; start and end; file")
        if (self.start is None) != (self.end is None):
            raise ValueError("a time range needs both start and end")
        if self.start and self.end and self.end <= self.start:
            raise ValueError(f"end {self.end.isoformat()} is not after start {self.start.isoformat()}")


class StepSetting(Section, frozen=True):
    """One step of a gradual rollout."""

    share: Annotated[float, Meta(gt=0, le=1)]
    """Part of the traffic that the new version gets, 0 to 1."""
    minutes: Annotated[int, Meta(ge=0)] = 10
    """Least time in this step."""
    requests: Annotated[int, Meta(ge=0)] = 500
    """Least requests that the new version has answered in this step."""
    gate: Literal["analysis", "person", "time"] = "analysis"
    """What lets the rollout go on: the analysis finds it no worse; a person says so; or time and requests alone."""


class AnalysisSetting(Section, frozen=True):
    """How a new version is judged beside the old one while both serve."""

    alpha: Annotated[float, Meta(gt=0, lt=1)] = 0.01
    """Most probable rate of rolling back a version that is no worse, over the whole rollout."""
    slower: Annotated[float, Meta(ge=0)] = 0.10
    """How much slower the new version may be (0.10: ten per cent)."""
    dearer: Annotated[float, Meta(ge=0)] = 0.10
    """How much dearer a request of it may be."""
    failing: Annotated[float, Meta(ge=0)] = 0.25
    """How much larger its odds of an error may be."""
    warm_up_minutes: Annotated[int, Meta(ge=0)] = 0
    """Minutes after each step that do not count: caches fill, models load."""
    on_worse: Literal["rollback", "hold"] = "rollback"
    """What happens when it is worse: back to the old version at once, or stop and ask."""


class ReleaseSetting(Section, frozen=True):
    """Where and how a service's versions are changed."""

    target: str
    """Kind of the system that routes its traffic: see [targets](targets.md)."""
    options: dict[str, Any] = {}
    """What that kind of target needs to know."""
    risk: Literal["low", "medium", "high"] = "medium"
    """How much has to be typed: `low` a `y`; `medium` two letters to go back, the service's name to go forward;
    `high` the name, and a second person to go forward."""
    approvals: Annotated[int, Meta(ge=0, le=5)] = 0
    """People other than the one who acts that have to approve what brings something new; `high` risk needs one."""
    steps: tuple[StepSetting, ...] = ()
    """Of a gradual rollout; without any: 1 %, 10 %, 50 %, 100 %."""
    analysis: AnalysisSetting = AnalysisSetting()
    """How a new version is judged."""
    evidence_requests: Annotated[int, Meta(ge=0)] = 100
    """Fewer requests of a version in the last fifteen minutes are too few to promote it."""
    watch_minutes: Annotated[int, Meta(ge=1)] = 15
    """How long a change is watched, and undone by one key."""
    settle_seconds: Annotated[float, Meta(gt=0)] = 60.0
    """A change that was sent and does not show is waited for while the target goes on changing, and for so long after
    that; then it is `not effective`. Until then nothing new is let through, but going back is. It should be longer than
    the system may take to show what it has taken."""

    def __post_init__(self) -> None:
        shares = [step.share for step in self.steps]
        if shares != sorted(set(shares)):
            raise ValueError(f"the steps' shares do not grow: {shares}")


class FreezeSetting(Section, frozen=True):
    """A time in which nothing new is brought to users. Roll-backs are never frozen."""

    name: str
    """What it is called where it refuses something."""
    start: datetime | None = None
    """From this moment on (UTC unless it says otherwise) …"""
    end: datetime | None = None
    """… up to this one."""
    weekly: str = ""
    """Or every week: `Fri 16:00 - Mon 08:00` (UTC)."""
    services: tuple[str, ...] = ()
    """Only these; all where none is named."""

    def __post_init__(self) -> None:
        if bool(self.weekly) == (self.start is not None or self.end is not None):
            raise ValueError("a freeze is either weekly, or from start to end")
        if (self.start is None) != (self.end is None):
            raise ValueError("a freeze that is not weekly needs both start and end")
        if self.start and self.end and self.end <= self.start:
            raise ValueError(f"end {self.end.isoformat()} is not after start {self.start.isoformat()}")


class AccessSetting(Section, frozen=True):
    """Who may do what. A name is a Unix user, `@name` a Unix group; the home's owner is always admin."""

    viewers: tuple[str, ...] = ("*",)
    """May look; `*` is everybody who can connect."""
    operators: tuple[str, ...] = ()
    """May do what changes something: release and roll back, work incidents and checklists, acknowledge and silence
    alerts, attach logs, pin baselines, register versions, test notifiers."""
    approvers: tuple[str, ...] = ()
    """May approve what others planned."""
    admins: tuple[str, ...] = ()
    """May do all of that, freeze, and stop the daemon."""
    group: str = ""
    """Unix group that may connect to the daemon, beside the home's owner."""
    keys: dict[str, str] = {}
    """On shared accounts: fingerprint of an SSH key (`SHA256:…`) → the person whose it is. It puts their name into the
    journal and gives no right: see [security](security.md)."""
    arm_minutes: Annotated[int, Meta(ge=1)] = 15
    """How long an armed console may act before it locks itself again."""
    read_only: Literal["auto", "never", "always"] = "auto"
    """Must a console be armed before it acts? `auto`: in environments of the kind `prod`."""


class ServiceSetting(Section, frozen=True):
    """What is known about one service beforehand."""

    baseline: BaselineSetting | None = None
    """What its drift is measured against; `opsconsole baseline set` does the same."""
    budget_usd_per_month: Annotated[float, Meta(gt=0)] | None = None
    """What it may cost in a calendar month (UTC)."""
    release: ReleaseSetting | None = None
    """Where and how its versions are changed; without it the console shows and does not act."""
    slo: SloSetting = SloSetting()
    """What it promises its users."""
    alerts: dict[RuleId, RuleSetting] = {}
    """Rule → what is not as it comes, for this service."""


class DriftSetting(Section, frozen=True):
    """When a difference from the baseline is called drift: it has to be both significant and large enough to matter."""

    q: Annotated[float, Meta(gt=0, lt=1)] = 0.01
    """False discovery rate of one look, over every feature (Benjamini-Hochberg)."""
    min_effect: Annotated[float, Meta(ge=0, lt=1)] = 0.015
    """Least bias-corrected Jensen-Shannon distance."""
    min_values: Annotated[int, Meta(ge=1)] = 100
    """Fewer values in the window or in the baseline are too few to say."""


class HealthSetting(Section, frozen=True):
    """What turns a service or a version to `warn` or `fail`."""

    error_rate_warn: Share = 0.01
    """A warning when the error rate is surely (Wilson interval, 95 %) above this."""
    error_rate_fail: Share = 0.05
    """A failure when the error rate is surely above this."""
    slower_p99: Ratio = 1.5
    """A warning when p99 latency is surely above this many times that of the version before."""
    slower_p50: Ratio = 1.2
    """A warning when median latency is surely above this many times that of the version before."""
    dearer: Ratio = 1.3
    """A warning when a request costs more than this many times that of the version before."""
    min_requests: Annotated[int, Meta(ge=1)] = 20
    """Fewer requests in the window are too few to say."""

    def __post_init__(self) -> None:
        if self.error_rate_fail < self.error_rate_warn:
            raise ValueError(f"error_rate_fail {self.error_rate_fail} is below error_rate_warn {self.error_rate_warn}")


class RetentionSetting(Section, frozen=True):
    """How long the store keeps what."""

    requests_days: Days = 30
    """Single requests."""
    minutes_days: Days = 14
    """Rollups of a minute."""
    hours_days: Days = 180
    """Rollups of an hour; those of a day are kept."""


class StoreSetting(Section, frozen=True):
    """What the store may use of the machine."""

    memory_limit_mb: Annotated[int, Meta(ge=100)] = 400
    """Memory of the database, in MB."""
    threads: Annotated[int, Meta(ge=1)] = 1
    """Threads of the database."""


class ConsoleSetting(Section, frozen=True):
    """How the console looks and which keys it has; a console reads this file when it starts."""

    theme: Literal["dark", "light", "deuteranopia", "tritanopia"] = "dark"
    """Its colours: for dark or light terminals, or for eyes that tell red from green, or blue from yellow, badly."""
    colours: Literal["auto", "truecolor", 256, 16, "mono"] = "auto"
    """How many colours it uses; `auto` goes by the terminal. NO_COLOR in the environment overrules it."""
    glyphs: Literal["auto", "braille", "block", "ascii"] = "auto"
    """What charts are drawn with; `auto` goes by terminal and locale. OPSCONSOLE_GLYPHS overrules it."""
    environments: dict[str, Literal["prod", "staging", "dev", "other"]] = {}
    """Environment name → which kind it is, and so the colour of its frame; else the name tells it."""
    keys: dict[str, str] = {}
    """Action → its key, or keys with a blank between them, not the default; [keys](keys.md) lists the actions."""


class Settings(Section, frozen=True):
    """Everything that `opsconsole.yaml` can say."""

    environment: str = ""
    """Name in the console's frame: `prod`, `staging`."""
    sources: tuple[SourceSetting, ...] = ()
    """Logs that the daemon reads, from its start on."""
    prices: tuple[PriceSetting, ...] = ()
    """Dated price lists; each request is priced by the list of its day."""
    services: dict[str, ServiceSetting] = {}
    """Service name → what is known about it beforehand."""
    drift: DriftSetting = DriftSetting()
    """When a difference is called drift."""
    health: HealthSetting = HealthSetting()
    """What turns a service to `warn` or `fail`."""
    retention: RetentionSetting = RetentionSetting()
    """How long the store keeps what."""
    store: StoreSetting = StoreSetting()
    """What the store may use of the machine."""
    access: AccessSetting = AccessSetting()
    """Who may do what."""
    freezes: tuple[FreezeSetting, ...] = ()
    """Times in which nothing new is brought to users."""
    incidents: IncidentSetting = IncidentSetting()
    """How incidents are told to people."""
    alerts: AlertSetting = AlertSetting()
    """Which alerts there are, and whom they tell."""
    notifiers: dict[str, NotifierSetting] = {}
    """Name → one way to tell people; see [notifiers](notifiers.md)."""
    console: ConsoleSetting = ConsoleSetting()
    """How the console looks and which keys it has."""

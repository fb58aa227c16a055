"""What a scenario wants of people, and what it counts: all that points are made of.

Always true here: structs of a YAML file, closed to keys that they do not know; a condition is text in the language of
``conditions.py``.
"""

from __future__ import annotations

from opsconsole.config.section import Section
from opsconsole.drills.limits import NotNegative, NotPositive


class Objective(Section, frozen=True, kw_only=True):
    """What is to be learnt."""

    id: str
    """Expectations name it."""
    title: str
    """In one line."""


class Expectation(Section, frozen=True, kw_only=True):
    """What should be done, and by when."""

    id: str
    """Others name it."""
    title: str
    """What should be done, in one line."""
    objective: str = ""
    """The objective that it belongs to."""
    match: str = ""
    """A condition on one event; empty where a person judges."""
    after: str = ""
    """Counts only once this expectation is met, and ``within`` is from then on; else from the drill's start."""
    within: str = ""
    """Later it earns half; without one any time will do."""
    points: NotNegative = 10.0
    """What it earns."""
    judged: bool = False
    """The facilitator says how well it was done, from 0 to 1."""


class Harm(Section, frozen=True, kw_only=True):
    """What users and the budget suffered, against what they would have without anybody's doing."""

    points: NotNegative = 20.0
    """Earned in proportion to the harm that was kept from users; lost where it was made worse."""
    usd_per_bad: NotNegative = 0.01
    """What a bad answer counts beside money spent."""


class Cadence(Section, frozen=True, kw_only=True):
    """How often people have to be told something, once they have been told first."""

    every: str = "10m"
    """The longest silence."""
    points: NotNegative = 5.0
    """Earned in proportion to how often it was kept."""
    objective: str = ""
    """The objective that it belongs to."""


class Forbidden(Section, frozen=True, kw_only=True):
    """What must not be done."""

    id: str
    """Its name in the report."""
    title: str
    """What must not be done, in one line."""
    match: str
    """A condition on one event."""
    before: str = ""
    """Only as long as this expectation is not met."""
    points: NotPositive
    """What it costs, once."""


class Hint(Section, frozen=True, kw_only=True):
    """Help that can be asked for."""

    after: str
    """The moment from which it may be asked for."""
    text: str
    """What is told."""
    cost: NotNegative = 5.0
    """Points that it costs."""


class SteadyState(Section, frozen=True, kw_only=True):
    """What has to hold before the drill starts, and is looked at again at its end."""

    sql: str
    """One number."""
    low: float | None = None
    """It must not be below this, …"""
    high: float | None = None
    """… nor above this."""

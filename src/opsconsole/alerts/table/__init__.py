"""The rules as they come: one table, for every service without any configuration.

Always true here: a rule that fires by accident says how often, and why that is so; one about a state that is either so
or not has threshold 1. The order is that of causes: what inhibits stands before what it inhibits.
"""

from __future__ import annotations

from opsconsole.alerts.rules import Rule
from opsconsole.alerts.table.changing import CHANGING
from opsconsole.alerts.table.data import DATA
from opsconsole.alerts.table.serving import SERVING

RULES: tuple[Rule, ...] = (*SERVING, *CHANGING, *DATA)

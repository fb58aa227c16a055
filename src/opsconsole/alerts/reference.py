"""The table of rules in ``docs/alerts.md``, made from the rules themselves.

Always true here: nothing about a rule is written down a second time; a test compares the page with the table.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from opsconsole.alerts.rules import Rule
from opsconsole.alerts.table import RULES
from opsconsole.durations import exact

BEGIN, END = "<!-- rules: generated from src/opsconsole/alerts/table/ by `make docs` -->", "<!-- end of rules -->"


def rules_table() -> str:
    """Every rule as it comes: two tables, what it says and how often by accident."""
    head = "| rule | | fires when | at | in | for | over after | cause | held back by | checklist |"
    accident = "\n".join(f"| `{rule.id}` | {rule.false_alarms} |" for rule in RULES)
    return "\n".join(
        [
            head,
            "|---" * (head.count("|") - 1) + "|",
            *map(_row, RULES),
            "",
            "How often each of them fires by accident:",
            "",
            "| rule | false alarms |",
            "|---|---|",
            accident,
        ]
    )


def _row(rule: Rule) -> str:
    beyond = "" if rule.chance is None else f", p ≤ {rule.chance:g}"
    least = f", n ≥ {rule.min_n}" if rule.min_n > 1 else ""
    floor = f", ≥ ${rule.floor_usd:g} an hour" if rule.floor_usd else ""
    window = (exact(rule.window_s) or "–") + (f" and {exact(rule.short_s)}" if rule.short_s else "")
    cells = (
        f"`{rule.id}`",
        rule.severity,
        rule.about,
        f"{rule.threshold:g} {rule.unit}{beyond}{least}{floor}",
        window,
        exact(rule.for_s) or "–",
        exact(rule.hold_s) or "–",
        rule.cause,
        ", ".join(rule.inhibited_by) or "–",
        f"`{rule.checklist}`" if rule.checklist else "–",
    )
    return f"| {' | '.join(cells)} |"


def page(text: str) -> str:
    """The page with the table as it is now. Raises ValueError where there is no place for it."""
    if BEGIN not in text or END not in text:
        raise ValueError("docs/alerts.md has lost the lines between which the rules stand")
    return re.sub(
        f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: f"{BEGIN}\n\n{rules_table()}\n\n{END}", text, flags=re.S
    )


def main(argv: list[str]) -> None:
    """Renew the table in the named file."""
    file = Path(argv[0])
    file.write_text(page(file.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

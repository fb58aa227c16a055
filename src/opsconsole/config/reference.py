"""``docs/configuration.md``, made from the settings: their docstrings, types and defaults.

Always true here: nothing about a setting is written down a second time; a test compares the page with the file.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import msgspec

from opsconsole.config import fields
from opsconsole.config.settings import Settings

INTRODUCTION = """\
# Configuration

<!-- Generated from src/opsconsole/config/ by `make docs`; edit the docstrings there. -->

The daemon reads `opsconsole.yaml` in its home directory when it starts. Every setting has a default, and so has the
file: without it, all defaults hold. Paths are relative to the file. A time without a zone is UTC. What cannot be
understood is refused with the file, the line, the field and, for a misspelt key, the nearest one that exists.

Secrets do not belong in this file.

```yaml
environment: prod
sources:
  - path: /var/log/gateway/*.jsonl
  - path: batch/scores.csv
    service: fraud-score
    columns: {latency_ms: "took:s"}
prices:
  - file: prices/2026-11.json
    valid_from: 2026-11-01
services:
  chat-assist:
    baseline: {version: v41}
    budget_usd_per_month: 20000
    slo: {availability: 0.999, latency_ms: 2000}
alerts:
  rules:
    input-drift: {enabled: no}
notifiers:
  on-call:
    kind: pagerduty
    options: {routing_key: {env: PAGERDUTY_ROUTING_KEY}}
    severities: [page]
drift: {min_effect: 0.02}
```
"""


def configuration_page() -> str:
    """The page, as Markdown."""
    return "\n".join([INTRODUCTION, *(_section(kind, heading) for kind, heading in fields.sections(Settings))])


def _section(kind: type[msgspec.Struct], heading: str) -> str:
    title = f"## `{heading}`" if heading else "## Top level"
    return "\n".join([title, "", inspect.cleandoc(kind.__doc__ or ""), "", fields.table(kind), ""])


def main(argv: list[str]) -> None:
    """Write the page to the named file."""
    Path(argv[0]).write_text(configuration_page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

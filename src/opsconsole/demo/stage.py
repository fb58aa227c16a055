"""The files that a demo needs before it can run: the routing file, the price list, the console's configuration, and
what its versions are made of.

Always true here: what is there already is kept, so staging twice undoes nobody's change; nothing slow is imported.
"""

from __future__ import annotations

import json
from pathlib import Path

from opsconsole.demo.fleet import BASELINES, MODEL_PRICES, ROUTING
from opsconsole.demo.versions import version_files

ROUTING_FILE = "routing.yaml"
CONFIG_FILE = "opsconsole.yaml"
PRICES_FILE = "prices/harbor-2025-01-01.json"
PRICES_VALID_FROM = "2025-01-01"
MONTHLY_BUDGETS_USD = {"chat-assist": 20_000}


def prepare(directory: Path) -> None:
    """Write the files of the demo into this directory, leaving those that exist as they are."""
    write_missing(directory, {**staged_files(ROUTING, environment="demo"), **version_files()})


def staged_files(weights: dict[str, dict[str, float]], *, environment: str) -> dict[str, str]:
    """Relative path → content."""
    return {
        ROUTING_FILE: routing_text(weights),
        PRICES_FILE: json.dumps(MODEL_PRICES, indent=2) + "\n",
        CONFIG_FILE: configuration_text(environment),
    }


def write_missing(directory: Path, files: dict[str, str]) -> None:
    """Write each file that is not there yet."""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text(content, encoding="utf-8")


def routing_text(weights: dict[str, dict[str, float]]) -> str:
    """A routing file with these weights."""
    lines = [
        "# Which version answers which share of a service's requests.",
        "# The fleet obeys a change at once. Replace the file in one step: write beside it, then rename.",
    ]
    for service, versions in weights.items():
        shares = ", ".join(f"{version}: {weight:g}" for version, weight in versions.items())
        lines.append(f"{service}: {{{shares}}}")
    return "\n".join(lines) + "\n"


def configuration_text(environment: str) -> str:
    """The console's configuration for the demo; paths are relative to the file."""
    lines = [
        f"environment: {environment}",
        "sources:",
        "  - path: logs/*.jsonl",
        "prices:",
        f"  - file: {PRICES_FILE}",
        f"    valid_from: {PRICES_VALID_FROM}",
        "services:",
    ]
    for service, version in BASELINES.items():
        lines += [f"  {service}:", f"    baseline: {{version: {version}}}"]
        if service in MONTHLY_BUDGETS_USD:
            lines.append(f"    budget_usd_per_month: {MONTHLY_BUDGETS_USD[service]}")
        lines += [
            "    release:",
            "      target: file",
            f"      options: {{path: {ROUTING_FILE}, unit: relative}}",
            "      steps:  # of a gradual rollout; quicker than anybody should be outside of a demo",
            "        - {share: 0.1, minutes: 2, requests: 40}",
            "        - {share: 0.5, minutes: 3, requests: 200}",
        ]
    return "\n".join(lines) + "\n"

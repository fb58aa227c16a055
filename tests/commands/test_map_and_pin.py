"""What ``map`` prints can be reviewed, kept and pinned: it then reads the log as the guess did."""

from __future__ import annotations

from pathlib import Path

import yaml
from commandline import lines, only_service, opsconsole, rows, served, written

from opsconsole import wire


def test_printed_mapping_names_every_field_of_the_log_once(log: Path) -> None:
    outcome = opsconsole("map", log)
    assert (outcome.code, outcome.err) == (0, "")
    mapping = yaml.safe_load(outcome.out)
    used = {
        rule["path"]
        for rules in mapping["columns"].values()
        for rule in (rules if isinstance(rules, list) else [rules])
        if "path" in rule
    }
    assert used | set(mapping["features"]) | set(mapping.get("left_out", {})) == set(served(1)[0])
    assert mapping["features"] == {"lang": "categorical", "temperature": "numeric"}


def test_pinned_guess_gives_the_same_page_as_the_guess(place: Path) -> None:
    log = written(place / "serving.csv", rows(served(300)))
    pinned = written(place / "pinned.yaml", opsconsole("map", log).out.encode())
    guessed, again = opsconsole("watch", log, "--once"), opsconsole("watch", log, "--once", "--mapping", pinned)
    assert guessed.code == again.code == 0
    assert guessed.out == again.out


def test_edited_mapping_is_obeyed(log: Path, place: Path) -> None:
    text = opsconsole("map", log).out
    edited = text.replace("latency_ms: {path: latency_ms, unit: ms}", "latency_ms: {path: latency_ms, unit: s}")
    assert edited != text
    outcome = opsconsole("watch", log, "--once", "--json", "--mapping", written(place / "m.yaml", edited.encode()))
    p50 = only_service(outcome).total.latency_ms.p50
    assert p50 is not None
    assert p50.low <= 119_500 <= p50.high


def test_service_is_named_on_the_command_line_when_the_log_names_none(place: Path) -> None:
    nameless = [{key: value for key, value in r.items() if key != "service"} for r in served(60)]
    log = written(place / "nameless.jsonl", lines(nameless))
    outcome = opsconsole("watch", log, "--once", "--json", "--service", "images")
    assert [service.service for service in outcome.decoded(wire.StatusView).services] == ["images"]

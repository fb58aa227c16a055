"""opsconsole.yaml is understood entirely, or refused with the place and a way out."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.config.load import load, parse
from opsconsole.config.settings import BaselineSetting, Settings
from opsconsole.errors import ConfigError

HERE = Path("/etc/opsconsole/opsconsole.yaml")

EVERYTHING = """\
environment: prod
sources:
  - path: logs/*.jsonl
  - path: /data/old.csv
    service: fraud-score
    follow: no
    mapping: maps/old.yaml
    columns: {latency_ms: "took:s"}
prices:
  - {file: prices/new.json, valid_from: 2026-11-01}
  - {file: prices/old.json, valid_from: 2026-01-01, valid_to: 2026-10-31}
services:
  chat-assist:
    baseline: {version: 41}
    budget_usd_per_month: 20000
  doc-search:
    baseline: {start: 2026-11-01, end: 2026-11-02T12:00:00+02:00}
  fraud-score:
    baseline: {file: train.parquet}
drift: {q: 0.05, min_effect: 0.02, min_values: 50}
health: {error_rate_warn: 0.02, slower_p99: 2}
retention: {requests_days: 7}
store: {memory_limit_mb: 800, threads: 4}
"""


def settings(text: str) -> Settings:
    return parse(text.encode(), HERE)


def refusal(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        settings(text)
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "null\n"])
def test_empty_file_means_the_defaults(text: str) -> None:
    assert settings(text) == Settings()


def test_missing_file_means_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path / "opsconsole.yaml") == Settings()


def test_defaults_are_the_documented_ones() -> None:
    defaults = Settings()
    assert (defaults.drift.q, defaults.drift.min_effect, defaults.drift.min_values) == (0.01, 0.015, 100)
    assert (defaults.health.error_rate_warn, defaults.health.error_rate_fail) == (0.01, 0.05)
    assert (defaults.health.slower_p99, defaults.health.slower_p50, defaults.health.dearer) == (1.5, 1.2, 1.3)
    assert (defaults.store.memory_limit_mb, defaults.store.threads) == (400, 1)


def test_everything_that_can_be_said_is_understood() -> None:
    said = settings(EVERYTHING)
    logs, old = said.sources
    assert (logs.path, logs.follow, logs.mapping) == (HERE.parent / "logs/*.jsonl", True, None)
    assert (old.path, old.follow, old.mapping) == (Path("/data/old.csv"), False, HERE.parent / "maps/old.yaml")
    assert old.columns == {"latency_ms": "took:s"}
    assert said.prices[0].valid_to is None
    assert (said.prices[1].file, said.prices[1].valid_to) == (HERE.parent / "prices/old.json", date(2026, 10, 31))
    assert said.services["chat-assist"].budget_usd_per_month == 20_000
    assert said.services["fraud-score"].baseline == BaselineSetting(file=HERE.parent / "train.parquet")
    assert (said.drift.q, said.health.slower_p99, said.retention.requests_days) == (0.05, 2, 7)
    assert said.health.error_rate_fail == Settings().health.error_rate_fail


def test_a_version_that_looks_like_a_number_keeps_its_spelling() -> None:
    said = settings("services: {a: {baseline: {version: 1.10}}}")
    assert said.services["a"].baseline == BaselineSetting(version="1.10")


def test_times_are_aware_and_utc_unless_they_say_otherwise() -> None:
    baseline = settings(EVERYTHING).services["doc-search"].baseline
    assert baseline is not None
    assert baseline.start == datetime(2026, 11, 1, tzinfo=UTC)
    assert baseline.end == datetime(2026, 11, 2, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "line", "field", "remedy"),
    [
        ("environment: x\nsorces: []", 2, "sorces", "`sources`"),
        ("drift:\n  q: 0.1\n  min_efect: 1", 3, "drift.min_efect", "`min_effect`"),
        ("sources:\n  - path: a\n  - pth: b", 3, "sources[1].pth", "`path`"),
        ("services:\n  a:\n    basline: {version: v1}", 3, "services.a.basline", "`baseline`"),
        ("sources:\n  - {path: a, columns: {latency: took}}", 2, "sources[0].columns.latency", "`latency_ms`"),
        ("store: {cores: 3}", 1, "store.cores", "memory_limit_mb, threads"),
    ],
)
def test_unknown_key_names_its_line_and_the_nearest_key(text: str, line: int, field: str, remedy: str) -> None:
    error = refusal(text)
    assert error.message.startswith(f"{HERE}:{line}: {field}: ")
    assert remedy in error.remedy


@pytest.mark.parametrize(
    ("text", "line", "complaint"),
    [
        ("drift:\n  q: lots", 2, "drift.q: Expected `float`, got `str`"),
        ("drift:\n  q: 1", 2, "drift.q: Expected `float` < 1.0"),
        ("store:\n\n  threads: 0", 3, "store.threads: Expected `int` >= 1"),
        ("sources:\n  - path: a\n    follow: maybe", 3, "sources[0].follow: Expected `bool`"),
        ("prices:\n  - file: p.json", 2, "prices[0]: `valid_from` is missing"),
        ("prices:\n  - file: p.json\n    valid_from: soon", 3, "prices[0].valid_from: Invalid RFC3339 encoded date"),
        ("prices:\n  - {file: p, valid_from: 2026-02-01, valid_to: 2026-01-01}", 2, "is before valid_from"),
        ("services: {a: {baseline: {}}}", 1, "exactly one of"),
        ("services: {a: {baseline: {version: v1, file: f}}}", 1, "exactly one of"),
        ("services: {a: {baseline: {start: 2026-01-01}}}", 1, "needs both"),
        ("services: {a: {baseline: {start: 2026-01-02, end: 2026-01-01}}}", 1, "is not after start"),
        ("health:\n  error_rate_fail: 0.001", 2, "is below error_rate_warn"),
        ("sources: logs", 1, "sources: is not a list"),
        ("drift: []", 1, "drift: is not a table"),
        ("- environment", 1, "is not a table"),
        ("environment: a\nenvironment: b", 2, "environment: is also on line 1"),
        ("sources:\n  - path:", 2, "sources[0].path: Expected `str`, got `null`"),
        ('sources:\n  - path: ""', 2, "sources[0].path: is empty"),
        ("environment: [a", 1, "expected ',' or ']'"),
        ("environment: a\n\tb: c", 2, "found character '\\t'"),
    ],
)
def test_what_cannot_be_understood_names_line_and_field(text: str, line: int, complaint: str) -> None:
    error = refusal(text)
    assert error.message.startswith(f"{HERE}:{line}: ")
    assert complaint in error.message


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"opsconsole\.yaml"):
        parse(b"environment: \xff\xfe\xff", HERE)


def test_directory_instead_of_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Is a directory"):
        load(tmp_path)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["sources", "path", "drift", "q", "services", "baseline", "prices"]), inner)
    ),
    max_leaves=12,
)


@given(JUNK)
def test_any_yaml_is_either_understood_or_refused_as_configuration(document: object) -> None:
    content = yaml.safe_dump(document, allow_unicode=True).encode()
    try:
        parse(content, HERE)
    except ConfigError as error:
        complaint = error.message
    else:
        return
    assert complaint.startswith(str(HERE))


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("alerts:\n  rules:\n    input-drift: {enabled: no}\n    inputdrift: {enabled: no}\n", 4, "`input-drift`"),
        ("services:\n  chat:\n    alerts:\n      errors-burn-1h: {treshold: 3}\n", 4, "`threshold`"),
        ("alerts:\n  rules:\n    key-age: {severity: pagge}\n", 3, "`page`"),
        ("services:\n  chat:\n    slo: {availability: 99.9}\n", 3, "configuration page"),
    ],
)
def test_an_alert_rule_that_is_none_is_refused_with_its_line(text: str, line: int, told: str) -> None:
    error = refusal(text)
    assert error.message.startswith(f"{HERE}:{line}: ")
    assert told in error.remedy


def test_a_ladder_whose_steps_go_back_in_time_is_refused() -> None:
    text = "alerts:\n  ladders:\n    page: [{after_minutes: 5}, {after_minutes: 1}]\n"
    assert "ladder 'page'" in refusal(text).message


@pytest.mark.parametrize(
    ("field", "name", "kind"),
    [
        ("alerts.rules.key-age.ladder", "nihgt", "ladder"),
        ("services.chat.alerts.key-age.ladder", "nihgt", "ladder"),
        ("alerts.ladders.night[1].notify[1]", "pagre", "notifier"),
        ("incidents.external[0]", "pagre", "notifier"),
    ],
)
def test_a_name_that_nothing_has_is_refused_where_it_stands(field: str, name: str, kind: str) -> None:
    """Or nobody would be told, and nobody would know."""
    lines = {
        "alerts.rules.key-age.ladder": 5,
        "alerts.ladders.night[1].notify[1]": 9,
        "services.chat.alerts.key-age.ladder": 12,
        "incidents.external[0]": 13,
    }
    ladder, notifier, own_ladder, audience = (
        name if each == field else "night" if each.endswith("ladder") else "pager" for each in lines
    )
    text = f"""\
notifiers:
  pager: {{kind: terminal}}
alerts:
  rules:
    key-age: {{ladder: {ladder}}}
  ladders:
    night:
      - notify: [pager]
      - {{after_minutes: 5, notify: [pager, {notifier}]}}
services:
  chat:
    alerts: {{key-age: {{ladder: {own_ladder}}}}}
incidents: {{external: [{audience}]}}
"""
    found = refusal(text)
    assert found.message == f"{HERE}:{lines[field]}: {field}: there is no {kind} {name!r}"
    assert found.remedy == f"Did you mean `{'night' if kind == 'ladder' else 'pager'}`?"


def test_a_notifier_of_none_is_written_first() -> None:
    assert refusal("incidents: {internal: [ops]}").remedy == "Write it under `notifiers:` first."

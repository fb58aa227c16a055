"""A mapping as a person reads, edits and pins it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsconsole.errors import ConfigError
from opsconsole.ingest.formats import FORMATS
from opsconsole.ingest.mapping import DURATION_UNITS, TIME_UNITS, Mapping, Rule
from opsconsole.ingest.mapping_yaml import from_yaml, to_yaml
from opsconsole.records import DURATION_COLUMNS, MAPPABLE

NAMES = st.text(min_size=1, max_size=12) | st.sampled_from(
    ["no", "null", "1e3", "2024-01-01", "a: b", "- x", "#", "~", "é"]
)


@st.composite
def rules(draw: st.DrawFn, column: str) -> Rule:
    if column != "ts" and draw(st.booleans()):
        return Rule(value=draw(NAMES | st.just("")))
    minus = draw(NAMES) if column in DURATION_COLUMNS and draw(st.booleans()) else ""
    units = TIME_UNITS if column == "ts" or minus else DURATION_UNITS if column in DURATION_COLUMNS else ("",)
    return Rule(
        path=draw(NAMES),
        unit=draw(st.sampled_from(units)),
        minus=minus,
        only_if=draw(st.just("") | NAMES),
        words=draw(st.dictionaries(NAMES, st.integers(100, 599), max_size=3)) if column == "status" else {},
        plain=draw(st.booleans()),
    )


@st.composite
def mappings(draw: st.DrawFn) -> Mapping:
    columns = {"ts", *draw(st.sets(st.sampled_from(MAPPABLE)))}
    return Mapping(
        format=draw(NAMES),
        framing=draw(st.sampled_from(["jsonl", "csv", "json"])),
        columns={name: tuple(draw(st.lists(rules(name), min_size=1, max_size=2))) for name in sorted(columns)},
        features=draw(st.dictionaries(NAMES, st.sampled_from(["numeric", "categorical"]), max_size=3)),
        left_out=draw(st.dictionaries(NAMES, NAMES, max_size=3)),
        input_includes_cached=draw(st.booleans()),
        delimiter=draw(st.sampled_from([",", ";", "\t", "|"])),
        header=tuple(draw(st.lists(NAMES, max_size=3))),
        records_at=draw(st.just("") | NAMES),
        notes=tuple(draw(st.lists(NAMES, max_size=2))),
    )


@settings(deadline=None)
@given(mappings())
def test_what_is_written_is_read_back(mapping: Mapping) -> None:
    assert from_yaml(to_yaml(mapping, "chat\n.jsonl")) == mapping


def test_it_reads_as_one_line_a_column() -> None:
    mapping = Mapping(
        format="generic",
        framing="jsonl",
        columns={"ts": (Rule(path="time", unit="iso8601"),), "model": (Rule(path="m"), Rule(value="gpt"))},
        notes=("Not logged: cost.",),
    )
    text = to_yaml(mapping, "chat.jsonl")
    assert text.startswith("# How the records of chat.jsonl are read.\n")
    assert "  ts: {path: time, unit: iso8601}\n" in text
    assert "- 'Not logged: cost.'\n" in text


def test_every_known_format_can_be_pinned() -> None:
    for known in FORMATS:
        if known.columns:
            mapping = Mapping(format=known.name, framing=known.framings[0], columns=known.columns)
            assert from_yaml(to_yaml(mapping)) == mapping


GOOD = "format: generic\nframing: jsonl\ncolumns:\n  ts: {path: time, unit: s}\n"
BAD = {
    "a key": (GOOD + "feature:\n  a: numeric\n", 5, "no key feature", "Did you mean features?"),
    "a column": (GOOD + "  latency: {path: x, unit: s}\n", 5, "no column latency", "Did you mean latency_ms?"),
    "a rule's key": (GOOD + "  model:\n    - {pth: x}\n", 6, "no key pth", "Did you mean path?"),
    "no unit": (GOOD + "  latency_ms: {path: x}\n", 5, "latency_ms has no unit", "Units: s, ms, us, ns, min."),
    "a wrong unit": (GOOD + "  ttft_ms:\n  - {path: x, unit: h}\n", 6, "ttft_ms has no unit h", "Units: s"),
    "nothing": (GOOD + "  model: {unit: s}\n", 5, "model needs either a path or a value", "Write path"),
    "a kind": (GOOD + "features:\n  a: text\n", 6, "text is no kind", "Kinds: numeric, categorical"),
    "a number": (GOOD + "  status: {path: s, words: {ok: fine}}\n", 5, "Expected `int`", "Keys: "),
    "twice": (GOOD + "  ts: {path: other, unit: s}\n", 5, "column ts stands here twice", "Keep one"),
    "no ts": ("format: generic\nframing: csv\ncolumns:\n  model: {path: m}\n", 3, "no column ts", "Say which"),
    "no yaml": (GOOD + "  model: {path: [}\n", 5, "not YAML", "opsconsole map"),
    "an alias": ("format: &a generic\nframing: *a\n", 2, "aliases", "Write the value out"),
    "no keys": ("- a\n", 1, "holds no keys", "Keys: format"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_wrong_is_named_with_its_line_and_a_remedy(what: str) -> None:
    text, line, message, remedy = BAD[what]
    with pytest.raises(ConfigError) as refused:
        from_yaml(text, "map.yaml")
    assert refused.value.message.startswith(f"map.yaml, line {line}: ")
    assert message in refused.value.message
    assert remedy in refused.value.remedy


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        from_yaml(text)

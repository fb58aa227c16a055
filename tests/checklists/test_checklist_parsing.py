"""Both forms of a checklist are one struct, every field knows its line, and every mistake is told at once."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole import wire
from opsconsole.checklists.parsing import parse
from opsconsole.checklists.writing import to_markdown, to_yaml

_WORDS = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="`~#{}\ufeff\ufffe\uffff"
    ),
    max_size=30,
).map(str.strip)
_TITLES = _WORDS.filter(lambda text: bool(text) and not text[0].isdigit())
_PARAGRAPHS = st.lists(_WORDS.filter(lambda line: line != "---"), max_size=3).map(
    lambda lines: "\n".join(lines).strip("\n")
)
_IDS = st.from_regex(r"[a-z][a-z0-9-]{0,12}", fullmatch=True)
_DURATIONS = st.sampled_from(["", "90s", "15m", "1h30m"])


def struct(kind: type[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(kind, **fields)


_PROBES = struct(
    wire.Probe, sql=_WORDS, signal=_WORDS, type=st.sampled_from(["bool", "range", "rows"]), within=_DURATIONS,
    range=st.lists(st.floats(-1e6, 1e6), max_size=2).map(tuple),
    on_timeout=st.none() | struct(wire.Branch, goto=_IDS),
)  # fmt: skip
_STEPS = struct(
    wire.Step,
    id=_IDS,
    type=st.sampled_from(["check", "manual", "action", "wait", "comms"]),
    title=_TITLES,
    text=_PARAGRAPHS,
    killer=st.booleans(),
    timebox=_DURATIONS,
    expect=st.none() | _PROBES,
    evidence=st.lists(struct(wire.EvidenceWish, sql=_WORDS, panel=_WORDS), max_size=2).map(tuple),
    options=st.lists(struct(wire.Option, key=_IDS, label=_WORDS, goto=_IDS), max_size=2).map(tuple),
    with_=st.dictionaries(_IDS, _WORDS, max_size=2),
    undo=st.none() | struct(wire.Undo, action=_IDS, with_=st.dictionaries(_IDS, _WORDS, max_size=1)),
    message=_PARAGRAPHS,
    for_=_DURATIONS,
)
_CHECKLISTS = struct(
    wire.Checklist,
    id=_IDS,
    title=_TITLES,
    version=st.integers(1, 99),
    owner=_WORDS,
    last_reviewed=st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    about=_PARAGRAPHS,
    severity=st.lists(_WORDS, max_size=2).map(tuple),
    params=st.dictionaries(_IDS, struct(wire.Param, required=st.booleans(), default=_WORDS), max_size=2),
    roles=st.dictionaries(_IDS, struct(wire.RoleRule, distinct_from=_WORDS), max_size=2),
    steps=st.lists(_STEPS, min_size=1, max_size=3).map(tuple),
)


@given(_CHECKLISTS)
def test_what_is_written_is_read_again_whichever_the_form(checklist: wire.Checklist) -> None:
    for text, path in ((to_yaml(checklist), "a.yaml"), (to_markdown(checklist), "a.md")):
        parsed = parse(text, path)
        assert parsed.problems == ()
        assert parsed.checklist == checklist


@given(_CHECKLISTS)
def test_every_field_of_a_step_knows_its_line(checklist: wire.Checklist) -> None:
    for text, path in ((to_yaml(checklist), "a.yaml"), (to_markdown(checklist), "a.md")):
        parsed, lines = parse(text, path), text.split("\n")
        for index, step in enumerate(checklist.steps):
            at = f"steps[{index}]"
            assert "type:" in lines[parsed.line(f"{at}.type") - 1]
            if step.expect is not None and msgspec.structs.asdict(step.expect)["sql"]:
                assert "sql:" in lines[parsed.line(f"{at}.expect.sql") - 1]
            assert parsed.line(f"{at}.goto") == parsed.line(at), "what is not written is where its step is"


LIST = """\
---
id: one
title: One
owner: me
---
Read this first.

## Look

### 1. Is it so? {#so}

Words for people.

```sql
SELECT 1  -- ### no heading
```

```yaml step
type: check
expect: error_rate($service) < 1%
```

More words.
"""


def test_prose_other_fences_and_sections_are_kept_apart_from_the_step_block() -> None:
    checklist = parse(LIST, "one.md").checklist
    assert checklist is not None
    (step,) = checklist.steps
    assert (checklist.about, step.section, step.id, step.title) == ("Read this first.", "Look", "so", "Is it so?")
    assert step.text == "Words for people.\n\n```sql\nSELECT 1  -- ### no heading\n```\n\n\nMore words."
    assert step.expect == wire.Probe(signal="error_rate($service) < 1%")


@pytest.mark.parametrize(
    ("text", "replacement", "line", "message", "remedy"),
    [
        ("type: check", "typ: check", 19, "steps[0].typ: no such field", "Did you mean `type`?"),
        ("type: check", "type: chek", 19, "no such value: 'chek'", "Did you mean `check`?"),
        ("owner: me", "owne: me", 4, "owne: no such field", "Did you mean `owner`?"),
        ("title: One", "title: One\ntitle: Two", 4, "`title` is also on line 3", "Keep one of them."),
        ("title: One\n", "", 2, "`title` is missing", "Add `title: …`."),
        ("owner: me", "version: x", 4, "version: Expected `int`, got `str`", "docs/checklists.md"),
        ("expect: error", "expect: [error", 20, "expected ',' or ']'", "Mend the YAML at this line."),
        ("```yaml step", "```yaml", 10, "'Is it so?' has no step block", "```yaml step"),
        ("{#so}", "{#yes}\nid: no", 0, "", ""),
        ("## Look\n", "```yaml step\ntype: manual\n```\n", 8, "a step block stands under no heading", "### heading"),
        ("---\nid: one", "id: one", 1, "there is no frontmatter", "Begin with a line `---`"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_a_remedy(
    text: str, replacement: str, line: int, message: str, remedy: str
) -> None:
    assert text in LIST
    problems = parse(LIST.replace(text, replacement, 1), "one.md").problems
    if not message:
        assert problems == ()
        return
    assert any(
        (each.line, message in each.message, remedy in each.remedy) == (line, True, True) for each in problems
    ), problems


def test_all_mistakes_of_a_file_are_told_at_once() -> None:
    text = LIST.replace("owner", "owne").replace("type: check", "type: chek").replace("expect", "expct")
    assert [each.line for each in parse(text, "one.md").problems] == [4, 19, 20]


def test_an_id_that_differs_from_the_headings_is_a_mistake_and_one_that_is_left_out_is_the_headings() -> None:
    told = parse(LIST.replace("type: check", "id: other\ntype: check"), "one.md").problems
    assert [each.line for each in told] == [19]
    assert "{#so}" in told[0].message


def test_yaml_that_is_empty_says_how_one_is_begun() -> None:
    (problem,) = parse("", "one.yaml").problems
    assert "opsconsole checklist new" in problem.remedy

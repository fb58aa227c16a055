"""What lint finds: file, line, what is wrong, and what to do."""

from __future__ import annotations

from datetime import date

import pytest

from opsconsole import wire
from opsconsole.checklists.catalogue import LIBRARY
from opsconsole.checklists.linting import lint
from opsconsole.checklists.parsing import parse
from opsconsole.checklists.template import template

TODAY = date(2026, 11, 25)

GOOD = """\
---
id: one
title: One
owner: me
last_reviewed: 2026-11-01
params:
  service: {type: service, required: true}
  version: {type: version}
roles: {approver: {distinct_from: operator}}
---

### 1. Look {#look}

```yaml step
type: check
timebox: 3m
expect:
  sql: SELECT count(*) FROM recent($service, '5m')
  type: compare
  compare: ">= 1"
on_fail: {goto: tell}
```

### 2. Decide {#decide}

```yaml step
type: decision
timebox: 3m
options:
  - {key: r, label: Back, goto: back}
  - {key: n, label: No, goto: tell}
```

### 3. Back {#back}

```yaml step
type: action
timebox: 3m
action: release.rollback
with: {service: $service}
undo: restore
verify: {signal: error_rate($service) < 1%, within: 5m}
on_fail: {goto: look}
```

### 4. Tell {#tell}

```yaml step
type: comms
timebox: 3m
audience: internal
message: "$service is well"
```
"""


def found(text: str, **more: object) -> list[wire.ChecklistProblem]:
    return list(lint(parse(text, "one.md"), TODAY, **more))  # type: ignore[arg-type]


def test_a_good_list_has_nothing_wrong() -> None:
    assert found(GOOD) == []


CASES: list[tuple[str, str, int, str, str]] = [
    ("goto: tell}\n```\n\n### 2", "goto: tel}\n```\n\n### 2", 21, "there is no step 'tel'", "Did you mean `tell`?"),
    ("key: r, label: Back, goto: back", "key: r, label: Back, goto: tell", 37, "no way leads to 'back'", "goto"),
    ("action: release.rollback", "action: release.rolback", 39, "no action 'release.rolback'", "release.rollback"),
    ("undo: restore\n", "", 37, "the action 'back' has no `undo`", "Add `undo: restore`"),
    ("verify: {signal: error_rate($service) < 1%, within: 5m}\n", "", 37, "has no `verify`", "Add `verify:`"),
    ("with: {service: $service}\n", "", 39, "release.rollback needs `service`", "with: {service: $service}"),
    ("with: {service: $service}", "with: {service: $servic}", 40, "$servic is no parameter", "service"),
    ("with: {service: $service}", "with: {service: a, vers: b}", 40, "knows no `vers`", "reason"),
    ("error_rate(", "eror_rate(", 42, "there is no signal 'eror_rate'", "Did you mean `error_rate`?"),
    ("error_rate($service)", "error_rate()", 42, "error_rate takes (service, [version])", "Write error_rate("),
    ("< 1%, within", "over 5m, within", 42, "error_rate is compared with nothing", "< 1"),
    ("within: 5m", "within: soon", 42, "'soon' is no duration", "15m"),
    ("timebox: 3m\nexpect", "expect", 15, "'look' has no timebox", "timebox: 3m"),
    ("owner: me\n", "owner: me\ntimers: {first_coms: 5m}\n", 5, "there is no timer 'first_coms'", "first_comms"),
    ("owner: me\n", "", 2, "it has no owner", "owner:"),
    ("last_reviewed: 2026-11-01\n", "", 2, "it has no last_reviewed", "last_reviewed: 2026-11-25"),
    ("$service, '5m'", "$srvice, '5m'", 18, "$srvice is no parameter", "Did you mean `service`?"),
    ("recent($service, '5m')", "requests WHERE ts > now()", 18, "machine's clock", "at_now()"),
    ('compare: ">= 1"', "compare: many", 20, "'many' is no comparison", ">= 1"),
    ('  compare: ">= 1"\n', "", 17, "`type: compare` needs `compare`", "Add `compare:`"),
    ("expect:\n", "undo: restore\nexpect:\n", 17, "`undo` means nothing to a check", "It belongs to: action"),
    ("audience: internal", "audience: everybody", 51, "no such audience: 'everybody'", "internal"),
    ("  - {key: n, label: No, goto: tell}\n", "", 29, "a decision has two options at least", "Add one."),
    ("key: n, label: No", "key: a, label: No", 31, "the key 'a' does something else in a run", "s, t, a, q"),
    ("key: n, label: No", "key: j, label: No", 31, "the key 'j' does something else in a run", "j, k, g, G, f"),
    ("type: comms", "type: approval\nrole: aprover", 50, "there is no role 'aprover'", "approver"),
    ("on_fail: {goto: look}", "on_fail: {goto: back}", 0, "", ""),
]


@pytest.mark.parametrize(
    ("text", "replacement", "line", "message", "remedy"), CASES, ids=[case[3][:40] for case in CASES]
)
def test_a_mistake_is_named_with_its_line_and_a_remedy(
    text: str, replacement: str, line: int, message: str, remedy: str
) -> None:
    assert text in GOOD
    problems = found(GOOD.replace(text, replacement, 1))
    if not message:
        assert problems == []
        return
    assert [each for each in problems if message in each.message and remedy in each.remedy], problems
    assert next(each.line for each in problems if message in each.message) == line


def listed(*blocks: str, more: str = "") -> str:
    front = f"---\nid: one\ntitle: One\nowner: me\nlast_reviewed: 2026-11-01\n{more}---\n\n"
    return front + "\n".join(
        f"### S {{#s{number}}}\n\n```yaml step\ntimebox: 1m\n{block}\n```\n" for number, block in enumerate(blocks)
    )


def test_a_loop_that_no_way_leads_out_of_is_an_error() -> None:
    told = [each.message for each in found(listed("type: manual", "type: manual\ngoto: s0"))]
    assert told == ["from 's0' no way leads to the end", "from 's1' no way leads to the end"]


def test_checks_that_lead_in_a_circle_with_nobody_asked_are_an_error() -> None:
    check = "type: check\nexpect: disk_free() > 5%\non_fail: {goto: s0}"
    told = [each.message for each in found(listed(check, check))]
    assert told == ["'s0' leads back to itself with nobody asked", "'s1' leads back to itself with nobody asked"]


def test_the_tenth_killer_step_of_a_section_is_one_too_many_and_one_that_may_be_missed_is_not_counted() -> None:
    steps = ["type: manual"] * 10
    (problem,) = found(listed(*steps))
    assert "more than 9 killer steps" in problem.message
    assert found(listed(*steps[:9], "type: manual\nkiller: false")) == []


def test_a_stale_review_is_a_warning_and_no_error() -> None:
    (problem,) = found(GOOD.replace("2026-11-01", "2026-01-01"))
    assert (problem.line, problem.is_error) == (5, False)
    assert problem.message == "last reviewed 328 days ago, and it is stale after 90d"


def test_a_do_confirm_list_has_no_branches() -> None:
    told = found(listed("type: manual\ngoto: s1", "type: manual", more="style: do-confirm\n"))
    assert "'s0' branches" in told[0].message


def test_a_sub_checklist_that_there_is_not_and_one_that_leads_back_are_errors() -> None:
    def of(name: str) -> wire.Checklist:
        read = parse(listed(f"type: subchecklist\nchecklist: {name}"), "x.md").checklist
        assert read is not None
        return read

    (unknown,) = found(listed("type: subchecklist\nchecklist: othr"), others={"other": of("nowhere")})
    assert (unknown.message, unknown.remedy) == ("there is no checklist 'othr'", "Did you mean `other`?")
    (back,) = found(listed("type: subchecklist\nchecklist: other"), others={"other": of("one")})
    assert "leads back to this list" in back.message


def test_what_whoever_has_a_store_says_of_sql_is_told_at_its_line() -> None:
    (problem,) = found(GOOD, check_sql=lambda sql, names: "no table" if "recent" in sql and "service" in names else "")
    assert (problem.line, problem.message) == (18, "the SQL is refused: no table")


@pytest.mark.parametrize("path", sorted(LIBRARY.glob("*.md")), ids=lambda path: path.stem)
def test_every_checklist_of_the_library_is_right(path) -> None:  # type: ignore[no-untyped-def]
    others = {file.stem: parse(file.read_text(), file.name).checklist for file in LIBRARY.glob("*.md")}
    parsed = parse(path.read_text(), path.name)
    assert parsed.checklist is not None
    assert parsed.checklist.id == path.stem
    assert lint(parsed, TODAY, others) == ()  # type: ignore[arg-type]


def test_the_template_is_right_as_it_stands() -> None:
    assert found(template("cache-stampede", "me", TODAY)) == []

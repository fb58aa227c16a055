"""What is sent is what the vendors' schemas take, whatever a notice holds; and text from data stays text."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from schema_check import violations
from slack_sdk.models.blocks import Block
from telling import NOW, built, notice
from vendor_schemas import (
    ALERTMANAGER_ALERTS,
    PAGERDUTY_EVENT,
    PAGERDUTY_MOST_BYTES,
    SLACK_MESSAGE,
    SLACK_MOST_CHARACTERS,
    TEAMS_MESSAGE,
    TEAMS_MOST_BYTES,
)

from opsconsole.notifiers import alertmanager, pagerduty, slack, teams, words
from opsconsole.notifiers.mail import text as mail_text
from opsconsole.wire import Notice

KEY = "R" * 32
HOSTILE = "\x1b]52;c;aGk=\x07<!channel> [click](http://evil) `a` *b* & <http://evil|x>\u202ex\x00\nline"

_TEXT = st.one_of(
    st.text(max_size=40),
    st.sampled_from([HOSTILE, "&" * 4_000, "𝔘" * 4_000, "line\n" * 1_500, "x" * 20_000]),
)
NOTICES = st.builds(
    Notice,
    key=st.one_of(st.text(min_size=1, max_size=40), st.just("k" * 5_000)),
    kind=st.sampled_from(("firing", "resolved", "escalated", "update", "test")),
    severity=st.sampled_from(("page", "ticket", "info")),
    service=_TEXT,
    title=_TEXT,
    body=_TEXT,
    at=st.integers(-(10**9), 10**9).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    labels=st.dictionaries(_TEXT, _TEXT, max_size=12),
    links=st.lists(st.one_of(_TEXT, st.just("https://ops.internal/x?a=b&c=d")), max_size=30).map(tuple),
)


def strings_in(document: Any) -> list[str]:
    if isinstance(document, str):
        return [document]
    inner = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    return [text for each in inner for text in strings_in(each)]


def is_clean(text: str) -> bool:
    return not any(unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp") for each in text if each != "\n")


@given(NOTICES, st.sampled_from(["", "prod", HOSTILE]))
@settings(max_examples=40, deadline=None)
def test_slack_takes_whatever_a_notice_holds(given_notice: Notice, environment: str) -> None:
    payload = slack.payload(given_notice, environment, "<!here>")
    assert violations(payload, SLACK_MESSAGE) == []
    assert [block.to_dict() for block in Block.parse_all(payload["blocks"])] == payload["blocks"], (
        "as Slack's library has it"
    )
    assert sum(len(text) for text in strings_in(payload["blocks"])) <= SLACK_MOST_CHARACTERS
    assert all(map(is_clean, strings_in(payload)))


@given(NOTICES, st.sampled_from(["", "prod", HOSTILE]))
@settings(max_examples=40, deadline=None)
def test_teams_takes_whatever_a_notice_holds(given_notice: Notice, environment: str) -> None:
    payload = teams.payload(given_notice, environment)
    assert violations(payload, TEAMS_MESSAGE) == []
    assert len(json.dumps(msgspec.json.encode(payload).decode())) <= TEAMS_MOST_BYTES
    assert all(map(is_clean, strings_in(payload)))


@given(NOTICES, st.sampled_from(["", "prod", HOSTILE]))
@settings(max_examples=40, deadline=None)
def test_pagerduty_takes_whatever_a_notice_holds(given_notice: Notice, environment: str) -> None:
    for action in pagerduty.actions(given_notice):
        event = pagerduty.event(given_notice, action, KEY, environment, pagerduty._SEVERITIES)
        assert violations(event, PAGERDUTY_EVENT) == []
        assert len(msgspec.json.encode(event)) <= PAGERDUTY_MOST_BYTES
        assert all(map(is_clean, strings_in(event.get("payload", {}))))


@given(NOTICES, st.integers(-500, 500))
@example(notice(labels={"empty once it is cleaned": "\x85"}), 0)
@settings(max_examples=40, deadline=None)
def test_alertmanager_takes_whatever_a_notice_holds(given_notice: Notice, ends_in_s: int) -> None:
    labels = alertmanager.labels(given_notice, "prod", {"team": "ml"})
    ends = given_notice.at + timedelta(seconds=ends_in_s)
    alert = alertmanager.alert(given_notice, labels, ends)
    assert violations([alert], ALERTMANAGER_ALERTS) == []
    assert all(re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name) for name in alert["labels"])
    assert datetime.fromisoformat(alert["startsAt"]) <= datetime.fromisoformat(alert["endsAt"])
    assert all(map(is_clean, strings_in(alert)))


def test_the_check_itself_finds_what_is_wrong() -> None:
    payload = slack.payload(notice(), "prod")
    payload["blocks"][0]["text"]["text"] = "x" * 151
    payload["blocks"][1]["surprise"] = 1
    found = violations(payload, SLACK_MESSAGE)
    assert len(found) == 2
    assert "is longer than 150" in found[0]
    with pytest.raises(KeyError):
        violations("x", {"multipleOf": 3})


def test_text_from_data_mentions_nobody_and_links_to_nothing_in_slack() -> None:
    payload = slack.payload(notice(title=HOSTILE, body=HOSTILE, labels={HOSTILE: HOSTILE}, links=(HOSTILE,)), "prod")
    for text in [*strings_in(payload["blocks"][1:]), payload["text"]]:
        assert "<" not in text
        assert ">" not in text


def test_a_page_mentions_whom_the_configuration_names_and_nothing_else_does() -> None:
    loud = slack.payload(notice(), "prod", "<!here>")
    assert loud["text"].startswith("<!here> [FIRING] prod chat-assist: ")
    assert any("<!here>" in text for text in strings_in(loud["blocks"]))
    for quiet in (notice(severity="ticket"), notice(kind="resolved"), notice(kind="update")):
        assert "<!here>" not in str(slack.payload(quiet, "prod", "<!here>"))


def test_markdown_from_data_is_not_obeyed_in_teams() -> None:
    card = teams.payload(notice(title=HOSTILE, body=HOSTILE), "prod")["attachments"][0]["content"]
    kinds = {element["type"] for element in card["body"]} | {
        inline["type"] for block in card["body"] if "inlines" in block for inline in block["inlines"]
    }
    assert kinds == {"Container", "RichTextBlock", "TextRun"}
    assert card["actions"] == [{"type": "Action.OpenUrl", "title": "Open", "url": "https://ops.internal/alerts/7"}]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"kind": "firing"}, ("trigger",)),
        ({"kind": "escalated"}, ("trigger",)),
        ({"kind": "update"}, ("trigger",)),
        ({"kind": "update", "acknowledged_by": "ann"}, ("acknowledge",)),
        ({"kind": "resolved"}, ("resolve",)),
        ({"kind": "test"}, ("trigger", "resolve")),
    ],
)
def test_what_pagerduty_does_follows_from_the_notice(changed: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert pagerduty.actions(notice(**changed)) == expected


def test_one_key_is_one_dedup_key_however_long_it_is() -> None:
    long, other = "k" * 5_000, "k" * 4_999 + "j"
    assert pagerduty.dedup_key("INC-7") == "INC-7"
    assert pagerduty.dedup_key(long) == pagerduty.dedup_key(long) != pagerduty.dedup_key(other)


def test_severities_of_pagerduty_can_be_others(tmp_path: Path) -> None:
    from faulty_server import Answer, FaultyServer
    from opsconsole.notifiers.base import Message

    with FaultyServer(lambda asked: Answer(202, {"status": "success"})) as server:
        notifier = built(
            "pagerduty",
            tmp_path,
            {"KEY": KEY},
            url=server.url,
            routing_key={"env": "KEY"},
            severities={"ticket": "error"},
        )
        notifier.send(Message(notice(severity="ticket"), "1"))
        notifier.send(Message(notice(), "2"))
        notifier.close()
    assert [asked.json()["payload"]["severity"] for asked in server.asked] == ["error", "critical"]


def test_what_was_cut_says_so() -> None:
    body = "\n".join(f"line {number}" for number in range(5_000))
    card = teams.payload(notice(body=body), "prod")
    assert re.search(r"… \d{4} more lines", str(card))
    assert slack.payload(notice(body=body), "prod")["blocks"][3]["text"]["text"].endswith("…")
    assert words.clipped("𝔘" * 10, 7) == "𝔘𝔘𝔘…"


def test_a_headline_names_environment_and_service() -> None:
    assert words.headline(notice(title="a\nb"), "prod") == "[FIRING] prod chat-assist: a b"
    assert words.headline(notice(service="", kind="resolved", title="x"), "") == "[RESOLVED] x"


def test_mail_is_read_in_eighty_columns_with_the_evidence_first() -> None:
    assert mail_text(notice(), "prod") == (
        "[FIRING] prod chat-assist: error budget burns 14 times too fast\n"
        "\n"
        "errors 9.1 % (low 8.2 %) of 4,812 requests in 5 min\n"
        "v42 since 03:02: 71 % of it\n"
        "\n"
        "https://ops.internal/alerts/7\n"
        "opsconsole show explain chat-assist\n"
        "\n"
        "severity: page\n"
        "service: chat-assist\n"
        "environment: prod\n"
        f"at: {NOW:%Y-%m-%d %H:%M:%S} UTC\n"
        "rule: burn\n"
        "version: v42\n"
        "key: alert:chat-assist:burn\n"
    )

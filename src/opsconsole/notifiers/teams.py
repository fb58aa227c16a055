"""Microsoft Teams: a workflow that takes Adaptive Cards by webhook.

Always true here: text from data stands in TextRuns, whose Markdown is not obeyed (Adaptive Cards schema, TextRun);
the message is smaller than Teams takes.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from opsconsole.notifiers import words
from opsconsole.notifiers.base import Busy, Kind, Message, Notifier, Rejected, Site
from opsconsole.outside.secrets import SecretFrom
from opsconsole.outside.web import Web, WebOptions
from opsconsole.wire import Notice, NoticeKind, NoticeSeverity

MOST_BYTES = 28_000
"""Of the whole message as ``counted`` (learn.microsoft.com, limits and specifications of Teams: 28 KB)."""
_MOST_TITLE, _MOST_LINE, _MOST_FACT, _MOST_LABELS = 500, 500, 200, 20
_MOST_ACTIONS = 4
_MOST_URL = 500
_STYLES: dict[NoticeSeverity, str] = {"page": "attention", "ticket": "warning", "info": "emphasis"}
_STYLES_OF_KIND: dict[NoticeKind, str] = {"resolved": "good", "test": "emphasis"}
_INNER_429, _INNER_ERROR = b"returned HTTP error 429", b"returned HTTP error"
"""A connector may answer 200 and say in the body that Teams did not take it (reported to
github.com/MicrosoftDocs/msteams-docs)."""


class TeamsOptions(WebOptions, frozen=True, kw_only=True):
    """What a workflow of Teams needs to be told."""

    url: SecretFrom
    """Where the workflow's address is: it holds a signature, so it is a secret."""


class Teams:
    """Posts to one channel or chat."""

    def __init__(self, options: TeamsOptions, site: Site) -> None:
        self._web = Web(options.url.at(site), options)
        self._environment = site.environment
        self.where = f"teams {self._web.host}"

    def send(self, message: Message) -> str:
        answer = self._web.send("POST", "", json=payload(message.notice, self._environment), is_read=False)
        if _INNER_ERROR in answer.body:
            is_busy = _INNER_429 in answer.body
            raise (Busy if is_busy else Rejected)(f"{answer.asked}: {answer.told()}", "Teams did not take it.")
        return answer.told()

    def close(self) -> None:
        self._web.close()


def payload(notice: Notice, environment: str) -> dict[str, Any]:
    """The message with its card."""
    lines = [words.clipped(each, _MOST_LINE) for each in words.body_lines(notice)]
    return words.fitted(
        lines,
        lambda kept: _message(notice, environment, kept),
        lambda document: counted(document) <= MOST_BYTES,
    )


def counted(document: dict[str, Any]) -> int:
    """Bytes as a workflow counts them: of the card within another JSON, with its quotes escaped. A request of 24,453
    bytes was refused as 28,897, after it had been accepted (reported to github.com/MicrosoftDocs/msteams-docs)."""
    return len(json.dumps(msgspec.json.encode(document).decode()))


def _message(notice: Notice, environment: str, lines: list[str]) -> dict[str, Any]:
    title = words.clipped(words.headline(notice, environment), _MOST_TITLE)
    style = _STYLES_OF_KIND.get(notice.kind, _STYLES[notice.severity])
    known = list(words.facts(notice, environment))[:_MOST_LABELS]
    shown = [(words.clipped(name, _MOST_FACT), words.clipped(value, _MOST_FACT)) for name, value in known]
    body = [
        {
            "type": "Container",
            "style": style,
            "bleed": True,
            "items": [_text(title, size="Medium", weight="Bolder")],
        },
        *(_text(each or " ", fontType="Monospace") for each in lines),
        *(_text(each, fontType="Monospace", isSubtle=True) for each in _commands(notice)),
        *(_text(f"{name}: {value}", size="Small", isSubtle=True) for name, value in shown),
    ]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": title,
        "msteams": {"width": "Full"},
        "body": body,
        "actions": [
            {"type": "Action.OpenUrl", "title": f"Open {number}" if number > 1 else "Open", "url": url}
            for number, url in enumerate(_urls(notice), 1)
        ],
    }
    return {
        "type": "message",
        "attachments": [
            {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
        ],
    }


def _urls(notice: Notice) -> list[str]:
    return [url for url in words.urls(notice) if len(url) <= _MOST_URL][:_MOST_ACTIONS]


def _commands(notice: Notice) -> list[str]:
    return [words.clipped(each, _MOST_FACT) for each in words.commands(notice)[:_MOST_ACTIONS]]


def _text(text: str, **look: Any) -> dict[str, Any]:
    return {"type": "RichTextBlock", "spacing": "None", "inlines": [{"type": "TextRun", "text": text, **look}]}


def _make(options: TeamsOptions, site: Site) -> Notifier:
    return Teams(options, site)


KIND = Kind(
    name="teams",
    about="A channel or chat of Microsoft Teams, by a workflow that begins when a webhook request is received.",
    options=TeamsOptions,
    make=_make,
    tested_against="vendor schema: as written down by us from Adaptive Cards 1.4 for what we send, and a server that"
    " fails in every way; never Teams itself",
    hazards=(
        "A workflow belongs to a person, and ends with their account: give it a second owner.",
        "Teams takes a request before it posts the card: `202` is not yet a message on the screen.",
        "It cannot say what it has posted already: an answer that gets lost means that the card is there twice.",
    ),
    example="""\
kind: teams
options:
  url: {env: TEAMS_WORKFLOW_URL}
""",
)

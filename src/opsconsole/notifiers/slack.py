"""Slack: an incoming webhook that takes Block Kit.

Always true here: what came from data is escaped, so it mentions nobody and links to nothing; the limits of each block
and of the whole are kept (docs.slack.dev, Block Kit reference; 13,200 characters of all blocks together are refused
with ``msg_blocks_too_long``, as users of slackapi/bolt-js report).
"""

from __future__ import annotations

from typing import Any

from opsconsole.notifiers import words
from opsconsole.notifiers.base import Indeterminate, Kind, Message, Notifier, Site
from opsconsole.outside.secrets import SecretFrom
from opsconsole.outside.web import Web, WebOptions
from opsconsole.wire import Notice

MOST_HEADER = 150
MOST_SECTION = 3_000
MOST_ELEMENTS = 10
_BODY_SECTIONS = 3
_MOST_FACT = 150
_MOST_LINKS = 5
_MOST_FALLBACK = 1_000
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_ALARMING = ("firing", "escalated")


class SlackOptions(WebOptions, frozen=True, kw_only=True):
    """What an incoming webhook of Slack needs to be told."""

    url: SecretFrom
    """Where the webhook's address is: whoever has it can post, so it is a secret."""
    mention: str = ""
    """Put into pages, so that they make a sound: `<!here>`, `<@U0123456>`."""


class Slack:
    """Posts to one channel."""

    def __init__(self, options: SlackOptions, site: Site) -> None:
        self._web = Web(options.url.at(site), options)
        self._mention = options.mention
        self._environment = site.environment
        self.where = f"slack {self._web.host}"

    def send(self, message: Message) -> str:
        answer = self._web.send(
            "POST", "", json=payload(message.notice, self._environment, self._mention), is_read=False
        )
        if answer.body.strip() != b"ok":
            raise Indeterminate(f"{answer.asked}: {answer.told()}", "It is not Slack that answers: check the address.")
        return answer.told()

    def close(self) -> None:
        self._web.close()


def payload(notice: Notice, environment: str, mention: str = "") -> dict[str, Any]:
    """The message; ``text`` is what notifications and screen readers say."""
    title = words.headline(notice, environment)
    is_loud = mention and notice.severity == "page" and notice.kind in _ALARMING
    fallback = escaped(title, _MOST_FALLBACK, 1)[0]
    blocks: list[dict[str, Any]] = [
        {
            "type": "header",
            "text": {"type": "plain_text", "text": words.clipped(title, MOST_HEADER), "emoji": False},
        }
    ]
    body = escaped("\n".join(words.body_lines(notice)), MOST_SECTION, _BODY_SECTIONS)
    blocks += [_section(piece) for piece in body if piece.strip()]
    if links := _links(notice):
        blocks.append(_section(links))
    elements = [
        {"type": "mrkdwn", "text": f"{escaped(name, _MOST_FACT, 1)[0]}: {escaped(value, _MOST_FACT, 1)[0]}"}
        for name, value in words.facts(notice, environment)
    ]
    blocks.append({"type": "context", "elements": elements[:MOST_ELEMENTS]})
    if is_loud:  # a message with blocks mentions whom its blocks mention
        return {"text": f"{mention} {fallback}", "blocks": [blocks[0], _section(mention), *blocks[1:]]}
    return {"text": fallback, "blocks": blocks}


def _links(notice: Notice) -> str:
    found = [f"<{escaped(url, MOST_SECTION, 1)[0]}>" for url in words.urls(notice)]
    found += [f"`{escaped(command.replace('`', ' '), _MOST_FACT, 1)[0]}`" for command in words.commands(notice)]
    text = ""
    for link in found[:_MOST_LINKS]:
        if words.units(text) + words.units(link) < MOST_SECTION:
            text = f"{text}\n{link}".lstrip()
    return text


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def escaped(text: str, most: int, count: int) -> list[str]:
    """At most ``count`` pieces of at most ``most`` characters; what Slack would obey is escaped, and no escape cut."""
    pieces, size = [""], 0
    for character in text:
        shown = _ESCAPES.get(character, character)
        room = most - (len(words.ELLIPSIS) if len(pieces) == count else 0)
        if size + words.units(shown) > room:
            if len(pieces) == count:
                pieces[-1] += words.ELLIPSIS
                break
            pieces.append("")
            size = 0
        pieces[-1] += shown
        size += words.units(shown)
    return pieces


def _make(options: SlackOptions, site: Site) -> Notifier:
    return Slack(options, site)


KIND = Kind(
    name="slack",
    about="A channel of Slack, by an incoming webhook.",
    options=SlackOptions,
    make=_make,
    tested_against="vendor schema: Slack's own library (slack-sdk) takes every block; lengths as written down by us"
    " from docs.slack.dev; and a server that fails in every way; never Slack itself",
    hazards=(
        "An incoming webhook cannot say what it has posted already: an answer that gets lost means that the message is"
        " there twice.",
        "Slack takes about one message a second for a webhook; the rest waits.",
    ),
    example="""\
kind: slack
options:
  url: {file: slack.url}
  mention: <!here>
severities: [page, ticket]
""",
)

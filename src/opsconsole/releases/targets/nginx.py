"""Weights in an nginx configuration: a ``split_clients`` block, and a ``map`` block for requests with a header.

Always true here: a block is found by the variable that it sets, and only what stands between its braces is written
anew; what in it is not understood is refused and never written over; the version that takes the rest (``*``) keeps it
as long as it has any traffic, so that a canary that grows keeps the users that it had.

Source: nginx, ngx_http_split_clients_module and ngx_http_map_module: percents have two digits after the point, 0 is not
allowed, a map compares without regard to case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from opsconsole.releases.targets.base import Rejected, Unsupported
from opsconsole.releases.targets.shares import heaviest, parts_of
from opsconsole.wire import Routing

_PARTS = 10_000
"""What a share is counted in: hundredths of a percent."""
_TOKEN = re.compile(
    r"""(?P<skip>[ \t\r\n]+|\#[^\n]*) | (?P<sign>[{};]) | (?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<word>(?:[^\s{};"'\#\\$]|\\.|\$\{\w+\}|\$)(?:[^\s{};"'\\$]|\\.|\$\{\w+\}|\$)*)""",
    re.VERBOSE | re.DOTALL,
)
_PLAIN = re.compile(r"[\w./:@+-]+", re.ASCII)
_PERCENT = re.compile(r"(\d+(?:\.\d{1,2})?)%", re.ASCII)
_HEADER = "$http_"
_MEND = "Mend the file by hand."


@dataclass(frozen=True)
class Token:
    """A word of the configuration, unquoted, and where it stands."""

    text: str
    start: int
    end: int
    is_quoted: bool = False


@dataclass(frozen=True)
class Block:
    """A ``name source $variable { … }``."""

    source: str
    inside: tuple[int, int]
    """From behind the opening brace to the closing one."""
    lines: tuple[tuple[str, str], ...]
    """Its directives of two words."""


@dataclass(frozen=True)
class NginxText:
    """A routing in an nginx configuration."""

    variable: str
    """That ``split_clients`` sets."""
    header_variable: str = ""
    """That ``map`` sets from a header, with the other one as its default."""

    def parse(self, text: str) -> Routing:
        """Raises Rejected when the blocks are missing or hold what is not understood."""
        headers: dict[str, str] = {}
        if self.header_variable:
            block = self._header_block(text)
            name = _header_name(block.source)
            routes = [(value.removeprefix("\\"), version) for value, version in block.lines if value != "default"]
            headers = {f"{name}: {value}": version for value, version in routes}
        return Routing(shares=self._shares(_block(text, "split_clients", self.variable)), headers=headers)

    def replaced(self, text: str, after: Routing) -> str:
        """The text with another routing in it. Raises Rejected, or Unsupported when there is no place for it."""
        before = self.parse(text)
        edits = [(_block(text, "split_clients", self.variable), self._weights(before, after))]
        if self.header_variable:
            block = self._header_block(text)
            edits.append((block, self._routes(block.source, after)))
        for block, lines in sorted(edits, key=lambda edit: edit[0].inside, reverse=True):
            start, end = block.inside
            text = text[:start] + "".join(f"\n    {line}" for line in lines) + "\n" + text[end:]
        return text

    def shown(self, before: Routing, after: Routing) -> str:
        """What will stand in the blocks, one line each."""
        lines = [f"split_clients {self.variable}:", *self._weights(before, after)]
        if self.header_variable:
            source = next(iter({**before.headers, **after.headers}), "").partition(":")[0]
            lines += [f"map {self.header_variable}:", *self._routes(_header_source(source), after)]
        return "\n".join(lines)

    def _shares(self, block: Block) -> dict[str, float]:
        parts: dict[str, int] = {}
        rest = ""
        for amount, version in block.lines:
            percent = _PERCENT.fullmatch(amount)
            if version in parts or version == rest or (amount == "*" and rest) or not (percent or amount == "*"):
                raise Rejected(f"split_clients {self.variable}: `{amount} {version}` is not understood", _MEND)
            if percent:
                parts[version] = round(100 * float(percent[1]))
            else:
                rest = version
        left = _PARTS - sum(parts.values())
        if left < 0 or (left > 0 and not rest):
            raise Rejected(
                f"split_clients {self.variable}: its percents add up to {(_PARTS - left) / 100:g}",
                "A last line `*` takes what is left.",
            )
        return {version: part / _PARTS for version, part in (parts | ({rest: left} if rest else {})).items()}

    def _weights(self, before: Routing, after: Routing) -> list[str]:
        parts = {version: part for version, part in parts_of(after.shares, _PARTS).items() if part}
        rest = next(reversed(before.shares), "")
        if rest not in parts:
            rest = heaviest(parts)
        known = [version for version in before.shares if version in parts]
        order = [version for version in parts if version not in known] + known
        lines = [f"{parts[version] / 100:g}%  {_word(version)};" for version in order if version != rest]
        return [*lines, f"*  {_word(rest)};"]

    def _header_block(self, text: str) -> Block:
        block = _block(text, "map", self.header_variable)
        if not block.source.startswith(_HEADER):
            raise Rejected(f"map {self.header_variable} does not go by a header", "Its source has to be `$http_…`.")
        for value, version in block.lines:
            if value.startswith("~") or value in ("include", "hostnames", "volatile"):
                raise Rejected(f"map {self.header_variable}: `{value} {version}` is not understood", _MEND)
        if ("default", self.variable) not in block.lines:
            raise Rejected(f"map {self.header_variable} lacks `default {self.variable};`", "Add it.")
        return block

    def _routes(self, source: str, after: Routing) -> list[str]:
        lines = [f"default  {self.variable};"]
        for header, version in after.headers.items():
            name, _, value = header.partition(":")
            if _header_source(name) != source:
                raise Unsupported(f"map {self.header_variable} goes by {_header_name(source)}, not by {name}", "")
            lines.append(f"{_word(value.strip(), is_key=True)}  {_word(version)};")
        return lines


def _header_name(source: str) -> str:
    return "-".join(part.capitalize() for part in source.removeprefix(_HEADER).split("_"))


def _header_source(name: str) -> str:
    return _HEADER + name.strip().lower().replace("-", "_")


def _word(text: str, *, is_key: bool = False) -> str:
    """The word as nginx reads it; raises Unsupported for one that it would take for something else."""
    if not text or "$" in text or not text.isprintable():
        raise Unsupported(f"{text!r} cannot be written in an nginx configuration", "Give it another name in `names`.")
    if is_key and (text.startswith(("~", "\\")) or text in ("default", "include", "hostnames", "volatile")):
        text = f"\\{text}"
    return text if _PLAIN.fullmatch(text) else '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def _block(text: str, directive: str, variable: str) -> Block:
    tokens = list(_tokens(text))
    found = [
        index
        for index in range(len(tokens) - 3)
        if (tokens[index].text, tokens[index + 2].text, tokens[index + 3].text) == (directive, variable, "{")
    ]
    if len(found) != 1:
        raise Rejected(
            f"{'no' if not found else 'more than one'} block `{directive} … {variable} {{`", "The file needs one of it."
        )
    source, opening = tokens[found[0] + 1].text, found[0] + 3
    words: list[str] = []
    lines: list[tuple[str, str]] = []
    for token in tokens[opening + 1 :]:
        if token.is_quoted or token.text not in ("{", "}", ";"):
            words.append(token.text)
        elif token.text == ";" and len(words) == 2:
            lines.append((words[0], words[1]))
            words = []
        elif token.text == "}" and not words:
            return Block(source, (tokens[opening].end, token.start), tuple(lines))
        else:
            break
    raise Rejected(f"the block `{directive} … {variable}` is not understood", _MEND)


def _tokens(text: str) -> Iterator[Token]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            line = text.count("\n", 0, position) + 1
            raise Rejected(f"line {line} is not understood", _MEND)
        position = match.end()
        if match["quoted"]:
            yield Token(re.sub(r"\\(.)", r"\1", match["quoted"][1:-1]), match.start(), match.end(), is_quoted=True)
        elif not match["skip"]:
            yield Token(match[0], match.start(), match.end())

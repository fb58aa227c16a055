"""A checklist's file: Markdown with one step block a heading, or the same as YAML alone.

Always true here: what was read knows its lines; a file is read as far as it can be, and everything that is wrong with
it is told at once; both forms of one checklist are the same struct.

The Markdown: frontmatter between two lines of ``---``; ``## headings`` are sections; under each ``### heading {#id}``
stand words for people and one block that is fenced as ``yaml step``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
import yaml

from opsconsole import wire
from opsconsole.checklists.nodes import NULL_TAG, Complain, NodeReader

_FRONT = "---"
_FENCE = re.compile(r"^(?P<ticks>`{3,}|~{3,})\s*(?P<info>[^`]*?)\s*$")
_STEP_INFO = re.compile(r"ya?ml\s+step")
_HEADING = re.compile(r"^(?P<hashes>#{2,3})\s+(?P<title>.*?)\s*$")
_NUMBER = re.compile(r"^\d+[.)]\s+")
_ANCHOR = re.compile(r"\s*\{#(?P<id>[^}]*)\}$")
_STEP_LEVEL = 3
_INDEXED = re.compile(r"(\.[^.\[]+|\[\d+\])$")


@dataclass(frozen=True)
class Parsed:
    """What a file holds, and what is wrong with it."""

    path: str
    text: str
    checklist: wire.Checklist | None
    problems: tuple[wire.ChecklistProblem, ...]
    lines: dict[str, int] = field(default_factory=dict)
    """Path of a field → its line, from 1 on."""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    def line(self, path: str) -> int:
        """Where a field stands; where it is not written, where what it belongs to stands."""
        while path and path not in self.lines:
            shorter = _INDEXED.sub("", path)
            path = shorter if shorter != path else ""
        return self.lines.get(path, 1)


@dataclass
class _Heading:
    """A step on its way."""

    title: str
    anchor: str
    section: str
    line: int
    words: list[str] = field(default_factory=list)
    block: list[str] | None = None
    block_line: int = 0


class _Reading:
    """One file while it is read."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[wire.ChecklistProblem] = []
        self.lines: dict[str, int] = {}

    def complain(self, line: int, message: str, remedy: str) -> None:
        self.problems.append(wire.ChecklistProblem(path=self.path, line=line, message=message, remedy=remedy))

    def reader(self, text: str, first_line: int) -> tuple[yaml.Node | None, NodeReader]:
        """The root of a piece of YAML, None where it is empty or no YAML."""
        loader = yaml.SafeLoader(text)
        return _root(loader, first_line, self.complain), NodeReader(loader, first_line, self.lines, self.complain)


def parse(text: str, path: str) -> Parsed:
    """Read a checklist; ``path`` is for messages, and says by its ending whether it is YAML alone."""
    reading = _Reading(path)
    is_yaml = path.endswith((".yaml", ".yml"))
    checklist = _of_yaml(reading, text) if is_yaml else _of_markdown(reading, text)
    problems = tuple(sorted(reading.problems, key=lambda problem: problem.line))
    return Parsed(path, text, checklist, problems, reading.lines)


def _root(loader: yaml.SafeLoader, first_line: int, complain: Complain) -> yaml.Node | None:
    try:
        root: yaml.Node | None = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = (mark.line if mark else 0) + first_line
        complain(line, f"{error.problem or error.context}", "Mend the YAML at this line.")
        return None
    except yaml.YAMLError as error:
        complain(first_line, f"{error}", "Write the file as UTF-8 text.")
        return None
    return None if root is None or root.tag == NULL_TAG else root


def _of_yaml(reading: _Reading, text: str) -> wire.Checklist | None:
    root, reader = reading.reader(text, 1)
    if root is None:
        if not reading.problems:
            reading.complain(1, "nothing is in it", "Write a checklist: `opsconsole checklist new NAME` begins one.")
        return None
    read = reader.struct(root, wire.Checklist, "")
    return read if isinstance(read, wire.Checklist) else None


class _Front(wire.Checklist, frozen=True, kw_only=True):
    """The frontmatter: a checklist whose steps come later."""

    steps: tuple[wire.Step, ...] = ()


def _of_markdown(reading: _Reading, text: str) -> wire.Checklist | None:
    lines = text.split("\n")
    if lines[0].rstrip() != _FRONT or _FRONT not in (line.rstrip() for line in lines[1:]):
        reading.complain(1, "there is no frontmatter", "Begin with a line `---`, the fields, and a line `---`.")
        return None
    end = next(number for number, line in enumerate(lines) if number and line.rstrip() == _FRONT)
    root, reader = reading.reader("\n".join(lines[1:end]), 2)
    front = reader.struct(root, _Front, "") if root is not None else None
    about: list[str] = []
    headings = list(_headings(reading, lines[end + 1 :], end + 2, about))
    steps: list[wire.Step] = []
    for heading in headings:
        if (step := _step(reading, heading, len(steps))) is not None:
            steps.append(step)
    if not headings:
        reading.complain(end + 1, "it has no step", "Write a `### heading {#id}` and a ```yaml step block under it.")
    if not isinstance(front, _Front):
        if root is None and not reading.problems:
            reading.complain(1, "the frontmatter is empty", "Say `id:` and `title:` at the least.")
        return None
    told = _words(about) or front.about
    values = {name: getattr(front, name) for name in front.__struct_fields__}
    return wire.Checklist(**values | {"steps": tuple(steps), "about": told})


def _headings(reading: _Reading, lines: list[str], first_line: int, about: list[str]) -> Iterator[_Heading]:
    """Every ``### heading`` with what stands under it; what stands above the first goes into ``about``."""
    section, heading, fence = "", None, ""
    words = block = about
    for number, line in enumerate(lines, first_line):
        found = _FENCE.match(line)
        if fence:
            is_end = found is not None and not found["info"] and found["ticks"].startswith(fence)
            fence = "" if is_end else fence
            if block is words or not is_end:
                block.append(line)
        elif found is not None:
            fence, block = found["ticks"], words
            if _STEP_INFO.fullmatch(found["info"]):
                block = _opened(reading, heading, number)
            else:
                words.append(line)
        elif (title := _HEADING.match(line)) is None:
            words.append(line)
        else:
            if heading is not None:
                yield heading
            is_step = len(title["hashes"]) == _STEP_LEVEL
            section = section if is_step else title["title"]
            heading = _heading(title["title"], section, number) if is_step else None
            words = heading.words if heading is not None else []
    if heading is not None:
        yield heading


def _heading(title: str, section: str, line: int) -> _Heading:
    anchor = _ANCHOR.search(title)
    words = _NUMBER.sub("", _ANCHOR.sub("", title))
    return _Heading(words.strip(), anchor["id"].strip() if anchor else "", section, line)


def _opened(reading: _Reading, heading: _Heading | None, number: int) -> list[str]:
    """Where the lines of a step block go."""
    if heading is None:
        reading.complain(number, "a step block stands under no heading", "Write a `### heading {#id}` above it.")
        return []
    if heading.block is not None:
        reading.complain(number, f"{heading.title!r} has two step blocks", "Give each step a heading of its own.")
        return []
    heading.block, heading.block_line = [], number + 1
    return heading.block


def _step(reading: _Reading, heading: _Heading, index: int) -> wire.Step | None:
    """The step under a heading; None where none can be made, and that is told."""
    if heading.block is None:
        reading.complain(
            heading.line, f"{heading.title!r} has no step block", "Add one, fenced as ```yaml step, or use a `####`."
        )
        return None
    path, before = f"steps[{index}]", len(reading.problems)
    root, reader = reading.reader("\n".join(heading.block), heading.block_line)
    if root is None:
        if len(reading.problems) == before:
            reading.complain(heading.line, f"the step block of {heading.title!r} is empty", "Say `type:` in it.")
        return None
    if isinstance(root, yaml.MappingNode) and heading.anchor and "id" not in _keys(root):
        root.value.insert(0, (_scalar("id", root), _scalar(heading.anchor, root)))
    step = reader.struct(root, wire.Step, path)
    if not isinstance(step, wire.Step):
        return None
    if heading.anchor and step.id != heading.anchor:
        reading.complain(
            reading.lines[f"{path}.id"],
            f"the heading says {{#{heading.anchor}}} and the step `id: {step.id}`",
            "Make them the same, or leave `id` out.",
        )
    return msgspec.structs.replace(
        step,
        title=heading.title or step.title,
        text=_words(heading.words) or step.text,
        section=heading.section or step.section,
    )


def _keys(node: yaml.MappingNode) -> set[str]:
    return {str(key.value) for key, _ in node.value}


def _scalar(text: str, like: yaml.Node) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", text, like.start_mark, like.end_mark)


def _words(lines: list[str]) -> str:
    return "\n".join(line.rstrip() for line in lines).strip("\n")

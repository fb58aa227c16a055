"""The checklists that there are: the library in the package, and a home's own, which go before it.

Always true here: a file is read again when it was written again, and not otherwise; a home's list takes the place of
the library's with the same id; a list with errors is listed, and not run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from opsconsole import wire
from opsconsole.checklists.linting import lint
from opsconsole.checklists.looked import CheckSql
from opsconsole.checklists.parsing import Parsed, parse
from opsconsole.clock import Clock
from opsconsole.config.load import nearest
from opsconsole.durations import duration, is_duration
from opsconsole.errors import UsageError

LIBRARY = Path(__file__).parent / "library"
ENDINGS = (".md", ".yaml", ".yml")


@dataclass(frozen=True)
class Item:
    """One file of the catalogue."""

    parsed: Parsed
    is_own: bool

    @property
    def id(self) -> str:
        return self.parsed.checklist.id if self.parsed.checklist is not None else Path(self.parsed.path).stem


def _from(path: Path, shown: str) -> Parsed:
    return parse(path.read_text(encoding="utf-8", errors="replace"), shown)


@cache
def _from_library(path: Path, stamp: tuple[int, int]) -> Parsed:
    """Read once, however many homes and drills one process has."""
    return _from(path, f"library/{path.name}")


class Catalogue:
    """The checklists of one home; asked from several threads."""

    def __init__(self, own: Path, clock: Clock, check_sql: CheckSql | None = None) -> None:
        """``own`` is the home's directory of checklists, which need not be there."""
        self._own, self._clock, self._check_sql = own, clock, check_sql
        self._read: dict[Path, tuple[tuple[int, int], Parsed]] = {}

    def items(self) -> dict[str, Item]:
        """Id → its file, the home's before the library's; by id."""
        found = {item.id: item for item in (*self._in(LIBRARY, is_own=False), *self._in(self._own, is_own=True))}
        return dict(sorted(found.items()))

    def _in(self, directory: Path, *, is_own: bool) -> list[Item]:
        files = sorted(path for ending in ENDINGS for path in directory.glob(f"*{ending}"))
        return [Item(self._parsed(path, is_own=is_own), is_own) for path in files]

    def _parsed(self, path: Path, *, is_own: bool) -> Parsed:
        status = path.stat()
        stamp = (status.st_mtime_ns, status.st_size)
        known = self._read.get(path)
        if known is None or known[0] != stamp:
            known = self._read[path] = (stamp, _from(path, str(path)) if is_own else _from_library(path, stamp))
        return known[1]

    def parsed(self, name: str) -> Parsed:
        """A checklist with everything that is wrong with it. Raises UsageError for one that there is not."""
        items = self.items()
        if name not in items:
            raise UsageError(f"there is no checklist {name!r}", nearest(name, items))
        parsed = items[name].parsed
        return replace(parsed, problems=self.problems(parsed, items))

    def problems(self, parsed: Parsed, items: Mapping[str, Item] | None = None) -> tuple[wire.ChecklistProblem, ...]:
        """What is wrong with a file, seen beside all the others."""
        others = (item.parsed.checklist for item in (items or self.items()).values())
        known = {each.id: each for each in others if each is not None}
        return lint(parsed, self._clock.now().date(), known, self._check_sql)

    def entry(self, item: Item, runs: Iterable[wire.Run], drilled: datetime | None) -> wire.ChecklistEntry:
        """A checklist in a line; ``runs`` are those of it, and ``drilled`` is when a drill last used it."""
        checklist = item.parsed.checklist
        problems = [each for each in self.problems(item.parsed) if each.is_error]
        ended = [run.ended_at for run in runs if run.ended_at is not None]
        return wire.ChecklistEntry(
            id=item.id,
            title=checklist.title if checklist else "cannot be read",
            version=checklist.version if checklist else 0,
            path=item.parsed.path,
            is_own=item.is_own,
            owner=checklist.owner if checklist else "",
            severity=checklist.severity if checklist else (),
            steps=len(checklist.steps) if checklist else 0,
            last_reviewed=checklist.last_reviewed if checklist else None,
            last_run=max(ended, default=None),
            last_drilled=drilled,
            stale=self._stale(checklist, drilled) if checklist else (),
            problems=len(problems),
        )

    def _stale(self, checklist: wire.Checklist, drilled: datetime | None) -> tuple[str, ...]:
        """Why a list is amber, in words: a drill shows as well as a reader whether it is true."""
        today = self._clock.now().date()
        if checklist.last_reviewed is None:
            return ("never reviewed",)
        good_for = duration(checklist.stale_after) if is_duration(checklist.stale_after) else timedelta(0)
        last = max(checklist.last_reviewed, drilled.date() if drilled else checklist.last_reviewed)
        word = "drilled" if last > checklist.last_reviewed else "reviewed"
        age = today - last
        return (f"{word} {age.days} days ago, stale after {checklist.stale_after}",) if age > good_for else ()

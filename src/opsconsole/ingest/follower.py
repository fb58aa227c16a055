"""All sources together: attaching paths, taking turns, and noticing what happens to files.

Always true here: a file is read once under whatever name it has (device, inode and head tell, not the name); rename,
truncation and copy-truncate lose nothing that can still be read and repeat nothing; no source waits for another's
backlog.
"""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import msgspec

from opsconsole.errors import InputError, JournalError, OpsConsoleError
from opsconsole.ingest.guess import guess
from opsconsole.ingest.identity import HEAD_BYTES, same_content
from opsconsole.ingest.mapping import Mapping
from opsconsole.ingest.readers import Reader, open_source
from opsconsole.ingest.sniff import sniff
from opsconsole.ingest.source import Means, Source, identity_now, identity_of, mapping_from_json, mapping_json
from opsconsole.store.sources import KnownSource, describe, known_sources

_STILL_S = 60.0
"""A last line without its end counts once the file has not changed for this long."""
MIN_HEAD = 256
"""Bytes that two files must begin with alike before one is taken for a copy of the other."""
_RESCAN_S = 2.0


@dataclass(frozen=True)
class Wish:
    """Paths that somebody asked for; looked at again and again while it is followed."""

    paths: tuple[str, ...]
    follow: bool = True
    overrides: tuple[str, ...] = ()
    mapping: Mapping | None = None
    service: str = ""


@dataclass
class Outcome:
    """What became of a wish so far."""

    sources: list[Source] = field(default_factory=list)
    mappings: dict[str, Mapping] = field(default_factory=dict)
    refused: dict[str, OpsConsoleError] = field(default_factory=dict)


class Follower:
    """Owns every source; used by the one thread that writes."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._known = {known.source_id: known for known in known_sources(means.connection)}
        self._open: dict[int, Source] = {}
        self._wishes: list[Wish] = []
        self._refused: dict[Path, tuple[int, int]] = {}
        self._scanned_s = means.clock.monotonic()

    @property
    def sources(self) -> list[Source]:
        return [self._open[source_id] for source_id in sorted(self._open)]

    # Attaching ----------------------------------------------------------------------------------------------------

    def attach(self, wish: Wish, begin: Callable[[], None] = lambda: None) -> Outcome:
        """Take in what the wish's paths name now, and keep looking if it is to be followed.

        ``begin`` is called before anything of it takes effect, more than once perhaps; what it raises is raised.
        """
        outcome = Outcome()
        for path in wish.paths:
            files = list(expand(path))
            if not files and not (wish.follow and glob.has_magic(path)):
                outcome.refused[path] = InputError(
                    f"{path} names no file", "Check the path; quote a pattern so that the shell leaves it alone."
                )
            for file in files:
                self._attach_file(file, wish, outcome, begin)
        if wish.follow:
            begin()
            if wish not in self._wishes:
                self._wishes.append(wish)
        return outcome

    def _attach_file(self, file: Path, wish: Wish, outcome: Outcome, begin: Callable[[], None] = lambda: None) -> None:
        try:
            source = self._source_for(file, wish, begin)
        except JournalError:
            raise
        except OpsConsoleError as error:
            outcome.refused[str(file)] = error
            return
        outcome.sources.append(source)
        outcome.mappings[str(file)] = source.mapping

    def _source_for(self, file: Path, wish: Wish, begin: Callable[[], None]) -> Source:
        reader = open_source(file)
        try:
            known = self._recognise(reader)
            if known is None:
                mapping = self._mapping_for(file, wish)
                begin()
                known = self._new(file, reader, mapping, wish.follow)
                self._finish_predecessors(file)
            elif wish.follow and not known.follow:
                begin()
                known = self._followed(known)
            else:
                begin()
                if (source := self._open.get(known.source_id)) and self._has_read(source, reader):
                    reader.close()
                    return source
        except BaseException:
            reader.close()
            raise
        return self._start(known, reader)

    def _has_read(self, source: Source, reader: Reader) -> bool:
        """Does this open source read, or has it read, all that the file has?"""
        status = reader.status()
        is_same_file = (source.known.device, source.known.inode) == (status.st_dev, status.st_ino)
        if source.is_active:
            return is_same_file or source.reader.size_on_disk() >= reader.size_on_disk()
        if source.mapping.framing == "json":
            return source.tally.raw_bytes >= reader.size_on_disk()
        return not reader.compression and source.offset >= reader.size_on_disk()

    def _recognise(self, reader: Reader) -> KnownSource | None:
        """The known source whose bytes these are: by device, inode and head, or as a copy by its head alone."""
        status, head = reader.status(), reader.head(HEAD_BYTES)
        digests: dict[int, str] = {}
        for known in sorted(self._current(), key=lambda known: -known.source_id):
            length = known.head_length
            is_file = (known.device, known.inode) == (status.st_dev, status.st_ino)
            is_copy = length >= MIN_HEAD or self._is_rewritten_document(known, reader)
            if not (is_file or is_copy) or len(head) < length:
                continue
            if length not in digests:
                digests[length] = hashlib.sha256(head[:length]).hexdigest()
            if digests[length] != known.head_sha256:
                continue
            is_cut_short = not reader.compression and reader.size_on_disk() < self._needed(known)
            if not (is_file and is_cut_short):
                return known
        return None

    def _is_rewritten_document(self, known: KnownSource, reader: Reader) -> bool:
        """JSON documents are replaced as a whole whenever they grow."""
        return known.path == str(reader.path) and mapping_from_json(known.mapping_json).framing == "json"

    def _needed(self, known: KnownSource) -> int:
        """Bytes that a file must have to be the one that was read."""
        return 0 if mapping_from_json(known.mapping_json).framing == "json" else known.offset

    def _current(self) -> Iterator[KnownSource]:
        """Known sources with the offset that they have now."""
        for source_id, known in self._known.items():
            source = self._open.get(source_id)
            yield known if source is None else source.current()

    def _mapping_for(self, file: Path, wish: Wish) -> Mapping:
        if wish.mapping is not None and not wish.overrides:
            return wish.mapping
        guessed = guess(sniff(file), wish.overrides, wish.service, file)
        if wish.mapping is None:
            return guessed
        named = {override.partition("=")[0] for override in wish.overrides}
        columns = wish.mapping.columns | {name: guessed.columns[name] for name in named}
        return msgspec.structs.replace(wish.mapping, columns=columns)

    def _new(self, file: Path, reader: Reader, mapping: Mapping, follow: bool) -> KnownSource:
        identity = identity_now(reader, mapping)
        known = KnownSource(
            source_id=max(self._known, default=0) + 1,
            path=str(file),
            device=identity.device,
            inode=identity.inode,
            head_length=identity.head_length,
            head_sha256=identity.head_sha256,
            follow=follow,
            mapping_json=mapping_json(mapping),
        )
        describe(self._means.connection, known, self._means.clock.now())
        self._known[known.source_id] = known
        return known

    def _start(self, known: KnownSource, reader: Reader) -> Source:
        """Read on from where the source stands, in this file."""
        before = self._open.get(known.source_id)
        if before is not None:
            known = replace(before.current(), follow=known.follow)
            if before.is_active:
                before.end("done")
        source = Source(known, mapping_from_json(known.mapping_json), reader, self._means)
        self._open[known.source_id] = source
        return source

    def _followed(self, known: KnownSource) -> KnownSource:
        """A source that was to be read once is to be followed from now on."""
        known = self._known[known.source_id] = replace(known, follow=True)
        describe(self._means.connection, known, self._means.clock.now())
        return known

    def _finish_predecessors(self, file: Path) -> None:
        """A file that was renamed while nobody watched is read to its end under its new name."""
        for sibling in _siblings(file):
            reader = open_source(sibling)
            known = self._recognise(reader)
            if known is None or known.path != str(file) or known.source_id in self._open:
                reader.close()
            else:
                self._start(known, reader)

    # Taking turns -------------------------------------------------------------------------------------------------

    def step(self) -> int:
        """One bite of every source that has something; the number of records taken in."""
        now = self._means.clock.monotonic()
        if now - self._scanned_s >= _RESCAN_S:
            self._scanned_s = now
            self._rescan()
        return sum(self._step(source) for source in self.sources)

    def _step(self, source: Source) -> int:
        if not source.is_active:
            return 0
        try:
            if not source.begins_as_before():
                self._begin_anew(source)
                return 0
            source.notice_cut()
            taken = source.step(is_final=not source.known.follow) if source.has_more() else 0
            if source.is_behind():
                source.state = "reading"
            elif source.known.follow and not source.reader.compression:
                self._look_around(source)
            else:
                self._finish(source)
            if source.known.head_length < HEAD_BYTES and source.offset > source.known.head_length and source.is_active:
                source.describe_again()
        except (OpsConsoleError, duckdb.Error, OSError) as error:  # one source's trouble is not the others'
            source.end("failed", str(error))
            return 0
        self._known[source.known.source_id] = source.current()
        return taken

    def _look_around(self, source: Source) -> None:
        """Nothing more for now: has the file been renamed, replaced or removed?"""
        source.state = "following"
        try:
            there = Path(source.known.path).stat()
        except FileNotFoundError:
            source.state = "gone"
            return
        here = source.reader.status()
        is_replaced = (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino)
        if is_replaced and there.st_size and not source.has_more():  # an empty one: the writer may still use the old
            self._finish(source)
            self._succeed(source)
        elif self._means.clock.now().timestamp() - here.st_mtime >= _STILL_S:
            source.take_last_line()  # nobody is in the middle of writing it

    def _finish(self, source: Source) -> None:
        """Nothing will be appended any more: the last line counts even without its end."""
        while source.has_more():
            source.step(is_final=True)
        source.take_last_line()
        source.end("done")

    def _begin_anew(self, source: Source) -> None:
        """The file was truncated or overwritten in place: read a copy of what it held, then the new content."""
        copy = next((sibling for sibling in _siblings(Path(source.known.path)) if self._is_copy(source, sibling)), None)
        if copy is not None:
            source = self._start(source.current(), open_source(copy))
            self._finish(source)
        else:
            source.take_last_line()
            source.end("done")
        self._succeed(source)

    def _is_copy(self, source: Source, sibling: Path) -> bool:
        with open_source(sibling) as reader:
            return source.known.head_length >= MIN_HEAD and same_content(identity_of(source.known), reader)

    def _succeed(self, source: Source) -> None:
        """Read the file that now has the source's name, with the source's mapping, from its beginning."""
        place = Path(source.known.path)
        try:
            reader = open_source(place)
        except InputError:
            return  # gone again: the next look at the paths will see its successor
        try:
            is_new = reader.size_on_disk() > 0 and self._recognise(reader) is None
            mapping = successor_mapping(place, source.mapping) if is_new else None
        except InputError:
            mapping = None  # not yet what it will be: the next look at the paths will see it
        if mapping is None:
            reader.close()
        else:
            self._start(self._new(place, reader, mapping, source.known.follow), reader)

    def _rescan(self) -> None:
        """Look for files that are new under the followed paths; what cannot be read is tried again once it changes."""
        taken = {
            (source.known.device, source.known.inode): source for source in self._open.values() if source.is_active
        }
        for wish in self._wishes:
            for file in (file for path in wish.paths for file in expand(path)):
                try:
                    status = file.stat()
                except OSError:
                    continue  # removed since it was listed
                seen = (status.st_size, status.st_mtime_ns)
                if (status.st_dev, status.st_ino) in taken or self._refused.get(file) == seen or not status.st_size:
                    continue
                self._attach_file(file, replace(wish, mapping=wish.mapping or self._inherited(file)), Outcome())
                self._refused[file] = seen

    def _inherited(self, file: Path) -> Mapping | None:
        """How the file was read that had this name before, if there was one."""
        named = [known for known in self._known.values() if known.path == str(file)]
        if not named:
            return None
        before = max(named, key=lambda known: known.source_id)
        try:
            return successor_mapping(file, mapping_from_json(before.mapping_json))
        except InputError:
            return None

    def close(self) -> None:
        for source in self._open.values():
            if source.is_active:
                source.end("done")


def successor_mapping(file: Path, before: Mapping) -> Mapping:
    """How a file is read that takes the place of another: as that one, unless it is a CSV with other columns.

    Raises InputError when those columns cannot be understood.
    """
    if before.framing != "csv":
        return before
    try:
        sample = sniff(file)
    except InputError:
        return before  # no header line: its rows go on where the others ended
    return before if sample.header == before.header else guess(sample, path=file)


def _siblings(file: Path) -> list[Path]:
    """Files that are called like this one and a bit more: ``app.log.1``, ``app.log.2.gz``."""
    return sorted(found for found in file.parent.glob(glob.escape(file.name) + "?*") if found.is_file())


def expand(path: str) -> Iterable[Path]:
    """The regular files that a path, directory or pattern names, sorted, hidden ones left out."""
    place = Path(path).expanduser()
    if glob.has_magic(path) and not place.exists():
        found = [Path(name) for name in glob.glob(str(place), recursive=True)]  # noqa: PTH207 - an absolute pattern
    elif place.is_dir():
        found = list(place.iterdir())
    else:
        found = [place]
    return sorted(file.absolute() for file in found if file.is_file() and not file.name.startswith("."))

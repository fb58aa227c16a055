"""Is the journal as it was written? Its chain from the first line to the last, and its checkpoints.

Always true here: nothing is written; the first place that is not right rises as a JournalError which names the file and
the line, what was expected and what stands there; how many events no checkpoint vouches for yet is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from opsconsole.errors import JournalError
from opsconsole.journal.checkpoints import Signed, read_checkpoints
from opsconsole.journal.keys import Keyring
from opsconsole.journal.lines import settled
from opsconsole.journal.walk import GENESIS, Place, event_in, month_files

_COMPARE = "Compare with a backup; `docs/security.md` says what the chain and the checkpoints prove."


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """A journal that is whole."""

    events: int
    first_at: str
    last_at: str
    head: str
    """SHA-256 of the newest event's line."""
    checkpoints: int
    """Whose signatures are right."""
    signed_events: int
    """Events that the newest checkpoint vouches for; those after it have the chain alone."""
    signed_at: str
    fingerprints: tuple[str, ...]
    """Of the keys that signed."""


def examine(directory: Path, checkpoints: Path, keys: Keyring | None) -> Examined:
    """Check a journal's directory against a file of checkpoints, with the public keys that are trusted.

    ``keys`` None checks the chain alone, which is right only where no key was ever made. Raises JournalError.
    """
    signed = read_checkpoints(checkpoints, keys) if keys and checkpoints.exists() else []
    vouched = {each.checkpoint.seq: each.checkpoint.hash for each in signed}
    digests: dict[int, tuple[Place | None, str]] = {0: (None, GENESIS)}
    first = last = None
    for place, digest in _chain(directory, vouched):
        first, last = first or place, place
        if place.event.seq in vouched:
            digests[place.event.seq] = place, digest
    _compare(signed, digests, last)
    if keys and not signed:
        raise JournalError(f"{checkpoints}: expected a checkpoint by {' or '.join(keys.fingerprints)}", _COMPARE)
    newest = signed[-1].checkpoint if signed else None
    return Examined(
        events=last.event.seq if last else 0,
        first_at=first.event.at if first else "",
        last_at=last.event.at if last else "",
        head=last.digest if last else GENESIS,
        checkpoints=len(signed),
        signed_events=newest.seq if newest else 0,
        signed_at=newest.at if newest else "",
        fingerprints=tuple(dict.fromkeys(each.checkpoint.key for each in signed)),
    )


def verify(directory: Path) -> int:
    """Walk the chain alone; the number of events that it holds.

    Raises JournalError that names the file and the line where the chain is broken.
    """
    return sum(1 for _ in _chain(directory, {}))


def chained(
    places: Iterator[Place], previous: str, seq: int, vouched: Mapping[int, str]
) -> Iterator[tuple[Place, str]]:
    """Each place with the SHA-256 of its line, as long as each follows the one before it.

    ``previous`` and ``seq`` are of the line before the first; ``vouched`` are digests that are known to be right.
    Raises JournalError at the first that does not follow.
    """
    before: Place | None = None
    place = next(places, None)
    while place is not None:
        after = next(places, None)
        event = place.event
        if event.seq != seq + 1 or event.previous != previous:
            raise _broken(place, before, after, seq + 1, previous, vouched)
        before, previous, seq = place, place.digest, event.seq
        yield place, previous
        place = after


def _chain(directory: Path, vouched: Mapping[int, str]) -> Iterator[tuple[Place, str]]:
    return chained(_every_line(month_files(directory)), GENESIS, 0, vouched)


def _every_line(files: list[Path]) -> Iterator[Place]:
    for file in files:
        *lines, rest = settled(file).split(b"\n")
        for number, line in enumerate(lines, 1):
            yield Place(file, number, line, event_in(line, file, number))
        if rest:
            raise JournalError(
                f"{file}, line {len(lines) + 1}: not finished ({len(rest)} bytes without a line end)",
                "Where a daemon died in the middle of a line, the next one mends this and records it.",
            )


def _broken(
    place: Place, before: Place | None, after: Place | None, seq: int, previous: str, vouched: Mapping[int, str]
) -> JournalError:
    """Which line is not as it was, as far as its neighbours tell."""
    event = place.event
    if event.seq != seq and event.previous != previous:
        return JournalError(
            f"{place}: expected event {seq}, found event {event.seq}: lines were removed, added or reordered", _COMPARE
        )
    if event.seq != seq:
        return JournalError(
            f"{place}: changed after it was written (expected event {seq}, found {event.seq})", _COMPARE
        )
    before_is = _is_as_it_was(before, vouched, None)
    this_is = _is_as_it_was(place, vouched, after)
    if before is None or before_is is True or (this_is is False and before_is is None):
        return JournalError(
            f"{place}: changed after it was written (expected to follow {previous}, follows {event.previous})", _COMPARE
        )
    if before_is is False or this_is is True:
        return JournalError(
            f"{before}: changed after it was written (expected SHA-256 {event.previous}, found {previous})", _COMPARE
        )
    return JournalError(
        f"{before}: its SHA-256 is {previous}, and {place} follows {event.previous}: one of the two was changed after "
        "it was written",
        _COMPARE,
    )


def _is_as_it_was(place: Place | None, vouched: Mapping[int, str], after: Place | None) -> bool | None:
    """As a checkpoint says, else as the line after it says; None where neither does."""
    if place is None:
        return None
    if place.event.seq in vouched:
        return vouched[place.event.seq] == place.digest
    return after.event.previous == place.digest if after else None


def _compare(signed: list[Signed], digests: Mapping[int, tuple[Place | None, str]], last: Place | None) -> None:
    """Does every checkpoint vouch for the event that stands there?"""
    good = 0
    for each in signed:
        checkpoint = each.checkpoint
        found = digests.get(checkpoint.seq)
        if found is None:
            end = f"ends with event {last.event.seq} ({last})" if last else "is empty"
            raise JournalError(
                f"{each}: signed at {checkpoint.at} for event {checkpoint.seq}, and the journal {end}: "
                "its end was cut off",
                _COMPARE,
            )
        place, digest = found
        if digest != checkpoint.hash:
            raise JournalError(
                f"{place}: event {checkpoint.seq} is not the one that was signed at {checkpoint.at} ({each}; expected "
                f"SHA-256 {checkpoint.hash}, found {digest}): something after event {good} was written anew",
                _COMPARE,
            )
        good = checkpoint.seq

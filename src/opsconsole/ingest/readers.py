"""The bytes of a log, decompressed: plain files, gzip and Zstandard behind one door.

Always true here: offsets count bytes of the *decompressed* stream; the kind of a file is told by its first bytes and
never by its name; an open file stays open when it is renamed; a damaged or unfinished archive gives what it holds and
says so in ``truncated``. Nothing here knows what a line is.
"""

from __future__ import annotations

import os
import stat
import zlib
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

import zstandard

from opsconsole.errors import InputError

Compression = Literal["", "gz", "zst"]

MAGIC: tuple[tuple[bytes, Compression], ...] = (
    (b"\x1f\x8b", "gz"),
    (b"\x28\xb5\x2f\xfd", "zst"),
    *((bytes([low]) + b"\x2a\x4d\x18", "zst") for low in range(0x50, 0x60)),  # a skippable frame
)
FEED_BYTES: dict[Compression, int] = {"gz": 65_536, "zst": 2_048}
"""Compressed bytes handed to a decoder at once: what bounds the memory that a decompression bomb can take (64 MiB)."""
SKIP_BYTES = 1 << 20
"""Read at once while moving forward to an offset."""


class Decoder(Protocol):
    """One gzip member or one Zstandard frame."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def compression_of(first_bytes: bytes) -> Compression:
    """What a file is, by its first bytes."""
    return next((kind for magic, kind in MAGIC if first_bytes.startswith(magic)), "")


def _decoder(kind: Compression) -> Decoder:
    return zlib.decompressobj(31) if kind == "gz" else zstandard.ZstdDecompressor().decompressobj()


@dataclass
class _Unpacker:
    """Decompresses a file from its start on, one member or frame after the other."""

    descriptor: int
    kind: Compression
    position: int = 0
    """Of the next compressed byte to read."""
    decoder: Decoder | None = None
    """None between two members."""
    pending: bytes = b""
    """Compressed bytes that were read and not yet decoded: the beginning of the next member."""
    unpacked: bytes = b""
    """Decompressed bytes that nobody has taken yet."""
    damaged: bool = False

    def read(self, max_bytes: int) -> bytes:
        parts: list[bytes] = []
        wanted = max_bytes
        while wanted > 0 and (self.unpacked or self._advance()):
            parts.append(self.unpacked[:wanted])
            self.unpacked = self.unpacked[wanted:]
            wanted -= len(parts[-1])
        return b"".join(parts)

    @property
    def is_unfinished(self) -> bool:
        """Damaged, or in the middle of a member."""
        return self.damaged or self.decoder is not None

    def _advance(self) -> bool:
        """Decode until something comes out; False at the end of what there is."""
        while not self.unpacked and not self.damaged:
            data = self.pending or os.pread(self.descriptor, FEED_BYTES[self.kind], self.position)
            if not self.pending:
                self.position += len(data)
            self.pending = b""
            if self.decoder is None:
                data = data.lstrip(b"\0")  # archives are padded with zeros between and after members
            if data:
                self._decode(data)
            elif self.position >= os.fstat(self.descriptor).st_size:
                return False
        return bool(self.unpacked)

    def _decode(self, data: bytes) -> None:
        if self.decoder is None:
            self.decoder = _decoder(self.kind)
        try:
            self.unpacked = self.decoder.decompress(data)
        except (zlib.error, zstandard.ZstdError):
            self.damaged = True
            return
        if self.decoder.eof:
            self.pending = self.decoder.unused_data
            self.decoder = None


class Reader:
    """An open log: read it on from ``offset``, move to an offset, look at its head without moving."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.compression = compression_of(os.pread(descriptor, 8, 0))
        self._descriptor = descriptor
        self._offset = 0
        self._unpacker = self._new_unpacker()

    def _new_unpacker(self) -> _Unpacker | None:
        return _Unpacker(self._descriptor, self.compression) if self.compression else None

    @property
    def offset(self) -> int:
        """Of the next byte that ``read`` gives."""
        return self._offset

    @property
    def raw_bytes_read(self) -> int:
        """Bytes of the file itself that are behind us: with ``size_on_disk`` this is the progress."""
        return self._unpacker.position if self._unpacker else min(self._offset, self.size_on_disk())

    @property
    def at_end(self) -> bool:
        """Has everything that the file holds now been read?"""
        if self._unpacker is None:
            return self._offset >= self.size_on_disk()
        nothing_left = not self._unpacker.unpacked and not self._unpacker.pending
        return nothing_left and (self._unpacker.damaged or self._unpacker.position >= self.size_on_disk())

    @property
    def truncated(self) -> bool:
        """Did an archive end, or break, in the middle? Known once everything was read."""
        return self._unpacker is not None and self.at_end and self._unpacker.is_unfinished

    def size_on_disk(self) -> int:
        """Bytes of the file now; of the open file, whatever its name is by now."""
        return os.fstat(self._descriptor).st_size

    def size(self) -> int:
        """Bytes of the decompressed stream; of an archive 0 until its end was reached."""
        if self._unpacker is None:
            return self.size_on_disk()
        return self._offset if self.at_end else 0

    def read(self, max_bytes: int) -> bytes:
        """The next bytes, at most ``max_bytes``; empty where there is nothing more for now."""
        if self._unpacker is None:
            data = os.pread(self._descriptor, max_bytes, self._offset)
        else:
            data = self._unpacker.read(max_bytes)
        self._offset += len(data)
        return data

    def seek(self, offset: int) -> int:
        """Go to a decompressed offset; an archive is read up to it, at most to its end. Returns where we are."""
        if self._unpacker is None:
            self._offset = offset
            return offset
        if offset < self._offset:
            self._unpacker, self._offset = self._new_unpacker(), 0
        while self._offset < offset and self.read(min(SKIP_BYTES, offset - self._offset)):
            pass
        return self._offset

    def head(self, length: int) -> bytes:
        """The first bytes of the decompressed stream, without moving."""
        if self.compression:
            return _Unpacker(self._descriptor, self.compression).read(length)
        return os.pread(self._descriptor, length, 0)

    def status(self) -> os.stat_result:
        """Of the open file: device, inode, size, time of change."""
        return os.fstat(self._descriptor)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Reader({str(self.path)!r}, compression={self.compression!r}, offset={self._offset})"


def open_source(path: str | os.PathLike[str]) -> Reader:
    """Open a log for reading.

    Raises:
        InputError: there is no such file, it may not be read, or it is no regular file.
    """
    place = Path(path)
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise InputError(
            f"{place} does not exist", "Check the path; a pattern must be quoted or match a file."
        ) from None
    except OSError as error:
        raise InputError(f"{place} cannot be opened: {error.strerror}", "Check who may read it.") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError(
            f"{place} is no regular file", "Name a file; a directory or a pattern is expanded before this."
        )
    return Reader(place, descriptor)

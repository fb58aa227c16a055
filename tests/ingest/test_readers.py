"""A log's bytes, whatever it is packed in."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from opsconsole.errors import InputError
from opsconsole.ingest.readers import open_source

TEXT = b"".join(b'{"n": %d}\n' % n for n in range(20_000))

Pack = Callable[[bytes], bytes]
PACKS: dict[str, Pack] = {"plain": bytes, "gz": gzip.compress, "zst": zstandard.ZstdCompressor().compress}


def written(directory: Path, data: bytes, name: str = "log") -> Path:
    path = directory / name
    path.write_bytes(data)
    return path


def read_all(path: Path, step: int = 10_000) -> tuple[bytes, bool]:
    with open_source(path) as reader:
        parts = []
        while part := reader.read(step):
            assert len(part) <= step
            parts.append(part)
        assert reader.at_end
        assert reader.size() == reader.offset == sum(map(len, parts))
        assert reader.raw_bytes_read == reader.size_on_disk() or reader.truncated
        return b"".join(parts), reader.truncated


@pytest.mark.parametrize("pack", PACKS)
def test_every_packing_gives_the_same_bytes(tmp_path: Path, pack: str) -> None:
    assert read_all(written(tmp_path, PACKS[pack](TEXT))) == (TEXT, False)


@pytest.mark.parametrize("pack", ["gz", "zst"])
def test_members_one_after_the_other_are_one_stream(tmp_path: Path, pack: str) -> None:
    data = PACKS[pack](TEXT) + PACKS[pack](b"more\n") + PACKS[pack](TEXT)
    assert read_all(written(tmp_path, data)) == (TEXT + b"more\n" + TEXT, False)


@pytest.mark.parametrize("pack", ["gz", "zst"])
def test_zeros_behind_an_archive_are_padding(tmp_path: Path, pack: str) -> None:
    assert read_all(written(tmp_path, PACKS[pack](TEXT) + bytes(5_000))) == (TEXT, False)


@pytest.mark.parametrize("pack", ["gz", "zst"])
@settings(max_examples=40, deadline=None)
@given(share=st.floats(0.0, 1.0))
def test_a_truncated_archive_gives_what_it_holds(
    tmp_path_factory: pytest.TempPathFactory, pack: str, share: float
) -> None:
    whole = PACKS[pack](TEXT)
    kept = 8 + int(share * (len(whole) - 9))
    data, truncated = read_all(written(tmp_path_factory.mktemp("cut"), whole[:kept]))
    assert truncated
    assert TEXT.startswith(data)


@pytest.mark.parametrize("pack", ["gz", "zst"])
def test_a_damaged_archive_is_no_traceback(tmp_path: Path, pack: str) -> None:
    whole = PACKS[pack](os.urandom(50_000))
    broken = whole[:20_000] + b"\xff" * 2_000 + whole[22_000:]
    _, truncated = read_all(written(tmp_path, broken + b"garbage behind"))
    assert truncated


def test_the_first_bytes_tell_the_packing_not_the_name(tmp_path: Path) -> None:
    assert read_all(written(tmp_path, TEXT, "log.gz")) == (TEXT, False)
    assert read_all(written(tmp_path, gzip.compress(TEXT), "log.jsonl")) == (TEXT, False)


@pytest.mark.parametrize("pack", PACKS)
@settings(max_examples=25, deadline=None)
@given(offsets=st.lists(st.integers(0, len(TEXT)), min_size=1, max_size=4))
def test_reading_goes_on_at_any_offset(tmp_path_factory: pytest.TempPathFactory, pack: str, offsets: list[int]) -> None:
    path = written(tmp_path_factory.mktemp("seek"), PACKS[pack](TEXT))
    with open_source(path) as reader:
        for offset in offsets:
            assert reader.seek(offset) == offset
            assert reader.read(100) == TEXT[offset : offset + 100]


def test_the_head_is_read_without_moving(tmp_path: Path) -> None:
    for pack in PACKS.values():
        with open_source(written(tmp_path, pack(TEXT))) as reader:
            reader.seek(5_000)
            assert reader.head(64) == TEXT[:64]
            assert reader.read(10) == TEXT[5_000:5_010]


def test_a_renamed_file_is_read_on(tmp_path: Path) -> None:
    path = written(tmp_path, b"one\n")
    with open_source(path) as reader:
        reader.read(100)
        moved = path.rename(tmp_path / "log.1")
        with moved.open("ab") as log:
            log.write(b"two\n")
        assert not reader.at_end
        assert reader.size() == 8
        assert reader.read(100) == b"two\n"


def test_an_archive_that_grows_is_read_on(tmp_path: Path) -> None:
    whole = gzip.compress(TEXT)
    path = written(tmp_path, whole[:1_000])
    with open_source(path) as reader:
        first = reader.read(len(TEXT))
        assert reader.truncated
        with path.open("ab") as log:
            log.write(whole[1_000:])
        assert first + reader.read(len(TEXT)) == TEXT
        assert not reader.truncated


def test_what_is_no_file_is_refused_with_a_remedy(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "missing", tmp_path, tmp_path / "pipe"):
        with pytest.raises(InputError) as refused:
            open_source(path)
        assert str(path) in refused.value.message
        assert refused.value.remedy

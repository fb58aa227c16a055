"""A log is known by what it is, not by its name."""

from __future__ import annotations

import gzip
from pathlib import Path

import zstandard

from opsconsole.ingest.identity import identify, same_content
from opsconsole.ingest.readers import open_source

TEXT = b"".join(b'{"n": %d}\n' % n for n in range(2_000))


def test_growing_and_renaming_keep_an_identity(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(TEXT[:100])
    known = identify(path)
    with path.open("ab") as log:
        log.write(TEXT[100:])
    moved = path.rename(tmp_path / "log.1")
    assert same_content(known, moved)
    now = identify(moved)
    assert (now.device, now.inode) == (known.device, known.inode)


def test_a_rotated_archive_begins_like_its_log(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(TEXT)
    known = identify(path)
    assert known.head_length == 4_096
    for name, data in {"log.gz": gzip.compress(TEXT), "log.zst": zstandard.ZstdCompressor().compress(TEXT)}.items():
        (tmp_path / name).write_bytes(data)
        assert same_content(known, tmp_path / name)
        assert identify(tmp_path / name).head_sha256 == known.head_sha256


def test_a_log_that_was_written_anew_is_another(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(TEXT)
    known = identify(path)
    with open_source(path) as reader:
        reader.read(500)
        path.write_bytes(b"x" + TEXT[1:])
        assert not same_content(known, reader)
        path.write_bytes(TEXT[:50])
        assert not same_content(known, reader)
        assert reader.offset == 500


def test_a_log_that_was_empty_may_become_anything(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.touch()
    known = identify(path)
    assert known.head_length == 0
    path.write_bytes(TEXT)
    assert same_content(known, path)

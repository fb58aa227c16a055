"""The committed sample is what the generator writes today, and small."""

from __future__ import annotations

from pathlib import Path

import pytest

from opsconsole.demo import launch
from opsconsole.demo.sample import write_sample
from opsconsole.errors import UsageError

COMMITTED = Path(__file__).resolve().parents[2] / "sample_data"
SEED = 7


def contents(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_committed_sample_is_current(tmp_path: Path) -> None:
    write_sample(tmp_path, SEED)
    assert contents(tmp_path) == contents(COMMITTED), "run `make sample` and commit what changed"


def test_sample_is_small_and_shows_the_canary(tmp_path: Path) -> None:
    write_sample(tmp_path, SEED)
    files = contents(tmp_path)
    assert sum(map(len, files.values())) <= 300_000
    assert files["logs/chat-assist.jsonl"].count(b'"version":"v42"') >= 50


def test_sample_can_be_written_from_a_thin_client_twice(tmp_path: Path) -> None:
    launch.write_sample(tmp_path / "sample", seed=SEED)
    launch.write_sample(tmp_path / "sample", seed=SEED)
    assert contents(tmp_path / "sample") == contents(COMMITTED)


def test_sample_replaces_no_stranger_s_files(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match=r"thesis\.tex"):
        launch.write_sample(tmp_path, seed=SEED)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"

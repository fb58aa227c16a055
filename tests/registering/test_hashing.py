"""Digests are what a shell counts, of a file and of a directory."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsconsole.errors import InputError
from opsconsole.provenance.fetching import checks
from opsconsole.registering.hashing import digest_of
from opsconsole.registering.references import part_of


def passes(command: str, directory: Path) -> bool:
    return subprocess.run(["bash", "-c", command], cwd=directory, capture_output=True, check=False).returncode == 0


def check_of(path: Path) -> str:
    (command,) = checks(part_of("model", str(path)), path.name)
    return command


def test_a_files_digest_is_that_of_its_bytes(tmp_path: Path) -> None:
    file = tmp_path / "m.bin"
    file.write_bytes(b"x" * 3_000_000)
    summed = subprocess.run(["sha256sum", str(file)], capture_output=True, text=True, check=True).stdout.split()[0]
    assert digest_of(file) == f"sha256:{summed}"
    assert passes(check_of(file), tmp_path)


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0/\\\n\r"), min_size=1, max_size=8).filter(
    lambda name: name not in (".", "..")
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.tuples(NAMES, NAMES), st.binary(max_size=20), min_size=1, max_size=5))
def test_a_directorys_digest_is_what_the_check_counts(
    tmp_path_factory: pytest.TempPathFactory, files: dict[tuple[str, str], bytes]
) -> None:
    place = tmp_path_factory.mktemp("tree")
    for (directory, name), content in files.items():
        (place / "tree" / directory).mkdir(parents=True, exist_ok=True)
        (place / "tree" / directory / name).write_bytes(content)
    check = check_of(place / "tree")
    assert passes(check, place)
    directory, name = next(iter(files))
    (place / "tree" / directory / name).write_bytes(b"something that is longer than twenty bytes")
    assert not passes(check, place)


def test_links_are_followed_as_the_check_follows_them(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / "1").write_text("weights")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "m.bin").symlink_to(tmp_path / "blobs" / "1")
    (tmp_path / "tree" / "more").symlink_to(tmp_path / "blobs")
    assert passes(check_of(tmp_path / "tree"), tmp_path)


def test_a_directory_that_leads_back_into_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.bin").write_text("x")
    (tmp_path / "loop").symlink_to(tmp_path)
    with pytest.raises(InputError, match="leads back"):
        digest_of(tmp_path)


def test_what_has_no_digest_says_why(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no file"):
        digest_of(tmp_path)
    (tmp_path / "a\nb").write_text("x")
    with pytest.raises(InputError, match="cannot stand in a listing"):
        digest_of(tmp_path)
    with pytest.raises(InputError, match="cannot be hashed: No such file"):
        digest_of(tmp_path / "nowhere")


def test_how_far_it_is_is_told_in_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"x" * (1 << 20))
    told: list[tuple[int, int]] = []
    digest_of(tmp_path, lambda done, total: told.append((done, total)))
    assert told == [(1 << 20, 2 << 20), (2 << 20, 2 << 20)]


def test_a_command_quotes_the_directory(tmp_path: Path) -> None:
    (tmp_path / "m").write_text("x")
    (command,) = checks(part_of("model", str(tmp_path)), "it's here; touch pwned")
    assert shlex.quote("it's here; touch pwned") in command

"""One word of the command line names a part: elsewhere with its digest, or here and hashed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from manifests_made import REVISION, sha
from opsconsole import wire
from opsconsole.errors import InputError, UsageError
from opsconsole.provenance import NO_HASHES
from opsconsole.registering.combining import FLAGS, Contribution, combine
from opsconsole.registering.references import part_of


@pytest.mark.parametrize(
    ("kind", "word", "uri", "digest", "name"),
    [
        ("model", f"s3://b/m.bin@{sha('a')}", "s3://b/m.bin", sha("a"), ""),
        ("model", f"chat=s3://b/m.bin@{sha('a')}", "s3://b/m.bin", sha("a"), "chat"),
        ("data", "https://h/t.csv?part=1", "https://h/t.csv?part=1", "", ""),
        ("model", "models:/chat@champion", "models:/chat@champion", "", ""),
        ("data", "train=s3://b/t", "s3://b/t", "", "train"),
        ("code", f"git@host:org/r.git@{REVISION}", f"git@host:org/r.git@{REVISION}", REVISION, ""),
        ("code", "https://host/r.git@main", "https://host/r.git@main", "", ""),
        ("image", f"host:5000/chat@{sha('a')}", f"host:5000/chat@{sha('a')}", sha("a"), ""),
        ("image", "host:5000/chat:v42", "host:5000/chat:v42", "", ""),
    ],
)
def test_what_is_elsewhere_is_taken_as_it_is_named(
    kind: wire.PartKind, word: str, uri: str, digest: str, name: str
) -> None:
    found = part_of(kind, word)
    if kind == "image" and digest:
        assert found.digest == digest
        assert found.uri == uri
    else:
        assert (found.uri, found.digest, found.name) == (uri, digest, name)


def test_what_is_here_is_hashed_and_named_by_its_file(tmp_path: Path) -> None:
    file = tmp_path / "a=b.bin"
    file.write_text("weights")
    found = part_of("model", str(file))
    assert (found.uri, found.name) == (str(file.resolve()), "a=b.bin")
    assert found.digest == f"sha256:{hashlib.sha256(b'weights').hexdigest()}"
    assert part_of("model", f"chat={file}").name == "chat"


def test_a_digest_that_is_given_is_held_against_what_is_here(tmp_path: Path) -> None:
    file = tmp_path / "m.bin"
    file.write_text("weights")
    assert part_of("model", f"{file}@{part_of('model', str(file)).digest}").name == "m.bin"
    with pytest.raises(InputError, match="is not what its digest says"):
        part_of("model", f"{file}@{sha('a')}")


def test_what_is_nowhere_is_told_with_a_way_out() -> None:
    with pytest.raises(UsageError, match="is no file here") as caught:
        part_of("model", "nowhere.bin")
    assert "s3://" in caught.value.remedy


def test_a_lock_without_hashes_carries_its_caveat(tmp_path: Path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("httpx==0.28.1\n")
    assert part_of("lock", str(file)).caveat == NO_HASHES


def flag(kind: wire.PartKind, uri: str) -> Contribution:
    return Contribution(FLAGS, (wire.Part(kind=kind, uri=uri),))


def test_what_comes_later_takes_the_place_of_what_came_before_kind_by_kind() -> None:
    file = Contribution(
        "v.yaml", (wire.Part(kind="model", uri="s3://a"), wire.Part(kind="lock", uri="s3://l")), "chat", "v1"
    )
    found = combine([file, flag("model", "s3://b")], "", "", "by hand")
    assert [part.uri for part in found.parts] == ["s3://b", "s3://l"]
    assert (found.service, found.version, found.note, found.origin) == ("chat", "v1", "by hand", "v.yaml, flags")
    assert [part.uri for part in combine([flag("model", "s3://b"), file], "", "", "").parts] == ["s3://a", "s3://l"]
    assert combine([flag("model", "s3://b"), file], "", "v2", "").version == "v2"


def test_options_of_one_kind_stand_beside_each_other() -> None:
    found = combine([flag("data", "s3://a"), flag("model", "s3://m"), flag("data", "s3://b")], "chat", "v1", "")
    assert [part.uri for part in found.parts] == ["s3://m", "s3://a", "s3://b"]


def test_a_version_without_a_name_or_a_part_is_told_what_is_missing() -> None:
    with pytest.raises(UsageError, match="a service and a version are needed"):
        combine([flag("model", "s3://m")], "chat", "", "")
    with pytest.raises(UsageError, match="nothing is said of chat v1"):
        combine([], "chat", "v1", "")

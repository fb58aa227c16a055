"""A version written down is understood entirely, or refused with the line and the nearest key."""

from __future__ import annotations

from pathlib import Path

import pytest

from manifests_made import sha
from opsconsole.errors import ConfigError, InputError
from opsconsole.registering.yamlfile import read

GOOD = """\
service: chat-assist
version: v42
note: longer context
parts:
  - {kind: model, name: harbor-chat-2.1, uri: weights/m.bin}
  - kind: data
    uri: s3://sets/train
    digest: sha256:%s
    obtain: [make data]
""" % ("a" * 64)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "m.bin").write_text("weights")
    return tmp_path / "version.yaml"


def test_parts_beside_the_file_are_hashed_and_others_taken_as_they_are(file: Path) -> None:
    file.write_text(GOOD)
    found = read(file)
    assert (found.service, found.version, found.note, found.origin) == (
        "chat-assist", "v42", "longer context", "version.yaml",
    )  # fmt: skip
    model, data = found.parts
    assert (model.name, model.uri) == ("harbor-chat-2.1", str((file.parent / "weights/m.bin").resolve()))
    assert model.digest.startswith("sha256:")
    assert (data.digest, data.obtain) == (sha("a"), ("make data",))


@pytest.mark.parametrize(
    ("text", "line", "remedy"),
    [
        (GOOD.replace("kind: model", "kind: modle"), 5, "Did you mean `model`?"),
        (GOOD.replace("digest:", "digst:"), 8, "Did you mean `digest`?"),
        (GOOD.replace("kind: data", "name: data"), 6, "Add `kind: …`"),
        (GOOD.replace("parts:", "part:"), 4, "Did you mean `parts`?"),
        (GOOD.replace("[make data]", "make data"), 9, "one entry a line"),
        ("parts: [", 1, "Mend the YAML"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_the_nearest_key(text: str, line: int, remedy: str, file: Path) -> None:
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read(file)
    assert f"{file}:{line}: " in caught.value.message
    assert remedy in caught.value.remedy


def test_a_file_without_parts_or_that_is_not_there_is_told(file: Path) -> None:
    file.write_text("service: chat-assist\n")
    with pytest.raises(ConfigError, match="names no parts"):
        read(file)
    with pytest.raises(ConfigError, match="No such file"):
        read(file.with_name("nowhere.yaml"))


def test_a_digest_that_is_not_that_of_the_file_is_refused(file: Path) -> None:
    file.write_text(GOOD.replace("uri: weights/m.bin", f"uri: weights/m.bin, digest: '{sha('b')}'"))
    with pytest.raises(InputError, match="is not what its digest says"):
        read(file)

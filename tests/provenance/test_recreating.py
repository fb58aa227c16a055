"""A version is made again by exact commands, into which no text of a manifest can break out."""

from __future__ import annotations

import hashlib
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from manifests_made import PARTS, REVISION, WHOLE, manifest, manifests, part, sha
from opsconsole import wire
from opsconsole.commands.version_page import script
from opsconsole.provenance import NO_HASHES, reproduce

REPOSITORY = "https://host/org/chat.git"


def commands(*parts: wire.Part) -> list[str]:
    return [line for step in reproduce(manifest(*parts)).steps for line in step.commands]


def open_kinds(*parts: wire.Part) -> list[str]:
    return [gap.kind for gap in reproduce(manifest(*parts)).gaps if gap.is_blocking]


def test_version_with_its_four_parts_fixed_can_be_made_again() -> None:
    assert reproduce(manifest(*WHOLE)).is_reproducible


@pytest.mark.parametrize("missing", range(4))
def test_without_one_of_the_four_it_cannot_and_the_remedy_is_told(missing: int) -> None:
    kept = tuple(each for i, each in enumerate(WHOLE) if i != missing)
    found = reproduce(manifest(*kept))
    assert not found.is_reproducible
    (gap,) = (gap for gap in found.gaps if gap.is_blocking)
    assert (gap.kind, gap.what) == (WHOLE[missing].kind, "is not registered")
    assert f"--{gap.kind}" in gap.remedy


@pytest.mark.parametrize(
    "moving",
    [
        part("model", "models:/chat@champion"), part("data", "s3://b/latest"), part("image", "chat:latest"),
        part("code", f"{REPOSITORY}@main"), part("code", f"{REPOSITORY}@{REVISION}-dirty"),
        part("lock", digest=sha("e"), caveat=NO_HASHES),
    ],
    ids=lambda each: each.uri,
)  # fmt: skip
def test_nothing_that_is_named_may_be_left_open(moving: wire.Part) -> None:
    others = tuple(each for each in WHOLE if each.kind != moving.kind)
    assert open_kinds(*others, moving) == [moving.kind]


def test_an_evaluation_without_a_digest_leaves_the_version_as_it_is() -> None:
    found = reproduce(manifest(*WHOLE, part("evaluation", "https://reports/1")))
    assert found.is_reproducible
    assert [gap.kind for gap in found.gaps] == ["code", "evaluation"]


def test_code_is_checked_out_first_and_holds_what_lies_in_it() -> None:
    lines = commands(
        part("config", f"git+{REPOSITORY}@{REVISION}#params.yaml", sha("c")),
        part("lock", f"git+{REPOSITORY}@{REVISION}#uv.lock", sha("d")),
        part("code", f"{REPOSITORY}@{REVISION}", REVISION),
    )
    assert lines == [
        "mkdir chat-assist-v42",
        "cd chat-assist-v42",
        f"git clone -- {REPOSITORY} code",
        f"git -C code checkout --detach {REVISION} --",
        f'test "$(git -C code rev-parse HEAD)" = {REVISION}',
        f"printf '%s  %s\\n' {'d' * 64} code/uv.lock | sha256sum --check -",
        "uv sync --frozen --project=code",
        f"printf '%s  %s\\n' {'c' * 64} code/params.yaml | sha256sum --check -",
    ]


@pytest.mark.parametrize(
    ("given_part", "command"),
    [
        (part("data", f"dvc+{REPOSITORY}@{REVISION}#data/train", "md5:" + "a" * 32 + ".dir"),
         f"dvc get --rev={REVISION} --out=data/train -- {REPOSITORY} data/train"),
        (part("model", "models:/chat/3"), "mlflow artifacts download --artifact-uri=models:/chat/3 --dst-path=model"),
        (part("model", f"hf://org/chat@{REVISION}"), f"hf download org/chat --revision={REVISION} --local-dir=model"),
        (part("data", f"hf://datasets/org/set@{REVISION}"),
         f"hf download org/set --repo-type=dataset --revision={REVISION} --local-dir=data"),
        (part("model", "s3://b/m.bin", sha("a")), "aws s3 cp s3://b/m.bin model/m.bin"),
        (part("model", "s3://b/m", "sha256tree:" + "a" * 64), "aws s3 cp --recursive s3://b/m model/m"),
        (part("data", "gs://b/t.csv", sha("a")), "gcloud storage cp gs://b/t.csv data/t.csv"),
        (part("model", "https://h/m.bin?x=1", sha("a")),
         "curl --fail --silent --show-error --location --globoff --create-dirs --output model/m.bin 'https://h/m.bin?x=1'"),
        (part("image", f"r.example.org/chat@{sha('a')}"), f"docker pull r.example.org/chat@{sha('a')}"),
        (part("image", "r.example.org:5000/chat:v42", sha("a")), f"docker pull r.example.org:5000/chat@{sha('a')}"),
        (part("config", f"git+{REPOSITORY}@{REVISION}#a.yaml"),
         f"git --literal-pathspecs -C config checkout {REVISION} -- a.yaml"),
        (part("lock", "https://h/requirements.txt", sha("a")),
         "environment/bin/python -m pip install --require-hashes --requirement=lock/requirements.txt"),
        (part("lock", "https://h/requirements.txt", sha("a"), caveat=NO_HASHES),
         "environment/bin/python -m pip install --requirement=lock/requirements.txt"),
        (part("lock", "https://h/package-lock.json", sha("a")), "npm ci --prefix=lock"),
        (part("lock", "https://h/environment.yml", sha("a")),
         "conda env create --prefix=./environment --file=lock/environment.yml"),
        (part("data", digest="md5:" + "a" * 32), f"printf '%s  %s\\n' {'a' * 32} data/data.bin | md5sum --check -"),
    ],
    ids=lambda each: each.uri if isinstance(each, wire.Part) else None,
)  # fmt: skip
def test_each_place_has_its_command(given_part: wire.Part, command: str) -> None:
    assert command in commands(given_part)


@pytest.mark.parametrize(
    "uri",
    ["git+ext::sh -c 'touch pwned'@main#x", "git+https://h/r@--upload-pack=evil#x", "git+--upload-pack=evil@main#x",
     "ftp://h/x", "hf://o/m@-x", "dvc+ext::sh@main#x"],
)  # fmt: skip
def test_a_place_that_no_rule_knows_gives_no_command_and_a_gap(uri: str) -> None:
    found = reproduce(manifest(part("model", uri, sha("a"))))
    assert [step.kind for step in found.steps] == [""]
    assert any("no command is known for" in gap.what and "obtain" in gap.remedy for gap in found.gaps)


def test_commands_that_somebody_registered_are_told_apart() -> None:
    found = reproduce(manifest(*WHOLE, part("card", "wiki", obtain=("wget wiki",))))
    assert [(step.kind, step.by) for step in found.steps if step.by == "registered"] == [("card", "registered")]
    assert "read them before you run them.\nwget wiki\n" in script(found)


def test_several_parts_of_a_kind_do_not_overwrite_each_other() -> None:
    lines = commands(part("data", "s3://a/t.csv", sha("a")), part("data", "s3://b/t.csv", sha("b")))
    assert {"aws s3 cp s3://a/t.csv data-1/t.csv", "aws s3 cp s3://b/t.csv data-2/t.csv"} <= set(lines)


def test_the_commands_fetch_and_check_what_is_here_and_stop_at_what_was_changed(tmp_path: Path) -> None:
    for name in ("model.bin", "data.csv", "c.yaml", "packages.pin"):
        (tmp_path / name).write_text(f"the {name}")
    kinds = {"model": "model.bin", "data": "data.csv", "config": "c.yaml", "lock": "packages.pin"}
    digests = {name: hashlib.sha256(f"the {name}".encode()).hexdigest() for name in kinds.values()}
    parts = [part(kind, str(tmp_path / name), f"sha256:{digests[name]}") for kind, name in kinds.items()]  # type: ignore[arg-type]
    text = script(reproduce(manifest(*parts)))
    done = subprocess.run(["bash", "-c", text], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "chat-assist-v42/model/model.bin").read_text() == "the model.bin"
    (tmp_path / "data.csv").write_text("another")
    again = tmp_path / "again"
    again.mkdir()
    done = subprocess.run(["bash", "-c", text], cwd=again, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "data/data.csv: FAILED" in done.stdout
    assert not (again / "chat-assist-v42/model").exists()


def test_a_command_that_cannot_be_shown_as_it_is_stops_the_script() -> None:
    text = script(reproduce(manifest(part("model", "s3://b/\u202egpj.exe"))))
    assert "\u202e" not in text
    assert "# not as it is, for it holds characters that a terminal might obey: aws s3 cp" in text
    assert "exit 1" in text


# Text of strangers ----------------------------------------------------------------------------------------------------

PROGRAMS = (
    "git", "curl", "aws", "gcloud", "hf", "dvc", "mlflow", "docker", "python3", "uv", "npm", "conda", "conda-lock",
    "poetry", "pdm", "cp", "mkdir", "env", "sha256sum", "md5sum", "sort", "xargs", "find",
)  # fmt: skip


@given(PARTS)
def test_every_derived_command_is_made_of_whole_words(given_part: wire.Part) -> None:
    for line in commands(given_part):
        words = shlex.split(line)
        assert words[0] in {*PROGRAMS, "test", "printf", "cd", "environment/bin/python"}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(manifests(PARTS, most=4))
def test_a_shell_runs_nothing_but_the_programs_that_are_meant(
    tmp_path_factory: pytest.TempPathFactory, given_manifest: wire.Manifest
) -> None:
    """The commands are run, all programs being stand-ins that do nothing: whatever else happened leaves a trace."""
    room = tmp_path_factory.mktemp("shell")
    programs, place = room / "bin", room / "place"
    programs.mkdir()
    place.mkdir()
    for name in PROGRAMS:
        stub = programs / name
        stub.write_text("#!/bin/bash\nexit 0\n")
        stub.chmod(0o700)
    lines = [line for step in reproduce(given_manifest).steps for line in step.commands]
    text = "\n".join(["test() { true; }", "cd() { true; }", "set -u", *lines])
    done = subprocess.run(
        ["/bin/bash", "-c", text],
        cwd=place,
        env={"PATH": str(programs), "HOME": str(place)},
        capture_output=True,
        text=True,
        check=False,
    )
    trouble = [line for line in done.stderr.splitlines() if "environment/bin/python" not in line]
    assert trouble == [], text
    assert list(place.iterdir()) == []

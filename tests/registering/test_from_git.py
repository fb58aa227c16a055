"""A version is read from a real checkout: commit, locks, and what DVC and GTO wrote into it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from opsconsole import wire
from opsconsole.errors import InputError
from opsconsole.provenance import compare, reproduce
from opsconsole.registering import repository
from opsconsole.registering.combining import Contribution, combine
from opsconsole.registering.git import NO_REMOTE, NOT_PUSHED, checkout, without_secrets

MD5 = "d8e8fca2dc0f896fd7cb4cb0031ba249"
DVC_LOCK = f"""\
schema: '2.0'
stages:
  prepare:
    cmd: python prepare.py
    deps:
    - {{path: data/raw, hash: md5, md5: {MD5}.dir, size: 10, nfiles: 2}}
    outs:
    - {{path: data/prepared, hash: md5, md5: 0123456789abcdef0123456789abcdef.dir, size: 9, nfiles: 1}}
  train:
    cmd: python train.py
    deps:
    - {{path: data/prepared, hash: md5, md5: 0123456789abcdef0123456789abcdef.dir}}
    params:
      params.yaml: {{train.depth: 6}}
    outs:
    - {{path: model.pkl, hash: md5, md5: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, size: 3}}
    - {{path: metrics.json, md5: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, size: 3}}
"""
DVC_YAML = """\
stages:
  prepare: {cmd: python prepare.py, deps: [data/raw], outs: [data/prepared]}
  train:
    cmd: python train.py
    deps: [data/prepared]
    params: [train.depth]
    outs: [model.pkl]
    metrics:
    - metrics.json: {cache: false}
artifacts:
  fraud: {path: model.pkl, type: model}
"""
RAW_DVC = f"outs:\n- md5: {MD5}.dir\n  size: 10\n  nfiles: 2\n  hash: md5\n  path: raw\n"
FILES = {
    "train.py": "print()\n",
    "requirements.txt": "httpx==0.28.1 --hash=sha256:aa\n",
    "environment.yml": "dependencies: [python=3.11]\n",
    "params.yaml": "train: {depth: 6}\n",
    "dvc.yaml": DVC_YAML,
    "dvc.lock": DVC_LOCK,
    "data/raw.dvc": RAW_DVC,
    "tools/requirements.txt": "ruff\n",
}

Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """Plain git in the working copy, with nobody's configuration."""
    for name, value in {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}.items():
        monkeypatch.setenv(name, value)
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Amira")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "amira@example.org")
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "origin.git")], check=True)
    subprocess.run(["git", "init", "-q", "-b", "main", str(tmp_path / "copy")], check=True)

    def run(*words: str) -> str:
        command = ["git", "-C", str(tmp_path / "copy"), *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    run("remote", "add", "origin", str(tmp_path / "origin.git"))
    return run


@pytest.fixture
def copy(git: Git, tmp_path: Path) -> Path:
    """A clean working copy, pushed."""
    directory = tmp_path / "copy"
    write(directory, FILES)
    git("add", "-A")
    git("commit", "-qm", "first")
    git("push", "-q", "origin", "main")
    return directory


def write(directory: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(content)


def by_kind(found: Contribution, kind: wire.PartKind) -> list[tuple[str, str]]:
    return [(part.uri.partition("#")[2] or part.uri, part.digest) for part in found.parts if part.kind == kind]


def test_commit_locks_configuration_data_and_model_are_found(copy: Path, git: Git, tmp_path: Path) -> None:
    found = repository.read(copy, "fraud-score", "v4")
    commit = git("rev-parse", "HEAD")
    assert by_kind(found, "code") == [(f"{tmp_path / 'origin.git'}@{commit}", commit)]
    assert [path for path, _ in by_kind(found, "lock")] == ["requirements.txt"]
    assert [path for path, _ in by_kind(found, "config")] == ["params.yaml"]
    assert by_kind(found, "data") == [("data/raw", f"md5:{MD5}.dir")]
    assert by_kind(found, "model") == [("model.pkl", f"md5:{'a' * 32}")]
    assert by_kind(found, "evaluation") == [("metrics.json", f"md5-dos2unix:{'b' * 32}")]
    assert found.left_out == ("data/prepared: made by one stage of the pipeline for another",)
    assert found.origin == "git, dvc"


def test_what_is_found_can_be_made_again_and_the_commands_that_git_answers_work(copy: Path, tmp_path: Path) -> None:
    manifest = combine([repository.read(copy, "fraud-score", "v4")], "fraud-score", "v4", "")
    found = reproduce(manifest)
    assert found.is_reproducible
    commands = [line for step in found.steps for line in step.commands]
    assert any(line.startswith("dvc get --rev=") and line.endswith("data/raw") for line in commands)
    mine = [
        line for line in commands if not line.startswith(("dvc", "environment", "python3")) and "/model" not in line
    ]
    mine = [line for line in mine if not line.startswith("mkdir -p") and "metrics" not in line]
    place = tmp_path / "place"
    place.mkdir()
    done = subprocess.run(
        ["bash", "-ec", "\n".join(mine)], cwd=place, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (place / "fraud-score-v4/code/params.yaml").read_text() == FILES["params.yaml"]


def test_changes_that_are_not_committed_are_refused_with_their_names(copy: Path) -> None:
    write(copy, {"train.py": "print(1)\n", "new.py": ""})
    with pytest.raises(InputError, match=r"not committed: train\.py, new\.py") as caught:
        repository.read(copy, "fraud-score", "v4")
    assert "--allow-dirty" in caught.value.remedy


def test_changes_that_are_allowed_stand_in_the_revision_and_leave_it_open(copy: Path, git: Git) -> None:
    write(copy, {"params.yaml": "train: {depth: 7}\n"})
    found = repository.read(copy, "fraud-score", "v4", allow_dirty=True)
    (code,) = (part for part in found.parts if part.kind == "code")
    assert code.uri.endswith(f"{git('rev-parse', 'HEAD')}-dirty")
    assert code.digest == ""
    gaps = reproduce(combine([found], "fraud-score", "v4", "")).gaps
    assert any(gap.kind == "code" and "uncommitted" in gap.what and gap.is_blocking for gap in gaps)


def test_a_file_that_was_renamed_is_told_by_its_new_name(copy: Path, git: Git) -> None:
    git("mv", "train.py", "fit.py")
    assert checkout(copy).changed == ("fit.py",)


def test_a_commit_that_nobody_else_has_leaves_it_open(copy: Path, git: Git) -> None:
    git("commit", "-q", "--allow-empty", "-m", "second")
    (code,) = (part for part in repository.read(copy, "fraud-score", "v4").parts if part.kind == "code")
    assert code.caveat == NOT_PUSHED
    git("remote", "remove", "origin")
    (code,) = (part for part in repository.read(copy, "fraud-score", "v4").parts if part.kind == "code")
    assert (code.caveat, code.uri) == (NO_REMOTE, f"{copy}@{code.digest}")


def test_gto_names_the_version_and_its_model(copy: Path, git: Git) -> None:
    git("tag", "-a", "fraud@v0.1.0", "-m", "register")
    found = repository.read(copy, "fraud-score", "")
    assert (found.version, found.note) == ("v0.1.0", "registered by the tag fraud@v0.1.0")
    git("tag", "fraud@v0.1.0!")
    assert repository.read(copy, "fraud-score", "").version == ""


def test_a_model_that_git_itself_tracks_is_found_by_its_artifact(copy: Path, git: Git) -> None:
    write(copy, {"model.txt": "tree\n", "dvc.yaml": "artifacts:\n  fraud: {path: model.txt, type: model}\n"})
    git("rm", "-q", "dvc.lock", "data/raw.dvc")
    git("add", "-A")
    git("commit", "-qm", "small model")
    git("tag", "fraud@v0.2.0")
    found = repository.read(copy, "fraud", "v0.2.0")
    assert [path for path, _ in by_kind(found, "model")] == ["model.txt"]
    assert found.origin == "git"
    assert [path for path, _ in by_kind(repository.read(copy, "fraud-score", "v4"), "model")] == ["model.txt"]


def test_a_remote_that_is_a_directory_is_named_from_the_root_on(copy: Path, git: Git, tmp_path: Path) -> None:
    git("remote", "set-url", "origin", "../origin.git")
    assert checkout(copy).remote == str(tmp_path / "origin.git")


def test_another_commit_under_the_version_is_refused(copy: Path, git: Git) -> None:
    git("tag", "fraud@v0.1.0")
    git("commit", "-q", "--allow-empty", "-m", "second")
    with pytest.raises(InputError, match=r"fraud@v0\.1\.0 is commit") as caught:
        repository.read(copy, "fraud", "v0.1.0")
    assert caught.value.remedy == "Check it out first: git checkout fraud@v0.1.0"


def test_two_commits_differ_in_what_was_changed_between_them(copy: Path, git: Git) -> None:
    before = combine([repository.read(copy, "fraud", "v1")], "fraud", "v1", "")
    write(copy, {"params.yaml": "train: {depth: 7}\n", "dvc.lock": DVC_LOCK.replace("a" * 32, "c" * 32)})
    git("commit", "-qam", "deeper")
    git("push", "-q", "origin", "main")
    after = combine([repository.read(copy, "fraud", "v2")], "fraud", "v2", "")
    words = {(each.kind, each.word) for each in compare(before, after).parts}
    assert words == {
        ("model", "changed"), ("data", "same"), ("config", "changed"), ("lock", "same"), ("code", "changed"),
        ("evaluation", "same"),
    }  # fmt: skip


def test_a_stage_that_works_in_a_directory_of_its_own_has_its_paths_there(copy: Path, git: Git) -> None:
    write(copy, {
        "pipe/dvc.yaml": "stages:\n  fit: {cmd: x, wdir: sub, outs: [m.onnx]}\n",
        "pipe/dvc.lock": f"stages:\n  fit:\n    cmd: x\n    outs:\n    - {{path: m.onnx, hash: md5, md5: {MD5}}}\n",
    })  # fmt: skip
    git("add", "-A")
    git("commit", "-qm", "pipe")
    assert ("pipe/sub/m.onnx", f"md5:{MD5}") in by_kind(repository.read(copy, "fraud", "v1"), "model")


def test_a_broken_file_of_dvc_is_named_with_its_line(copy: Path, git: Git) -> None:
    write(copy, {"dvc.lock": "schema: '2.0'\nstages: [\n"})
    git("commit", "-qam", "broken")
    with pytest.raises(InputError, match=r"dvc\.lock:3: "):
        repository.read(copy, "fraud", "v1")


def test_a_directory_without_a_repository_is_told(tmp_path: Path, git: Git) -> None:
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(InputError, match="not a git repository"):
        repository.read(tmp_path / "elsewhere", "fraud", "v1")


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://amira:secret@host/r.git", "https://host/r.git"),
        ("https://ghp_token@host/r.git", "https://host/r.git"),
        ("ssh://git@host/r.git", "ssh://git@host/r.git"),
        ("ssh://git:secret@host/r.git", "ssh://git@host/r.git"),
        ("git@host:org/r.git", "git@host:org/r.git"),
    ],
)
def test_secrets_in_an_address_are_not_told(address: str, told: str) -> None:
    assert without_secrets(address) == told

"""A registry of git tags with a bare remote: what the tests of the git target arrange and look at."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ENVIRON = {
    **os.environ,
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_AUTHOR_NAME": "ann",
    "GIT_AUTHOR_EMAIL": "ann@example.com",
    "GIT_COMMITTER_NAME": "ann",
    "GIT_COMMITTER_EMAIL": "ann@example.com",
    "LC_ALL": "C",
}


def git(where: Path, *words: str, at: int | None = None, given: str = "") -> str:
    """Run git there; ``at`` is the time of day that its commit or tag says, in Unix seconds."""
    dates = {"GIT_AUTHOR_DATE": f"{at} +0000", "GIT_COMMITTER_DATE": f"{at} +0000"} if at is not None else {}
    done = subprocess.run(
        ["git", "-C", str(where), *words], env=ENVIRON | dates, input=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"git {words}: {done.stderr}"
    return done.stdout.strip()


class TagRegistry:
    """``remote.git`` and a clone ``theirs`` in which others work."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.remote = directory / "remote.git"
        self.theirs = directory / "theirs"
        directory.mkdir(parents=True, exist_ok=True)
        git(directory, "init", "--quiet", "--bare", "--initial-branch=main", str(self.remote))
        git(directory, "clone", "--quiet", str(self.remote), str(self.theirs))
        self.clock = 1_790_000_000
        self.commits: list[str] = []

    def commit(self) -> str:
        """A commit that the remote has; its hash."""
        self.clock += 10
        git(self.theirs, "commit", "--quiet", "--allow-empty", "-m", f"model {len(self.commits)}", at=self.clock)
        git(self.theirs, "push", "--quiet", "origin", "HEAD:main")
        self.commits.append(git(self.theirs, "rev-parse", "HEAD"))
        return self.commits[-1]

    def tag(self, name: str, commit: str, *, is_pushed: bool = True) -> None:
        """An annotated tag, ten seconds after the last."""
        self.clock += 10
        git(self.theirs, "tag", "-a", "-m", f"made {name}", name, commit, at=self.clock)
        if is_pushed:
            git(self.theirs, "push", "--quiet", "origin", f"refs/tags/{name}")

    def release(self, version: str, artifact: str = "fraud") -> str:
        """A commit with a version registered at it; its hash."""
        commit = self.commit()
        self.tag(f"{artifact}@{version}", commit)
        return commit

    def clone(self, name: str) -> Path:
        git(self.directory, "clone", "--quiet", str(self.remote), name)
        return self.directory / name

    def names(self) -> list[str]:
        """Of the remote's tags."""
        return git(self.remote, "tag", "--list").split()

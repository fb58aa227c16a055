"""How a lock becomes an environment again, by the name of its file.

Always true here: a lock with hashes is installed by them, so that what is installed is what was locked or nothing.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

from opsconsole import wire
from opsconsole.provenance.pins import NO_HASHES

ENVIRONMENT = "environment"
"""Where it is installed."""


def install(part: wire.Part, lands: str) -> tuple[str, ...]:
    """Shell lines that install what a lock names; none for a file of a name that no rule knows."""
    directory, _, name = lands.rpartition("/")
    for pattern, rule in _RULES:
        if re.fullmatch(pattern, name):
            return rule(lands, directory, part.caveat != NO_HASHES)
    return ()


Rule = Callable[[str, str, bool], tuple[str, ...]]


def _by_pip(lock: str, directory: str, has_hashes: bool) -> tuple[str, ...]:
    hashes = ("--require-hashes",) if has_hashes else ()
    return (
        shlex.join(("python3", "-m", "venv", ENVIRONMENT)),
        shlex.join((f"{ENVIRONMENT}/bin/python", "-m", "pip", "install", *hashes, f"--requirement={lock}")),
    )


def _in_directory(*words: str) -> Rule:
    def rule(lock: str, directory: str, has_hashes: bool) -> tuple[str, ...]:
        return (shlex.join(word.format(directory=directory) for word in words),)

    return rule


def _by_conda(lock: str, directory: str, has_hashes: bool) -> tuple[str, ...]:
    return (shlex.join(("conda", "env", "create", f"--prefix=./{ENVIRONMENT}", f"--file={lock}")),)


def _by_conda_lock(lock: str, directory: str, has_hashes: bool) -> tuple[str, ...]:
    return (shlex.join(("conda-lock", "install", f"--prefix=./{ENVIRONMENT}", lock)),)


_RULES: tuple[tuple[str, Rule], ...] = (
    (r"uv\.lock", _in_directory("uv", "sync", "--frozen", "--project={directory}")),
    (r"poetry\.lock", _in_directory("poetry", "--directory={directory}", "sync")),
    (r"pdm\.lock", _in_directory("pdm", "sync", "--project={directory}")),
    (r"package-lock\.json", _in_directory("npm", "ci", "--prefix={directory}")),
    (r"(.*[-.])?conda-lock\.ya?ml", _by_conda_lock),
    (r"(conda|environment)\.ya?ml", _by_conda),
    (r".*\.(txt|lock|pip|in)", _by_pip),
)
"""Pattern of a file's name → how it is installed; the first that matches."""

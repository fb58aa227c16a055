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


def is_installable(uri: str) -> bool:
    """Does the name of its file tell how it is installed?"""
    name = uri.rpartition("/")[2].rpartition("#")[2]
    return any(re.fullmatch(pattern, name) for pattern, _ in _RULES)


Rule = Callable[[str, str, bool], tuple[str, ...]]


def _by_pip(lock: str, directory: str, has_hashes: bool) -> tuple[str, ...]:
    hashes = ("--require-hashes",) if has_hashes else ()
    return (
        shlex.join(_VENV),
        shlex.join((f"{ENVIRONMENT}/bin/python", "-m", "pip", "install", *hashes, f"--requirement={lock}")),
    )


def _by(*lines: tuple[str, ...]) -> Rule:
    """Shell lines, each as words in which ``{directory}`` and ``{lock}`` may stand."""

    def rule(lock: str, directory: str, has_hashes: bool) -> tuple[str, ...]:
        filled = ((word.format(directory=directory, lock=lock) for word in words) for words in lines)
        return tuple(map(shlex.join, filled))

    return rule


_VENV = ("python3", "-m", "venv", ENVIRONMENT)

_RULES: tuple[tuple[str, Rule], ...] = (
    (r"uv\.lock", _by(("uv", "sync", "--frozen", "--project={directory}"))),
    (r"pylock(\..+)?\.toml", _by(_VENV, ("uv", "pip", "sync", f"--python={ENVIRONMENT}/bin/python", "{lock}"))),
    (r"poetry\.lock", _by(("poetry", "--directory={directory}", "sync"))),
    (r"pdm\.lock", _by(("pdm", "sync", "--project={directory}"))),
    (r"Pipfile\.lock", _by(("env", "PIPENV_PIPFILE={directory}/Pipfile", "pipenv", "sync"))),
    (r"package-lock\.json", _by(("npm", "ci", "--prefix={directory}"))),
    (r"(.*[-.])?conda-lock\.ya?ml", _by(("conda-lock", "install", f"--prefix=./{ENVIRONMENT}", "{lock}"))),
    (r"(conda|environment)\.ya?ml", _by(("conda", "env", "create", f"--prefix=./{ENVIRONMENT}", "--file={lock}"))),
    (r".*requirements.*\.(txt|lock|in)|.*\.txt", _by_pip),
)
"""Pattern of a file's name → how it is installed; the first that matches."""

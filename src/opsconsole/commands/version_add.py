"""``opsconsole version add``: from options, a file, a repository or MLflow, what a version is made of."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from opsconsole import wire
from opsconsole.commands import version_page
from opsconsole.commands.reading import client_of
from opsconsole.commands.words import Verbs, add_json, narrate, print_json, verb
from opsconsole.console.text import safe
from opsconsole.errors import UsageError
from opsconsole.provenance import KINDS, reproduce
from opsconsole.registering import mlflow, repository, yamlfile
from opsconsole.registering.combining import FLAGS, Contribution, combine
from opsconsole.registering.hashing import Told, nobody
from opsconsole.registering.references import part_of

_EXAMPLES = """
opsconsole version add chat-assist v42 --model chat.safetensors --data s3://sets/chat.parquet@sha256:…
opsconsole version add chat-assist v42 --from-git . --image registry.example.org/chat@sha256:…
opsconsole version add --from-yaml version.yaml
opsconsole version add fraud-score v4 --from-mlflow http://mlflow:5000 models:/fraud@champion
opsconsole version add chat-assist v42 --from-git --evaluation report.json --card CARD.md --note 'longer context'
"""
_SHOW_PROGRESS_FROM_BYTES = 32 << 20

_HELP: dict[wire.PartKind, str] = {
    "model": "the model",
    "data": "what it was trained on or answers from",
    "config": "its configuration: prompts, parameters",
    "lock": "the dependencies that are installed, with hashes",
    "code": "the repository and the commit",
    "image": "the container image",
    "evaluation": "the report of its evaluation",
    "card": "the model card",
}
_FORMS: dict[wire.PartKind, str] = {"code": "REPOSITORY@COMMIT", "image": "NAME@DIGEST"}
_FORM = "[NAME=]FILE|URI[@DIGEST]"


class _InOrder(argparse.Action):
    """Keeps all sources in the order in which they were named: what is named later goes before."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        named = [*getattr(namespace, "sources", ()), (self.dest, values)]
        namespace.sources = named


def add(verbs: Verbs, shared: argparse.ArgumentParser) -> None:
    parser = verb(verbs, shared, "add", "register what a version is made of", _EXAMPLES)
    parser.add_argument("service", nargs="?", default="", metavar="SERVICE", help="unless a file says it")
    parser.add_argument(
        "version", nargs="?", default="", metavar="VERSION", help="unless a file or a tag of GTO says it"
    )
    for kind in KINDS:
        form = _FORMS.get(kind, _FORM)
        parser.add_argument(
            f"--{kind}", action=_InOrder, dest=kind, metavar=form, help=f"{_HELP[kind]}; may be repeated"
        )
    parser.add_argument("--note", default="", metavar="TEXT", help="what people should know of it")
    parser.add_argument(
        "--from-yaml", action=_InOrder, metavar="FILE", help="a file that says all this: docs/versions.md"
    )
    parser.add_argument(
        "--from-git",
        action=_InOrder,
        nargs="?",
        const=".",
        metavar="DIR",
        help="the commit, the locks, and what DVC and GTO say in this checkout (default: .)",
    )
    parser.add_argument("--allow-dirty", action="store_true", help="register changes that were not committed, as such")
    parser.add_argument(
        "--from-mlflow",
        action=_InOrder,
        nargs=2,
        metavar=("SERVER", "MODEL"),
        help="a registered model and its run: models:/NAME/VERSION or models:/NAME@ALIAS",
    )
    parser.add_argument("--replace", action="store_true", help="correct what is registered under this name already")
    add_json(parser)
    parser.set_defaults(run=run, sources=())


def run(arguments: argparse.Namespace) -> int:
    with _progress() as told:
        contributions = [_contribution(name, value, arguments, told) for name, value in arguments.sources]
    manifest = combine(contributions, arguments.service, arguments.version, arguments.note)
    for each in (reason for contribution in contributions for reason in contribution.left_out):
        narrate(f"left out: {each}")
    with client_of(arguments.home) as client:
        registered = client.add_version(wire.VersionRequest(manifest=manifest, is_replacement=arguments.replace))
    if arguments.json:
        print_json(registered)
        return 0
    sys.stdout.write(_told(registered))
    return 0


def _contribution(name: str, value: Any, arguments: argparse.Namespace, told: Told) -> Contribution:
    if name == "from_yaml":
        return yamlfile.read(Path(value).expanduser(), told)
    if name == "from_git":
        directory = Path(value).expanduser()
        return repository.read(
            directory, arguments.service, arguments.version, allow_dirty=arguments.allow_dirty, told=told
        )
    if name == "from_mlflow":
        return mlflow.read(*value)
    if not value:
        raise UsageError(f"--{name} names nothing", f"Write --{name} {_FORM}.")
    kind = next(kind for kind in KINDS if kind == name)
    return Contribution(origin=FLAGS, parts=(part_of(kind, value, told),))


@contextmanager
def _progress() -> Iterator[Told]:
    """A bar on stderr for what takes its time to hash, where stderr is a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield nobody
        return
    columns = (TextColumn("hashing"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("hashing", total=None, visible=False)

        def told(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total, visible=total >= _SHOW_PROGRESS_FROM_BYTES)

        yield told


def _told(registered: wire.Registered) -> str:
    manifest = registered.manifest
    words = "registered" if registered.is_new else "is registered already, exactly so"
    if registered.replaced is not None:
        words = "registered again, in place of what was registered before"
    gaps = [gap for gap in reproduce(manifest).gaps if gap.is_blocking]
    lines = [f"{safe(manifest.service)} {safe(manifest.version)}: {words}", *version_page.parts(manifest)]
    if gaps:
        lines += ["It cannot be made again exactly:", *(f"  {version_page.gap(gap)}" for gap in gaps)]
    return "\n".join(lines) + "\n"

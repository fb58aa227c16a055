"""Any program: it finds the notice as JSON on its stdin.

Always true here: no shell reads anything and no word of the command comes from a notice; the program gets a bare
environment and the secrets that are named, and is killed with its whole group at its deadline.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, field

from opsconsole.notifiers.base import (
    AuthFailed,
    Busy,
    Indeterminate,
    Kind,
    Message,
    Notifier,
    Options,
    OutsideError,
    Rejected,
    Site,
    Unreachable,
)
from opsconsole.outside.processes import minimal_environment, run
from opsconsole.outside.secrets import SecretFrom, SecretSource

ENDINGS: dict[int, tuple[type[OutsideError], str]] = {
    65: (Rejected, "It is not told again."),
    75: (Busy, "It is told again."),
    77: (AuthFailed, "It may not: see what it says."),
}
"""Exit codes of sysexits.h: EX_DATAERR, EX_TEMPFAIL, EX_NOPERM."""


class CommandOptions(Options, frozen=True, kw_only=True):
    """What a program needs to be told. The command is a list of words, and no shell reads it."""

    run: Annotated[tuple[str, ...], Meta(min_length=1)]
    """The program and its words; it ends with 0 when it has told, with 65 when it never will, and with any other code,
    75 for example, when it is to be tried again."""
    timeout_s: Annotated[float, Meta(gt=0, le=600)] = 30.0
    """Deadline in seconds; then it is killed."""
    directory: Path | None = None
    """Where it runs; the home without it."""
    environment: dict[str, str] = field(default_factory=dict)
    """Variables beside PATH, HOME, LANG, TZ and OPSCONSOLE_NOTICE_ID."""
    secrets: dict[str, SecretFrom] = field(default_factory=dict)
    """Variable → where its secret is: `{env: NAME}` or `{file: PATH}`."""


class Command:
    """Runs a program once a notice."""

    def __init__(self, options: CommandOptions, secrets: Mapping[str, SecretSource], site: Site) -> None:
        self._options, self._secrets, self._site = options, secrets, site
        self.where = f"command {Path(options.run[0]).name}"

    def send(self, message: Message) -> str:
        options = self._options
        secrets = {name: source.secret() for name, source in self._secrets.items()}
        environment = minimal_environment(self._site.environ) | options.environment
        environment |= {name: secret.reveal() for name, secret in secrets.items()}
        environment["OPSCONSOLE_NOTICE_ID"] = message.id
        document = msgspec.to_builtins(message.notice) | {
            "id": message.id,
            "environment": self._site.environment,
        }
        try:
            finished = run(
                options.run,
                timeout_s=options.timeout_s,
                environment=environment,
                directory=options.directory or self._site.directory,
                given=msgspec.json.encode(document) + b"\n",
            )
        except OSError as error:
            raise Unreachable(
                f"`{options.run[0]}` cannot be run: {error.strerror}", "Name a program that the daemon's user can run."
            ) from error
        told = finished.told(tuple(secrets.values()))
        if finished.code == 0:
            return told
        kind, remedy = ENDINGS.get(finished.code or 0, (Indeterminate, "It is told again."))
        raise kind(f"`{options.run[0]}`: {told}", remedy)

    def close(self) -> None:
        """Nothing is held open."""


def _make(options: CommandOptions, site: Site) -> Notifier:
    return Command(options, {name: origin.at(site) for name, origin in options.secrets.items()}, site)


KIND = Kind(
    name="command",
    about="Any program: it finds the notice, its `id` and the `environment` as one line of JSON on its stdin.",
    options=CommandOptions,
    make=_make,
    tested_against="the real thing: programs that end, hang, fail and do not read",
    hazards=("A program that ends with 0 is believed.",),
    example="""\
kind: command
options:
  run: [/usr/local/bin/page-somebody, --urgent]
  secrets:
    GATEWAY_TOKEN: {env: GATEWAY_TOKEN}
""",
)

"""Any system that has a command line: one command reads, one applies, and perhaps one rehearses.

Always true here: no shell reads anything; the program gets a bare environment and the secrets that are named, and is
killed with its whole group at its deadline; once ``apply`` has started, an end that the configuration does not name is
Indeterminate.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from opsconsole.errors import ConfigError
from opsconsole.outside.processes import LONGEST_OUTPUT, Finished, minimal_environment, run
from opsconsole.outside.secrets import Secret, SecretFrom, SecretSource, masked
from opsconsole.releases.targets import templates
from opsconsole.releases.targets.answers import decoded
from opsconsole.releases.targets.base import (
    AuthFailed,
    Busy,
    Conflict,
    Indeterminate,
    Kind,
    Options,
    Rejected,
    Site,
    Target,
    TargetError,
    Unreachable,
    Unsupported,
)
from opsconsole.releases.targets.guards import refuse_if_moved, refuse_unless_able
from opsconsole.wire import Caps, Receipt, Routing, Scope, TargetRequest, TargetState

Argv = Annotated[tuple[str, ...], Meta(min_length=1)]
Ending = Literal["rejected", "conflict", "busy", "auth failed", "unreachable"]

_ENDINGS: dict[str, tuple[type[TargetError], str]] = {
    "rejected": (Rejected, "Correct what it complains about."),
    "conflict": (Conflict, "Somebody else changed it: look again, then decide again."),
    "busy": (Busy, "It is being changed: wait until that is done."),
    "auth failed": (AuthFailed, "Renew the credentials that the configuration names."),
    "unreachable": (Unreachable, "Try again when it answers."),
}
_OF_A_READ: dict[type[TargetError], type[TargetError]] = {Conflict: Rejected, Busy: Unreachable}
_EACH = "..."
"""``{shares...}`` alone is one argument a version: ``v41=0.9 v42=0.1``."""


class CommandOptions(Options, frozen=True, kw_only=True):
    """What a command line needs to be told. Each command is a list of words, and no shell reads it."""

    read: Argv
    """Prints the present state as JSON; changes nothing."""
    apply: Argv
    """Makes the change; ends with 0 when it is made."""
    dry_run: tuple[str, ...] = ()
    """Says what `apply` would do, in words, and does not do it."""
    timeout_s: Annotated[float, Meta(gt=0, le=3600)] = 30.0
    """Deadline of each command, in seconds; then it is killed, and what became of an `apply` is unknown."""
    directory: Path | None = None
    """Where the commands run; the home without it."""
    environment: dict[str, str] = field(default_factory=dict)
    """Variables for the commands, beside PATH, HOME, LANG, TZ and OPSCONSOLE_OP_ID."""
    secrets: dict[str, SecretFrom] = field(default_factory=dict)
    """Variable → where its secret is: `{env: NAME}` or `{file: PATH}`."""
    exits: dict[Annotated[int, Meta(ge=1, le=255)], Ending] = field(default_factory=dict)
    """Exit code → what it means: `rejected`, `conflict`, `busy`, `auth failed` or `unreachable`, and for `apply` always
    that nothing was changed. Any other code than 0 means that what became of an `apply` is unknown."""
    headers: bool = False
    """`apply` takes routes by header (`{headers}`)."""
    shadow: bool = False
    """`apply` takes copied traffic (`{shadow}`)."""
    scope: Scope = "serving"
    """Does it change what users get, or only what a registry says (`metadata`)?"""


class CommandTarget:
    """One service behind a command line."""

    def __init__(self, options: CommandOptions, secrets: Mapping[str, SecretSource], site: Site) -> None:
        self._options = options
        self._secrets = secrets
        self._site = site
        self.caps = _caps(options)
        self.name = f"command {Path(options.apply[0]).name}"

    def read(self) -> TargetState:
        argv = _filled(self._options.read, templates.of_a_read(self._site.service))
        finished, secrets = self._run(argv)
        asked = f"`{argv[0]}`"
        if finished.code is None:
            raise Unreachable(f"{asked}: no answer within {self._options.timeout_s:g} s", "Try again when it answers.")
        if finished.code:
            kind, remedy = _ENDINGS[self._options.exits.get(finished.code, "rejected")]
            raise _OF_A_READ.get(kind, kind)(f"{asked}: {finished.told(secrets)}", remedy)
        if len(finished.output) >= LONGEST_OUTPUT:
            raise Rejected(f"{asked}: it prints more than {LONGEST_OUTPUT:,} bytes", "Print the state alone.")
        answer = decoded(finished.output, asked)
        return TargetState(
            routing=answer.routing(asked),
            phase=answer.phase,
            token=answer.token,
            detail={name: masked(text, secrets) for name, text in answer.detail.items()},
            observed_at=self._site.clock.now(),
        )

    def requests(self, before: TargetState, after: Routing) -> tuple[TargetRequest, ...]:
        argv = self._argv(self._options.apply, before, after, templates.OP_ID_AT_PLAN)
        return (TargetRequest(method="run", where=shlex.join(argv)),)

    def apply(self, before: TargetState, after: Routing, op_id: str) -> Receipt:
        argv = self._argv(self._options.apply, before, after, op_id)
        refuse_if_moved(self.name, before, self.read())
        finished, secrets = self._run(argv, op_id)
        if finished.code == 0:
            return Receipt(op_id=op_id, answer=finished.told(secrets))
        asked = f"`{argv[0]}`"
        if finished.code in self._options.exits:
            kind, remedy = _ENDINGS[self._options.exits[finished.code]]
            raise kind(f"{asked}: {finished.told(secrets)}", remedy)
        raise Indeterminate(f"{asked}: {finished.told(secrets)}", "It may have been done: read back.")

    def rehearse(self, before: TargetState, after: Routing) -> str:
        if not self._options.dry_run:
            raise Unsupported(f"{self.name} has no dry run", "Give it one: `dry_run`.")
        argv = self._argv(self._options.dry_run, before, after, templates.OP_ID_AT_PLAN)
        finished, secrets = self._run(argv)
        if finished.code:
            raise Rejected(f"`{argv[0]}`: {finished.told(secrets)}", "It would not be done.")
        if finished.code is None:
            raise Unreachable(f"`{argv[0]}`: no answer within {self._options.timeout_s:g} s", "Try again.")
        return masked(finished.output.decode("utf-8", "replace").strip(), secrets)

    def close(self) -> None:
        """Nothing is held open."""

    def _argv(self, template: tuple[str, ...], before: TargetState, after: Routing, op_id: str) -> tuple[str, ...]:
        refuse_unless_able(self.name, self.caps, after)
        return _filled(template, templates.values(self._site.service, before, after, op_id))

    def _run(self, argv: tuple[str, ...], op_id: str = "") -> tuple[Finished, tuple[Secret, ...]]:
        """How it ended, and the secrets that it had; raises Unreachable when it cannot be started."""
        secrets = {name: source.secret() for name, source in self._secrets.items()}
        environment = minimal_environment(self._site.environ) | self._options.environment
        environment |= {name: secret.reveal() for name, secret in secrets.items()}
        if op_id:
            environment["OPSCONSOLE_OP_ID"] = op_id
        try:
            finished = run(
                argv,
                timeout_s=self._options.timeout_s,
                environment=environment,
                directory=self._options.directory or self._site.directory,
            )
        except OSError as error:
            raise Unreachable(
                f"`{argv[0]}` cannot be run: {error.strerror}", "Name a program that the daemon's user can run."
            ) from error
        return finished, tuple(secrets.values())


def _filled(template: tuple[str, ...], given: Mapping[str, Any]) -> tuple[str, ...]:
    """Raises Unsupported for a value that the program would take for an option, or that no argument can hold."""
    words: list[str] = []
    for word in template:
        each = word.removeprefix("{").removesuffix(_EACH + "}")
        if word == f"{{{each}{_EACH}}}":
            words += [_checked(f"{key}={value}", word) for key, value in given[each].items()]
        else:
            words.append(_checked(templates.filled(word, given), word))
    return tuple(words)


def _checked(word: str, template: str) -> str:
    if "\0" in word or (word.startswith("-") and not template.startswith("-")):
        raise Unsupported(f"{word!r} cannot stand for `{template}` in a command", "Choose another name.")
    return word


def _make(options: CommandOptions, site: Site) -> Target:
    tables = tuple(f"{name}{_EACH}" for name in ("shares", "percents", "headers", "shadow"))
    for name, argv, names in (
        ("read", options.read, ("service",)),
        ("apply", options.apply, (*templates.NAMES, *tables)),
        ("dry_run", options.dry_run, (*templates.NAMES, *tables)),
    ):
        for word in argv:
            for found in templates.checked(word, names):
                if found in tables and word != f"{{{found}}}":
                    raise ConfigError(f"{name}: {word!r}: {{{found}}} has to be a word of its own", "Split it.")
    return CommandTarget(options, {name: origin.at(site) for name, origin in options.secrets.items()}, site)


def _caps(options: CommandOptions) -> Caps:
    has_token = any("token" in templates.checked(word.replace(_EACH, ""), templates.NAMES) for word in options.apply)
    return Caps(
        split=True,
        headers=options.headers,
        shadow=options.shadow,
        dry_run=bool(options.dry_run),
        scope=options.scope,
        guarding="cas" if has_token and "conflict" in options.exits.values() else "none",
        weight_unit="relative",
        tested_against="the real thing: programs that end, hang, fail, die and fork",
    )


KIND = Kind(
    name="command",
    about="Any system with a command line: one command reads, one applies, perhaps one rehearses.",
    options=CommandOptions,
    make=_make,
    caps=Caps(
        split=True,
        headers=True,
        shadow=True,
        dry_run=True,
        guarding="cas",
        weight_unit="relative",
        tested_against="the real thing: programs that end, hang, fail, die and fork",
    ),
    hazards=(
        "Between the read and the change somebody else may write, unless the command itself compares `{token}` and says"
        " so by an exit code that stands for `conflict`.",
        "A command that ends with 0 before its change has an effect is believed; the traffic tells.",
    ),
    example="""\
target: command
options:
  read: [fleetctl, route, show, "{service}", --json]
  apply: [fleetctl, route, set, "{service}", --if-version, "{token}", --request-id, "{op_id}", "{percents...}"]
  dry_run: [fleetctl, route, set, "{service}", --dry-run, "{percents...}"]
  exits: {2: rejected, 3: conflict, 4: busy}
  secrets:
    FLEETCTL_TOKEN: {env: FLEETCTL_TOKEN}
""",
)

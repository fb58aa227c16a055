"""A routing file: weights in a YAML, JSON or nginx file that a gateway, a proxy or a fleet obeys.

Always true here: the file is replaced in one step, and only if this service's part of it is as it was shown: another
service's change in the same file is no conflict and is kept; what is written is read again; a file that the router does
not take is put back.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import json
import shlex
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal, Protocol

from msgspec import Meta, field

from opsconsole.errors import ConfigError
from opsconsole.outside.processes import minimal_environment, run
from opsconsole.releases.targets.base import (
    AuthFailed,
    Busy,
    Indeterminate,
    Kind,
    Options,
    Rejected,
    Site,
    Target,
    Unreachable,
)
from opsconsole.releases.targets.documents import JSON, YAML, DocumentText
from opsconsole.releases.targets.guards import refuse_if_moved, refuse_unless_able
from opsconsole.releases.targets.nginx import NginxText
from opsconsole.releases.targets.replacing import Seen, locked, look, replace, settle
from opsconsole.wire import Caps, Receipt, Routing, TargetRequest, TargetState

_ATTEMPTS = 5
"""How often a change is made anew because somebody else wrote another part of the file at the same moment."""
_FORMATS = {".yaml": "yaml", ".yml": "yaml", ".json": "json", ".conf": "nginx"}


class RoutingText(Protocol):
    """A format of routing files."""

    def parse(self, text: str) -> Routing: ...

    def replaced(self, text: str, after: Routing) -> str: ...

    def shown(self, before: Routing, after: Routing) -> str: ...


class FileOptions(Options, frozen=True, kw_only=True):
    """What a routing file needs to be told."""

    path: Path
    """The file. A link is followed and stays a link."""
    format: Literal["auto", "yaml", "json", "nginx"] = "auto"
    """`auto` goes by the name: `.yaml`, `.yml`, `.json`, `.conf` (nginx)."""
    at: tuple[str, ...] = ()
    """YAML, JSON: keys that lead to the table of versions and weights; without any, the service's name."""
    unit: Literal["percent", "relative", "share"] = "percent"
    """YAML, JSON: what a weight counts in: percent; parts of their sum; or shares from 0 to 1."""
    headers_at: tuple[str, ...] = ()
    """YAML, JSON: keys that lead to a table of `"Header: value": version`; null is no route."""
    shadow_at: tuple[str, ...] = ()
    """YAML, JSON: keys that lead to a table of versions and how much traffic is copied to them, in the same unit."""
    variable: str = ""
    """nginx: the variable that `split_clients` sets: `$chat_version`."""
    header_variable: str = ""
    """nginx: the variable that a `map` of a header sets, with `variable` as its default: `$chat_route`."""
    names: dict[str, str] = field(default_factory=dict)
    """Version → what the file calls it, where that is something else, for example an upstream."""
    check: tuple[str, ...] = ()
    """Command that judges the new file before it takes effect: `[nginx, -t]`. If it fails, the file is put back."""
    reload: tuple[str, ...] = ()
    """Command that makes the new file take effect: `[nginx, -s, reload]`."""
    timeout_s: Annotated[float, Meta(gt=0, le=300)] = 10.0
    """Deadline of the lock and of each command, in seconds."""


class FileTarget:
    """One service's part of a routing file."""

    def __init__(self, options: FileOptions, text: RoutingText, caps: Caps, site: Site) -> None:
        self._options = options
        self._text = text
        self._site = site
        self._to_file = dict(options.names)
        self._from_file = {word: version for version, word in options.names.items()}
        self.caps = caps
        self.name = f"file {options.path.name}"

    def read(self) -> TargetState:
        return self._state(self._look())

    def requests(self, before: TargetState, after: Routing) -> tuple[TargetRequest, ...]:
        body = self._text.shown(_renamed(before.routing, self._to_file), self._in_file(after))
        commands = (self._options.check, self._options.reload)
        return (
            TargetRequest(method="replace", where=str(self._options.path), body=body),
            *(TargetRequest(method="run", where=shlex.join(argv)) for argv in commands if argv),
        )

    def apply(self, before: TargetState, after: Routing, op_id: str) -> Receipt:
        path = self._options.path
        with _refusing(path), locked(path, self._options.timeout_s):
            old, content = self._replaced(before, after)
            try:
                settle(old.path)
                return self._taken(old, content, op_id)
            except OSError as error:
                raise Indeterminate(f"{path}: written, and then: {error.strerror}", "Read back.") from error

    def rehearse(self, before: TargetState, after: Routing) -> str:
        """The difference that it would make to the file, as `diff -u` shows it."""
        seen = self._look()
        old = _decoded(seen)
        new = self._text.replaced(old, self._in_file(after))
        name = seen.path.name
        lines = difflib.unified_diff(old.splitlines(), new.splitlines(), name, name, lineterm="", n=1)
        return "\n".join(lines) or "nothing would change"

    def close(self) -> None:
        """Nothing is held open."""

    def _look(self) -> Seen:
        path = self._options.path
        try:
            return look(path)
        except PermissionError as error:
            raise AuthFailed(f"{path}: {error.strerror}", "Let the daemon's user read it.") from error
        except OSError as error:
            raise Unreachable(f"{path}: {error.strerror}", "Put the file there, or correct `path`.") from error

    def _state(self, seen: Seen) -> TargetState:
        try:
            routing = self._text.parse(_decoded(seen))
        except Rejected as error:
            raise Rejected(f"{seen.path}: {error.message}", error.remedy) from error
        return TargetState(
            routing=_renamed(routing, self._from_file),
            token=_token(routing),
            detail={
                "file": str(seen.path),
                "changed": datetime.fromtimestamp(seen.changed_at, UTC).isoformat(timespec="seconds"),
            },
            observed_at=self._site.clock.now(),
        )

    def _in_file(self, after: Routing) -> Routing:
        """With the file's own names; raises Unsupported for what the file has no place for."""
        refuse_unless_able(self.name, self.caps, after)
        return _renamed(after, self._to_file)

    def _replaced(self, before: TargetState, after: Routing) -> tuple[Seen, bytes]:
        """(The file that was there, the content that is there now)."""
        for _ in range(_ATTEMPTS):
            seen = self._look()
            refuse_if_moved(self.name, before, self._state(seen))
            content = self._text.replaced(_decoded(seen), self._in_file(after)).encode()
            if replace(seen, content):
                return seen, content
        raise Busy(f"{self._options.path}: somebody else writes it again and again", "Find out who, then try again.")

    def _taken(self, old: Seen, content: bytes, op_id: str) -> Receipt:
        """Have the router take the new file; the file is put back where it does not."""
        new = look(old.path)
        if new.content != content:
            raise Indeterminate(f"{old.path}: written over at once by somebody else", "Read back.")
        if self._options.check and (complaint := self._run(self._options.check, op_id)):
            self._put_back(new, old)
            raise Rejected(f"{complaint}; the file is as it was", "Correct what the check complains about.")
        if self._options.reload and (complaint := self._run(self._options.reload, op_id)):
            self._put_back(new, old)
            raise Indeterminate(
                f"{complaint}; the file is as it was, and what the router obeys is not known",
                "See which version answers, and run the command by hand.",
            )
        digest = hashlib.sha256(content).hexdigest()
        return Receipt(op_id=op_id, answer=f"replaced {old.path.name} (sha256 {digest[:12]})")

    def _run(self, argv: tuple[str, ...], op_id: str) -> str:
        """What is wrong, in words; empty when the command ended well."""
        environment = minimal_environment(self._site.environ) | {"OPSCONSOLE_OP_ID": op_id}
        try:
            finished = run(
                argv,
                timeout_s=self._options.timeout_s,
                environment=environment,
                directory=self._site.directory,
            )
        except OSError as error:
            return f"`{shlex.join(argv)}` cannot be run: {error.strerror}"
        return "" if finished.code == 0 else f"`{shlex.join(argv)}`: {finished.told()}"

    def _put_back(self, new: Seen, old: Seen) -> None:
        if not replace(new, old.content):
            raise Indeterminate(f"{new.path}: changed by somebody else in the meantime", "Read back.")
        settle(new.path)


@contextlib.contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """What the file system refuses before anything is written, in a target's words."""
    try:
        yield
    except TimeoutError as error:
        raise Busy(f"{path}: another change is being written ({error})", "Try again.") from error
    except PermissionError as error:
        raise AuthFailed(
            f"{path}: {error.strerror}; nothing was written",
            "Let the daemon's user write the file's directory, and own the file.",
        ) from error
    except OSError as error:
        raise Rejected(f"{path}: {error.strerror}; nothing was written", "Mend that, then try again.") from error


def _decoded(seen: Seen) -> str:
    try:
        return seen.content.decode()
    except UnicodeDecodeError as error:
        raise Rejected(f"{seen.path}: byte {error.start} is no UTF-8", "Write the file as UTF-8 text.") from error


def _renamed(routing: Routing, names: Mapping[str, str]) -> Routing:
    return Routing(
        shares={names.get(version, version): share for version, share in routing.shares.items()},
        headers={header: names.get(version, version) for header, version in routing.headers.items()},
        shadow={names.get(version, version): share for version, share in routing.shadow.items()},
    )


def _token(routing: Routing) -> str:
    """SHA-256 of the service's part of the file, in its order."""
    parts = [list(table.items()) for table in (routing.shares, routing.headers, routing.shadow)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _make(options: FileOptions, site: Site) -> Target:
    if len(set(options.names.values())) < len(options.names):
        raise ConfigError("names: two versions have one name", "Give each its own.")
    form = _FORMATS.get(options.path.suffix, "") if options.format == "auto" else options.format
    if not form:
        raise ConfigError(
            f"path: {options.path.name} does not say what it is", "Add `format: yaml`, `json` or `nginx`."
        )
    if form == "nginx":
        if not options.variable.startswith("$"):
            raise ConfigError("variable: an nginx file needs one", "Name what split_clients sets: `$chat_version`.")
        nginx = NginxText(options.variable, options.header_variable)
        return FileTarget(options, nginx, _caps(headers=bool(options.header_variable), shadow=False), site)
    if options.variable or options.header_variable:
        raise ConfigError("variable: only an nginx file has variables", "Say `format: nginx`, or leave it out.")
    document = DocumentText(
        syntax={"yaml": YAML, "json": JSON}[form],
        at=options.at or (site.service,),
        headers_at=options.headers_at,
        shadow_at=options.shadow_at,
        unit=options.unit,
    )
    caps = _caps(headers=bool(options.headers_at), shadow=bool(options.shadow_at))
    return FileTarget(options, document, caps, site)


def _caps(*, headers: bool, shadow: bool) -> Caps:
    return Caps(
        split=True,
        headers=headers,
        shadow=shadow,
        dry_run=True,
        scope="serving",
        guarding="cas",
        weight_unit="percent",
        tested_against="the real thing: files, the demo fleet's own reader, nginx 1.22",
    )


KIND = Kind(
    name="file",
    about="A routing file (YAML, JSON or nginx) that a gateway, a proxy or a fleet obeys.",
    options=FileOptions,
    make=_make,
    caps=_caps(headers=True, shadow=True),
    hazards=(
        "The file says what is wanted; whether the router obeys it shows in the traffic alone.",
        "An editor that does not take the lock `.NAME.lock` beside the file can still write over a change.",
        "A router that was given a single file by a bind mount keeps the old one: mount its directory.",
    ),
    example="""\
target: file
options:
  path: routing.yaml        # chat-assist: {v41: 90, v42: 10}
  unit: relative
""",
)

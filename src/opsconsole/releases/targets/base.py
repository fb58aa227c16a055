"""What a target is: the few calls behind which every serving system looks alike, and the ways in which they fail.

Always true here: ``read`` never changes anything; ``requests`` is pure and says exactly what ``apply`` would send;
``apply`` reads again first and sends nothing when the world is not as it was; a call that may have been sent and was
not answered is ``Indeterminate`` and is never sent again by itself. Calls block and are made from worker threads; each
has a deadline.

The errors, which the executor turns into an outcome::

    TargetError
    ├── Conflict        the target is not as it was when the plan was made: nothing was sent, or nothing taken
    ├── Busy            the target is changing already and takes one change at a time: nothing was sent
    ├── Rejected        the target understood and said no: nothing changed
    ├── Unsupported     the target cannot do this at all: nothing was sent
    ├── AuthFailed      credentials are missing, wrong or expired: nothing changed
    ├── Unreachable     no connection was made: nothing was sent
    └── Indeterminate   it was sent, or may have been, and there is no answer: read back
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from opsconsole.clock import Clock
from opsconsole.outside.failures import (
    AuthFailed,
    Busy,
    Conflict,
    Indeterminate,
    OutsideError,
    Rejected,
    Unreachable,
    Unsupported,
)
from opsconsole.outside.options import Options
from opsconsole.wire import Caps, Receipt, Routing, TargetRequest, TargetState

__all__ = [
    "AuthFailed",
    "Busy",
    "Conflict",
    "Indeterminate",
    "Kind",
    "Options",
    "Rejected",
    "Site",
    "Target",
    "TargetError",
    "Unreachable",
    "Unsupported",
]


TargetError = OutsideError
"""Any of them, as a target raises it."""


class Target(Protocol):
    """One service's place in one serving system."""

    @property
    def caps(self) -> Caps: ...

    @property
    def name(self) -> str:
        """Kind and place in a few words: ``file routing.yaml``."""
        ...

    def read(self) -> TargetState:
        """What serves now. Raises Unreachable, AuthFailed or Rejected; a read can always be repeated."""
        ...

    def requests(self, before: TargetState, after: Routing) -> tuple[TargetRequest, ...]:
        """Exactly what ``apply`` would send, secrets masked. Raises Unsupported when the target cannot do this."""
        ...

    def apply(self, before: TargetState, after: Routing, op_id: str) -> Receipt:
        """Read again, refuse with Conflict unless all is as in ``before``, then send.

        ``op_id`` goes along wherever the system has a place for it. Raises any TargetError.
        """
        ...

    def rehearse(self, before: TargetState, after: Routing) -> str:
        """What the system itself says that it would do, where ``caps.dry_run``; raises Unsupported elsewhere."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Site:
    """Where a target is made: what it may use of its surroundings."""

    service: str
    directory: Path
    """The home: relative paths are relative to it."""
    clock: Clock
    environ: Mapping[str, str] = field(repr=False)
    """Where secrets may come from."""


@dataclass(frozen=True)
class Kind:
    """A kind of target, as the configuration names it; third parties add theirs by the entry point group
    ``opsconsole.targets``."""

    name: str
    about: str
    """One sentence for docs/targets.md."""
    options: type[Options]
    make: Callable[[Any, Site], Target]
    """(options of that type, site) → the target; raises ConfigError."""
    caps: Caps
    """What it can do at most; a target may find at ``read`` that its system can do less."""
    hazards: tuple[str, ...] = ()
    """What a person must know of this system: one sentence each, shown in docs/targets.md and in plans."""
    example: str = ""
    """What stands under ``release:`` of a service ``chat-assist``, as YAML; shown in docs/targets.md."""

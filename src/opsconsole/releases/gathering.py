"""The facts that the rules look at: gathered for a plan, and again when it is applied.

Always true here: what brings something new is judged by what is true when it is applied; what leads back asks nothing
of the store that it could not do without.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, TypeVar

import msgspec

from opsconsole import wire
from opsconsole.clock import Clock
from opsconsole.config.settings import FreezeSetting, ReleaseSetting
from opsconsole.errors import StoreError
from opsconsole.releases import freezes, planning
from opsconsole.releases.book import ReleaseBook
from opsconsole.releases.fingerprints import fingerprint
from opsconsole.releases.guard import Asking, Facts
from opsconsole.releases.ledger import ServiceReleases
from opsconsole.releases.targets.base import Target
from opsconsole.releases.targets.shares import heaviest

T = TypeVar("T")


class Surroundings(Protocol):
    """What the gate has to be told; all of it values.

    What comes from the store raises StoreError where that does not answer.
    """

    clock: Clock
    environment: str
    freezes: tuple[FreezeSetting, ...]

    def new_id(self) -> str:
        """What the next operation is called; no other one is called so."""
        ...

    def setting(self, service: str) -> ReleaseSetting:
        """Raises UsageError where the service has no target."""
        ...

    def target(self, service: str) -> Target: ...

    def evidence(self, service: str, from_version: str, to_version: str) -> wire.Evidence: ...

    def reading(self, service: str) -> wire.CanaryReading | None:
        """Of the rollout that is under way."""
        ...

    def known(self, service: str) -> frozenset[str]:
        """Versions that are registered, or that records name."""
        ...

    def health_of(self, service: str, version: str) -> str:
        """What is known of a version now, in words."""
        ...

    def others(self, service: str, console: str) -> tuple[str, ...]:
        """Who else has something armed there."""
        ...


def gathered(
    around: Surroundings,
    book: ReleaseBook,
    asking: Asking,
    order: wire.OrderRequest,
    before: wire.TargetState,
    one: ServiceReleases,
) -> Facts:
    """All that a plan is judged by. Raises UsageError for an order that means nothing, StoreError as ``current``."""
    setting, target = around.setting(order.service), around.target(order.service)
    version = planning.version_of(order, one, before.routing)
    order = msgspec.structs.replace(order, version=version) if order.act in ("start", "promote") else order
    after = planning.routing_after(order, one, before.routing, version, setting)
    facts = Facts(
        asking=asking,
        order=order,
        version=version,
        losing=losing(before.routing, after),
        before=before,
        after=after,
        fingerprint=fingerprint(order, before, after),
        one=one,
        setting=setting,
        caps=target.caps,
        evidence=wire.Evidence(window_s=0),
        now=around.clock.now(),
    )
    facts = current(around, book, facts, asking)
    known, trouble = _asked(facts, lambda: around.known(order.service), None)
    given = frozenset(before.routing.shares)
    return replace(facts, known=None if known is None else known | given, trouble=facts.trouble or trouble)


def current(around: Surroundings, book: ReleaseBook, facts: Facts, asking: Asking) -> Facts:
    """The same facts with what may have changed since: calendar, approvals, ledger, person, evidence and analysis.

    Raises StoreError where something new would be brought, and what speaks for it cannot be read.
    """
    now, service = around.clock.now(), facts.order.service
    one = book.of(service)
    facts = replace(
        facts,
        asking=asking,
        one=one,
        now=now,
        freezes=freezes.active(service, around.freezes, book.state.freezes, now),
        approvals=book.state.approvals,
    )
    evidence, trouble = _asked(
        facts, lambda: around.evidence(service, facts.losing, facts.version), wire.Evidence(window_s=0)
    )
    reading, other = _asked(facts, lambda: around.reading(service), None)
    evidence = msgspec.structs.replace(evidence, out_of_band=one.out_of_band)
    return replace(facts, evidence=evidence, reading=reading, trouble=trouble or other)


def _asked(facts: Facts, ask: Callable[[], T], otherwise: T) -> tuple[T, str]:
    """What the store says, and why it does not: then only what leads back goes on without."""
    try:
        return ask(), ""
    except StoreError as error:
        if facts.is_forward:
            raise
        return otherwise, error.message


def losing(before: wire.Routing, after: wire.Routing) -> str:
    """The version that gives up the most traffic, or has the most where none does."""
    lost = {name: share - after.shares.get(name, 0.0) for name, share in before.shares.items()}
    name = heaviest(lost)
    return name if name and lost[name] > 0 else heaviest(before.shares)

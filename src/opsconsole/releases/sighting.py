"""What a target says beside what is believed of it: a difference that nobody here made is written down, once.

Always true here: what was read before the last event says nothing about it; while a change of ours is pending nothing
is anybody else's; an old answer, of a system whose parts learn of a change one after the other, accuses nobody.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from opsconsole import wire
from opsconsole.releases.book import ReleaseBook
from opsconsole.releases.ledger import ServiceReleases
from opsconsole.releases.settling import IN_FLIGHT
from opsconsole.releases.targets.shares import same_routing, spelled


def compare(
    book: ReleaseBook, service: str, known: ServiceReleases, state: wire.TargetState, now: datetime, settle_s: float
) -> ServiceReleases:
    """What is known after a look; ``known`` is what was known before the target was asked.

    ``settle_s`` is how long the system may take to show everywhere what it has taken.
    """
    if known.believed is None:
        book.note_unless_newer(
            known, "opsconsole", "release.observed", service=service, routing=msgspec.to_builtins(state.routing)
        )
    elif _is_foreign(known, known.believed, state, now - timedelta(seconds=settle_s)):
        told = f"the target says {spelled(state.routing.shares) or 'nothing'}, not {spelled(known.believed.shares)}"
        told += _wanted_by(known, state)
        book.note_unless_newer(
            known,
            "opsconsole",
            "release.found_out_of_band",
            service=service,
            routing=msgspec.to_builtins(state.routing),
            told=told,
        )
    return book.of(service)


def _wanted_by(known: ServiceReleases, state: wire.TargetState) -> str:
    """What was given up as not effective can show after all."""
    last = known.operation
    if last is None or last.word == "done" or not same_routing(state.routing, last.plan.after):
        return ""
    return f"; {last.plan.actor}'s {last.plan.order.act} of {last.at:%H:%M:%S} UTC wanted that"


def _is_foreign(known: ServiceReleases, believed: wire.Routing, state: wire.TargetState, settled: datetime) -> bool:
    """``settled``: what was begun before that moment shows everywhere."""
    if known.is_pending or state.phase in IN_FLIGHT or same_routing(believed, state.routing):
        return False
    last = known.operation
    is_old_answer = (
        last is not None
        and last.word == "done"
        and last.at > settled
        and same_routing(state.routing, last.plan.before.routing)
    )
    return not is_old_answer

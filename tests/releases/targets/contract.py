"""What every target promises, as claims that any kind can be held to.

A kind's tests build a ``Subject``: a target, and the means to look at and to change the real system behind it. Then::

    @pytest.mark.parametrize("claim", contract.CLAIMS, ids=contract.name)
    def test_keeps_its_promises(claim, subject):
        claim(subject)
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any, Protocol

import pytest

from opsconsole.releases.targets.base import Conflict, Target, Unsupported
from opsconsole.releases.targets.shares import same_routing
from opsconsole.wire import Routing, TargetRequest

OP_ID = "op-0042"


class Subject(Protocol):
    """A target in front of a real system that a test can look into."""

    target: Target
    after: Routing
    """A routing that is not the present one, and that the target can be changed to."""
    secret: str
    """A secret that the target uses; empty where it has none."""

    def content(self) -> Any:
        """All that the system holds, for comparing."""
        ...

    def received(self) -> list[TargetRequest]:
        """The changes that arrived at the system, in the terms of ``Target.requests``."""
        ...

    def meddle(self) -> None:
        """Somebody else changes the service's routing."""
        ...


Claim = Callable[[Subject], None]


def reading_changes_nothing(subject: Subject) -> None:
    content = subject.content()
    first, second = subject.target.read(), subject.target.read()
    assert (first.routing, first.token, first.phase) == (second.routing, second.token, second.phase)
    assert first.observed_at.tzinfo is not None
    assert sum(first.routing.shares.values()) == pytest.approx(1)
    assert subject.content() == content
    assert subject.received() == []


def planning_sends_nothing(subject: Subject) -> None:
    content, before = subject.content(), subject.target.read()
    assert subject.target.requests(before, subject.after) == subject.target.requests(before, subject.after)
    assert subject.content() == content
    assert subject.received() == []


def what_is_planned_is_what_is_sent(subject: Subject) -> None:
    before = subject.target.read()
    planned = subject.target.requests(before, subject.after)
    receipt = subject.target.apply(before, subject.after, OP_ID)
    assert receipt.op_id == OP_ID
    assert receipt.answer
    assert "\n" not in receipt.answer
    assert [_spelled(request) for request in subject.received()] == [_spelled(request) for request in planned]


def what_was_applied_is_read_back(subject: Subject) -> None:
    before = subject.target.read()
    subject.target.apply(before, subject.after, OP_ID)
    found = subject.target.read()
    assert same_routing(found.routing, subject.after)
    assert not same_routing(found.routing, before.routing)
    if before.token:
        assert found.token != before.token


def the_inverse_restores_what_was(subject: Subject) -> None:
    before = subject.target.read()
    subject.target.apply(before, subject.after, OP_ID)
    subject.target.apply(subject.target.read(), before.routing, "op-0043")
    assert same_routing(subject.target.read().routing, before.routing)


def a_change_of_somebody_else_is_a_conflict_and_nothing_is_sent(subject: Subject) -> None:
    before = subject.target.read()
    subject.meddle()
    content, received = subject.content(), subject.received()
    with pytest.raises(Conflict) as caught:
        subject.target.apply(before, subject.after, OP_ID)
    assert subject.content() == content
    assert subject.received() == received
    assert caught.value.remedy
    assert caught.value.found is not None
    assert same_routing(caught.value.found.routing, subject.target.read().routing)


def a_plan_is_good_for_one_execution(subject: Subject) -> None:
    before = subject.target.read()
    subject.target.apply(before, subject.after, OP_ID)
    received = subject.received()
    with pytest.raises(Conflict):
        subject.target.apply(before, subject.after, OP_ID)
    assert subject.received() == received


def what_it_cannot_do_is_refused_before_anything_is_sent(subject: Subject) -> None:
    before, caps = subject.target.read(), subject.target.caps
    impossible = []
    if not caps.headers:
        impossible.append(Routing(shares=subject.after.shares, headers={"X-Version": next(iter(subject.after.shares))}))
    if not caps.shadow:
        impossible.append(Routing(shares=subject.after.shares, shadow={next(iter(subject.after.shares)): 0.5}))
    for routing in impossible:
        with pytest.raises(Unsupported):
            subject.target.requests(before, routing)
        with pytest.raises(Unsupported):
            subject.target.apply(before, routing, OP_ID)
    assert subject.received() == []


def a_rehearsal_changes_nothing(subject: Subject) -> None:
    content, before = subject.content(), subject.target.read()
    if subject.target.caps.dry_run:
        assert subject.target.rehearse(before, subject.after)
    else:
        with pytest.raises(Unsupported):
            subject.target.rehearse(before, subject.after)
    assert subject.content() == content
    assert subject.received() == []


def secrets_are_masked(subject: Subject) -> None:
    before = subject.target.read()
    said = [repr(before), repr(subject.target.requests(before, subject.after)), repr(vars(subject.target))]
    said.append(repr(subject.target.apply(before, subject.after, OP_ID)))
    assert not subject.secret or subject.secret not in "\n".join(said)


def it_says_what_it_is(subject: Subject) -> None:
    assert subject.target.name
    assert "\n" not in subject.target.name
    assert subject.target.caps.tested_against


CLAIMS: tuple[Claim, ...] = (
    reading_changes_nothing,
    planning_sends_nothing,
    what_is_planned_is_what_is_sent,
    what_was_applied_is_read_back,
    the_inverse_restores_what_was,
    a_change_of_somebody_else_is_a_conflict_and_nothing_is_sent,
    a_plan_is_good_for_one_execution,
    what_it_cannot_do_is_refused_before_anything_is_sent,
    a_rehearsal_changes_nothing,
    secrets_are_masked,
    it_says_what_it_is,
)


def name(claim: Claim) -> str:
    return claim.__name__


def _spelled(request: TargetRequest) -> tuple[str, list[str], str]:
    """With the operation's id where the plan could only say that one will stand."""
    words = shlex.split(request.where) if request.method == "run" else [request.where]
    return request.method, [word.replace("{op_id}", OP_ID) for word in words], request.body.replace("{op_id}", OP_ID)

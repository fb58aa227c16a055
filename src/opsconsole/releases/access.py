"""Who somebody is to the daemon, and what they may do.

Always true here: roles go by the Unix account and its groups, which the kernel vouches for; an SSH key adds a name to
what is written down and never a right; nothing here asks the operating system.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from opsconsole.config.settings import AccessSetting
from opsconsole.errors import RequestRefused
from opsconsole.wire import Role

EVERYBODY = "*"
_KEY_SHOWN = 18
"""Characters of a key's fingerprint where the person behind it is known: ``SHA256:`` and 66 bits."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who asks the daemon for something."""

    name: str
    """Of the Unix account; ``#4711`` where the machine has no name for it."""
    uid: int
    groups: tuple[str, ...] = ()
    """Names of the account's Unix groups."""
    key: str = ""
    """Fingerprint of the SSH key that they say they came with, ``SHA256:…``; empty where they say none."""
    called: str = ""
    """Whose key that is, by ``access.keys``; empty where it is nobody's."""

    @property
    def who(self) -> str:
        """The person in one word: on a shared account the one behind it, as far as is known."""
        return self.called or self.name

    @property
    def actor(self) -> str:
        """As the journal says it: ``ann``, ``ops (ann, SHA256:AbCdE…)``, and with an unknown key ``ops (SHA256:…)``."""
        if not self.key or self.called == self.name:
            return self.name
        return f"{self.name} ({self.called}, {self.key[:_KEY_SHOWN]}…)" if self.called else f"{self.name} ({self.key})"


ROLES: tuple[Role, ...] = ("viewer", "operator", "approver", "admin")

INCLUDED: Mapping[Role, frozenset[Role]] = {
    "viewer": frozenset({"viewer"}),
    "operator": frozenset({"viewer", "operator"}),
    "approver": frozenset({"viewer", "approver"}),
    "admin": frozenset(ROLES),
}
"""Whoever has a role has these."""


def lacking(held: Collection[Role], role: Role, who: str, account: str, act: str) -> tuple[str, str] | None:
    """Why somebody with these roles may not, and what would satisfy it; None for whoever has the role.

    Every refusal of a role comes from here. ``act`` is what they wanted, as it follows ``may not``.
    """
    if role in held:
        return None
    return (
        f"{who} may not {act}: `access.{role}s` names neither {account} nor a group of theirs",
        f"Whoever owns the home can add {account} there in opsconsole.yaml, and start the daemon again.",
    )


class Access:
    """The rules of one home."""

    def __init__(self, setting: AccessSetting, owner_uid: int) -> None:
        """``owner_uid`` is the account that the home belongs to."""
        self.setting = setting
        self._owner_uid = owner_uid
        self._named: Mapping[Role, tuple[str, ...]] = {
            "viewer": setting.viewers,
            "operator": setting.operators,
            "approver": setting.approvers,
            "admin": setting.admins,
        }

    def roles(self, person: Person) -> tuple[Role, ...]:
        """What somebody is, the least first; empty for a stranger."""
        if person.uid == self._owner_uid:
            return ROLES
        names = {EVERYBODY, person.name, *(f"@{group}" for group in person.groups)}
        given = [INCLUDED[role] for role, named in self._named.items() if not names.isdisjoint(named)]
        return tuple(role for role in ROLES if any(role in each for each in given))

    def has(self, person: Person, role: Role) -> bool:
        return role in self.roles(person)

    def require(self, person: Person, role: Role, act: str) -> None:
        """Raises RequestRefused, with the rule and what would satisfy it, unless this person has this role.

        ``act`` is what they wanted, as it follows ``may not``.
        """
        if (no := lacking(self.roles(person), role, person.actor, person.name, act)) is not None:
            raise RequestRefused(*no)

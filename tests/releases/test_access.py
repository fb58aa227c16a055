"""Roles go by account and group; a key names a person and gives nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.config.settings import AccessSetting
from opsconsole.errors import RequestRefused
from opsconsole.releases.access import INCLUDED, ROLES, Access, Person
from opsconsole.releases.guard import Asking
from opsconsole.releases.guard import is_another as is_another_person
from opsconsole.wire import Role

OWNER = 1000
KEY, OTHER_KEY = "SHA256:" + "a" * 43, "SHA256:" + "b" * 43

LISTS = ("viewers", "operators", "approvers", "admins")
NAMES = st.sampled_from(["ann", "bob", "@ml", "@ops", "*"])
SETTINGS = st.builds(AccessSetting, **{name: st.lists(NAMES, max_size=3).map(tuple) for name in LISTS})
PEOPLE = st.builds(
    Person,
    name=st.sampled_from(["ann", "bob", "eve"]),
    uid=st.integers(OWNER + 1, OWNER + 9),
    groups=st.lists(st.sampled_from(["ml", "ops"]), unique=True).map(tuple),
    key=st.sampled_from(["", KEY]),
    called=st.sampled_from(["", "ann"]),
)


def person(name: str, uid: int = 2000, *groups: str, key: str = "", called: str = "") -> Person:
    return Person(name=name, uid=uid, groups=groups, key=key, called=called)


@pytest.mark.parametrize(
    ("setting", "who", "roles"),
    [
        (AccessSetting(), person("ann", OWNER), ROLES),
        (AccessSetting(), person("bob"), ("viewer",)),
        (AccessSetting(viewers=()), person("bob"), ()),
        (AccessSetting(viewers=("bob",)), person("eve"), ()),
        (AccessSetting(viewers=(), operators=("bob",)), person("bob"), ("viewer", "operator")),
        (AccessSetting(approvers=("@ml",)), person("bob", 2000, "ml"), ("viewer", "approver")),
        (AccessSetting(operators=("ml",)), person("bob", 2000, "ml"), ("viewer",)),
        (AccessSetting(operators=("@bob",)), person("bob"), ("viewer",)),
        (AccessSetting(admins=("@ml",)), person("bob", 2000, "ml"), ROLES),
        (AccessSetting(viewers=()), person("root", 0), ()),
        (AccessSetting(operators=("root",)), person("root", 0), ("viewer", "operator")),
        (AccessSetting(operators=("*",)), person("#4711", 4711), ("viewer", "operator")),
    ],
)
def test_roles_are_those_of_the_table(setting: AccessSetting, who: Person, roles: tuple[Role, ...]) -> None:
    assert Access(setting, OWNER).roles(who) == roles


def test_root_is_admin_of_a_home_of_its_own() -> None:
    assert Access(AccessSetting(viewers=()), 0).roles(person("root", 0)) == ROLES


@given(setting=SETTINGS, who=PEOPLE)
def test_a_higher_role_has_what_the_lower_ones_have(setting: AccessSetting, who: Person) -> None:
    roles = Access(setting, OWNER).roles(who)
    assert all(INCLUDED[role] <= set(roles) for role in roles)
    assert list(roles) == [role for role in ROLES if role in roles]


@given(setting=SETTINGS, who=PEOPLE)
def test_no_key_ever_changes_what_somebody_may_do(setting: AccessSetting, who: Person) -> None:
    without = person(who.name, who.uid, *who.groups)
    assert Access(setting, OWNER).roles(who) == Access(setting, OWNER).roles(without)


def test_a_refusal_names_the_rule_and_what_would_satisfy_it() -> None:
    access = Access(AccessSetting(), OWNER)
    access.require(person("bob"), "viewer", "look")
    with pytest.raises(RequestRefused) as refused:
        access.require(person("bob"), "operator", "pin baselines")
    assert refused.value.message == (
        "bob may not pin baselines: `access.operators` names neither bob nor a group of theirs"
    )
    assert "add bob there in opsconsole.yaml" in refused.value.remedy


@pytest.mark.parametrize(
    ("who", "actor", "word"),
    [
        (person("ann"), "ann", "ann"),
        (person("ann", key=KEY, called="ann"), "ann", "ann"),
        (person("ops", key=KEY, called="ann"), "ops (ann, SHA256:aaaaaaaaaaa…)", "ann"),
        (person("ops", key=KEY), f"ops ({KEY})", "ops"),
    ],
)
def test_the_journal_names_the_account_and_the_person_behind_it(who: Person, actor: str, word: str) -> None:
    assert (who.actor, who.who) == (actor, word)


@pytest.mark.parametrize(
    ("one", "other", "is_another"),
    [
        (person("ann", 1), person("bob", 2), True),
        (person("ann", 1), person("ann", 1), False),
        (person("ops", 3, key=KEY, called="ann"), person("ops", 3, key=OTHER_KEY, called="bob"), True),
        (person("ops", 3, key=KEY, called="ann"), person("ops", 3, key=OTHER_KEY, called="ann"), False),
        (person("ops", 3, key=KEY, called="ann"), person("ops", 3), False),
        (person("ops", 3, key=KEY), person("ops", 3, key=OTHER_KEY), False),
        (person("ops", 3, key=KEY, called="ann"), person("ann", 1), False),
        (person("ops", 3, key=KEY, called="ann"), person("bob", 2), True),
    ],
)
def test_two_people_are_two_only_where_that_is_known(one: Person, other: Person, is_another: bool) -> None:
    for asking, second in ((one, other), (other, one)):
        first = Asking(asking.actor, asking.who, frozenset(), asking.name, bool(asking.called))
        assert is_another_person(first, second.who, second.name, bool(second.called)) is is_another

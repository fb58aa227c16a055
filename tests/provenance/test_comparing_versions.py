"""Two versions are compared part by part; what no digest tells is unclear, never the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from manifests_made import REVISION, manifest, manifests, part, sha
from opsconsole import wire
from opsconsole.provenance import Difference, compare

MIRRORED = {"only left": "only right", "only right": "only left"}


def words(left: tuple[wire.Part, ...], right: tuple[wire.Part, ...]) -> list[tuple[str, str]]:
    return [(each.kind, each.word) for each in compare(manifest(*left), manifest(*right)).parts]


def test_each_part_is_told_in_the_order_of_the_kinds() -> None:
    left = (part("lock", digest=sha("d")), part("model", digest=sha("a")), part("card", digest=sha("f")))
    right = (part("model", digest=sha("b")), part("data", digest=sha("c")), part("lock", "elsewhere", sha("d")))
    assert words(left, right) == [
        ("model", "changed"), ("data", "only right"), ("lock", "same"), ("card", "only left")
    ]  # fmt: skip


def test_the_same_content_in_another_place_under_another_name_is_the_same() -> None:
    assert words((part("model", "s3://a", sha("a"), name="x"),), (part("model", "gs://b", sha("a"), name="y"),)) == [
        ("model", "same")
    ]


def test_two_tags_of_one_name_are_unclear_and_told_why() -> None:
    (found,) = compare(manifest(part("image", "chat:latest")), manifest(part("image", "chat:latest"))).parts
    assert (found.word, found.why) == ("unclear", "nothing pins either")
    (found,) = compare(manifest(part("model")), manifest(part("model", digest=sha("a")))).parts
    assert (found.word, found.why) == ("unclear", "nothing pins one of them")


def test_digests_of_two_kinds_cannot_be_compared() -> None:
    (found,) = compare(
        manifest(part("data", digest=sha("a"))), manifest(part("data", digest="md5:" + "a" * 32))
    ).parts  # fmt: skip
    assert (found.word, found.why) == ("unclear", "their digests are of two kinds: md5 and sha256")


def test_several_parts_of_a_kind_are_matched_by_content_then_name_then_place() -> None:
    left = (
        part("data", "s3://moved", sha("a"), name="old"),
        part("data", "s3://train", sha("b"), name="train"),
        part("data", f"dvc+https://h/r@{REVISION}#eval", "md5:" + "c" * 32),
    )
    right = (
        part("data", "s3://train-2", sha("c"), name="train"),
        part("data", "s3://here", sha("a"), name="new"),
        part("data", f"dvc+https://h/r@{REVISION[::-1]}#eval", "md5:" + "d" * 32),
    )
    pairs = {(each.left.uri, each.right.uri, each.word) for each in compare(manifest(*left), manifest(*right)).parts}  # type: ignore[union-attr]
    assert pairs == {
        ("s3://moved", "s3://here", "same"),
        ("s3://train", "s3://train-2", "changed"),
        (left[2].uri, right[2].uri, "changed"),
    }


def mirrored(found: Difference) -> list[tuple[object, ...]]:
    return [(each.kind, MIRRORED.get(each.word, each.word), each.right, each.left, each.why) for each in found.parts]


def told(found: Difference) -> list[tuple[object, ...]]:
    return [(each.kind, each.word, each.left, each.right, each.why) for each in found.parts]


@given(manifests(), manifests())
def test_the_other_way_round_says_the_same_with_the_sides_exchanged(left: wire.Manifest, right: wire.Manifest) -> None:
    assert told(compare(right, left)) == mirrored(compare(left, right))


@given(manifests(), manifests())
def test_every_part_of_both_stands_in_the_difference_once(left: wire.Manifest, right: wire.Manifest) -> None:
    found = compare(left, right).parts
    key = repr
    assert sorted((each.left for each in found if each.left), key=key) == sorted(left.parts, key=key)
    assert sorted((each.right for each in found if each.right), key=key) == sorted(right.parts, key=key)


@given(manifests(), st.randoms(use_true_random=False))
def test_order_of_the_parts_does_not_matter(left: wire.Manifest, random: object) -> None:
    parts = list(left.parts)
    random.shuffle(parts)  # type: ignore[attr-defined]
    shuffled = wire.Manifest(service="x", version="y", parts=tuple(parts))
    assert {each.word for each in compare(left, shuffled).parts} <= {"same", "unclear"}

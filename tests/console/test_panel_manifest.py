"""Manifests in the console: one, or two side by side, in any size and with any text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests_made import WHOLE, manifest, manifests, part, sha
from opsconsole import wire
from opsconsole.console.glyphs import fold
from opsconsole.console.lines import line_width, plain
from opsconsole.console.panels.manifest import WORDS, manifest_lines
from opsconsole.console.text import is_safe

LEFT = manifest(*WHOLE, part("image", "chat:latest"), version="v41", added_by="amira", origin="git, dvc")
RIGHT = manifest(
    part("model", digest=sha("e"), name="harbor-chat-2.1"), *WHOLE[1:3], part("image", "chat:latest"),
    part("card", "wiki/42"), added_by="ben", origin="flags",
)  # fmt: skip


def text(left: wire.Manifest | None, right: wire.Manifest | None, width: int = 80, height: int = 22) -> str:
    return "\n".join(plain(each).rstrip() for each in manifest_lines(left, right, width, height))


def row(shown: str, kind: str) -> str:
    return next(line for line in shown.split("\n") if line.startswith(f" {kind}"))


@pytest.mark.parametrize("width", [80, 160])
def test_two_stand_beside_each_other_with_sign_and_digest(width: int) -> None:
    shown = text(LEFT, RIGHT, width)
    assert "chat-assist v41" in shown.split("\n")[0]
    assert "chat-assist v42" in shown.split("\n")[0]
    assert row(shown, "model").split() >= ["model", "▲"]
    assert "harbor-chat-2.1" in row(shown, "model")
    assert "sha256:aaaaaaaaaaaa" in shown
    assert "sha256:eeeeeeeeeeee" in shown
    assert "= 2 same  ▲ 1 changed  ? 1 unclear  < 1 only left  > 1 only right" in shown


def test_a_wide_screen_says_the_word_beside_the_sign() -> None:
    wide = text(LEFT, RIGHT, 160)
    assert ["▲ changed" in row(wide, "model"), "= same" in row(wide, "data"), "? unclear" in row(wide, "image")] == [
        True
    ] * 3
    assert "▲ changed" not in row(text(LEFT, RIGHT), "model")


def test_what_keeps_each_from_being_made_again_stands_in_its_column() -> None:
    verdicts = text(manifest(*WHOLE), RIGHT).split("\n")[2]
    assert "✔ can be made again" in verdicts
    assert "✖ open: lock, image" in verdicts


def test_one_alone_has_one_column() -> None:
    for shown in (text(RIGHT, None), text(None, RIGHT)):
        assert "chat-assist v42" in shown
        assert not {sign.sign for sign in WORDS.values()} & set(row(shown, "model").split())
        assert "only" not in shown
        assert "by ben, from flags" in shown


def test_none_says_how_one_is_registered() -> None:
    assert text(None, None) == "no version is registered: opsconsole version add" + "\n" * 21


def test_a_low_screen_says_a_part_in_one_line_and_counts_what_it_has_no_room_for() -> None:
    low = text(LEFT, RIGHT, height=11)
    assert "sha256:aaaaaaa s3://parts/model…" in row(low, "model")
    assert "card" in low
    assert "… 4 more" in text(LEFT, RIGHT, height=7)


def test_a_revision_in_the_place_counts_as_its_digest() -> None:
    shown = text(manifest(part("code", f"https://h/r@{'a' * 40}", name="r")), None)
    assert "git:aaaaaaaaaaaa" in shown
    assert "no digest" not in shown


def test_ascii_tells_the_same_words_apart() -> None:
    assert len({fold(sign.sign) for sign in WORDS.values()}) == len(WORDS)
    assert "?" not in {fold(sign.sign) for name, sign in WORDS.items() if name != "unclear"}


@given(st.none() | manifests(), st.none() | manifests(), st.sampled_from((40, 80, 120, 160)), st.integers(0, 30))
def test_any_text_is_safe_and_the_block_is_exactly_as_large_as_asked_for(
    left: wire.Manifest | None, right: wire.Manifest | None, width: int, height: int
) -> None:
    shown = manifest_lines(left, right, width, height)
    assert [line_width(each) for each in shown] == [width] * height
    assert all(is_safe(piece.text) for each in shown for piece in each)

"""What is fixed is told from what may move, and each is told in words."""

from __future__ import annotations

import pytest

from manifests_made import REVISION, part, sha
from opsconsole import wire
from opsconsole.provenance.pins import pin_of, short_digest, source_of, why_moving


@pytest.mark.parametrize(
    ("given", "strength", "scheme"),
    [
        (part("model", digest=sha("a")), "content", "sha256"),
        (part("data", digest="md5:" + "a" * 32 + ".dir"), "content", "md5"),
        (part("data", digest="md5-dos2unix:" + "a" * 32), "content", "md5-dos2unix"),
        (part("model", digest="sha256tree:" + "a" * 64), "content", "sha256tree"),
        (part("image", f"registry:5000/chat@{sha('a')}"), "content", "sha256"),
        (part("code", f"https://host/org/repo.git@{REVISION}"), "revision", "git"),
        (part("code", "https://host/org/repo.git@main", REVISION), "revision", "git"),
        (part("config", f"git+git@host:org/repo.git@{REVISION}#params.yaml"), "revision", "git"),
        (part("model", f"hf://org/model@{REVISION}"), "revision", "git"),
        (part("model", "models:/fraud/3"), "revision", "registry"),
        (part("model", "models:/fraud/3", "mlflow:m-ec9e760fec5f40ecb73ae86a6481a8f1"), "revision", "mlflow"),
        (part("data", digest="mlflow-dataset:4ee31f24"), "weak", "mlflow-dataset"),
    ],
)  # fmt: skip
def test_digest_or_revision_fixes_a_part(given: wire.Part, strength: str, scheme: str) -> None:
    assert (pin_of(given).strength, pin_of(given).scheme) == (strength, scheme)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (part("model"), "has no digest"),
        (part("model", digest="sha256:abc"), "has a digest that is none: sha256:abc"),
        (part("model", "models:/fraud@champion"), "alias"),
        (part("model", "models:/fraud/Production"), "stage"),
        (part("code", "https://host/repo.git@main"), "`main`"),
        (part("code", "https://host/repo.git@feature/longer"), "`feature/longer`"),
        (part("code", "https://user@host/repo.git"), "names no revision"),
        (part("code", "git@host:org/repo.git"), "names no revision"),
        (part("code", "https://host/repo.git@1f2e3d4"), "short revision"),
        (part("code", f"https://host/repo.git@{REVISION}-dirty"), "uncommitted code, on top of 1f2e3d4c5b6a"),
        (part("image", "registry:5000/chat:stable"), "`stable`"),
        (part("image", "registry:5000/chat"), "`latest`"),
        (part("data", digest="mlflow-dataset:4ee31f24"), "too weak"),
    ],
)
def test_what_may_move_is_told_why(given: wire.Part, why: str) -> None:
    assert not pin_of(given).is_fixed
    assert why in why_moving(given)


def test_an_at_in_an_address_is_no_revision() -> None:
    source = source_of(part("code", f"ssh://git@host/org/repo.git@{REVISION}"))
    assert source is not None
    assert (source.repository, source.revision) == ("ssh://git@host/org/repo.git", REVISION)
    assert source_of(part("model", "s3://bucket/a@b.bin")) is None


def test_a_digest_is_cut_behind_its_scheme() -> None:
    assert short_digest(sha("a")) == "sha256:aaaaaaaaaaaa"
    assert short_digest(REVISION, 7) == "1f2e3d4"
    assert short_digest("") == ""

"""Manifests for tests: parts by hand, and any that a stranger might write."""

from __future__ import annotations

from typing import Any, get_args

from hypothesis import strategies as st

from opsconsole import wire

REVISION = "1f2e3d4c5b6a79880123456789abcdef01234567"


def sha(digit: str) -> str:
    return f"sha256:{digit * 64}"


def part(kind: wire.PartKind, uri: str = "", digest: str = "", **more: Any) -> wire.Part:
    return wire.Part(kind=kind, uri=uri or f"s3://parts/{kind}.bin", digest=digest, **more)


def manifest(*parts: wire.Part, version: str = "v42", **more: Any) -> wire.Manifest:
    return wire.Manifest(service="chat-assist", version=version, parts=parts, **more)


WHOLE = (part("model", digest=sha("a")), part("data", digest=sha("b")), part("config", digest=sha("c")),
         part("lock", "https://parts.example.org/requirements.lock", sha("d")))  # fmt: skip
"""The four parts that a version is made of, each fixed."""

KINDS = st.sampled_from(get_args(wire.PartKind))
HOSTILE = (
    "$(touch pwned)", "`id`", "'; touch pwned; '", '" $HOME "', "-rf", "--upload-pack=touch pwned", "a b", "*", "~",
    "\\", "#x", "!x", "a\ntouch pwned",
)  # fmt: skip
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs",), exclude_characters="\0"), max_size=12
) | st.sampled_from(HOSTILE)
URIS = st.one_of(
    TEXTS,
    st.builds(
        "{}{}".format,
        st.sampled_from(
            ("s3://b/", "gs://b/", "https://h/", "/", "file:///", "models:/", "runs:/", "git+https://h/r@", "git+",
             "dvc+https://h/r@main#", "hf://o/m@", "ext::sh -c ", "git@h:o/r@", "docker://")
        ),
        TEXTS,
    ),
    st.builds("{}https://h/r{}@{}#{}".format, st.sampled_from(("git+", "dvc+")), TEXTS, TEXTS, TEXTS),
)  # fmt: skip
DIGESTS = st.sampled_from(
    (
        "", sha("a"), sha("b"), f"md5:{'a' * 32}", f"md5:{'b' * 32}.dir", REVISION, f"sha256tree:{'c' * 64}",
        "mlflow:m-1", "mlflow-dataset:4ee31f24",
    )
)  # fmt: skip
PARTS = st.builds(
    wire.Part,
    kind=KINDS,
    uri=URIS,
    digest=DIGESTS,
    name=st.sampled_from(("", "one", "two")) | TEXTS,
    caveat=st.just(""),
)


def manifests(parts: st.SearchStrategy[wire.Part] = PARTS, most: int = 6) -> st.SearchStrategy[wire.Manifest]:
    return st.builds(
        wire.Manifest, service=TEXTS, version=TEXTS, parts=st.lists(parts, max_size=most, unique=True).map(tuple)
    )

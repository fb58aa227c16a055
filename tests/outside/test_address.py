"""An address that is a secret is shown by its host alone, and no piece of it that tells is ever quoted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.errors import ConfigError
from opsconsole.outside import address
from opsconsole.outside.secrets import Secret, masked

_WORD = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789-_", min_size=12, max_size=40)


@given(st.lists(_WORD, min_size=1, max_size=4), st.lists(st.tuples(_WORD, _WORD), max_size=3))
def test_no_long_piece_of_a_secret_address_survives_masking(path: list[str], query: list[tuple[str, str]]) -> None:
    url = f"https://hooks.example.org/{'/'.join(path)}"
    if query:
        url += "?" + "&".join(f"{name}={value}" for name, value in query)
    found = address.secret(Secret("$URL", url), is_plain_allowed=False)
    assert (found.host, found.shown) == ("hooks.example.org", "https://hooks.example.org/***")
    pieces = [url, *path, *(value for _, value in query)]
    said = masked(" said ".join(pieces), found.secrets)
    assert not any(piece in said for piece in pieces)
    assert not any(piece in repr(found) for piece in pieces)


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("https://ann:hunter2@example.org", "has a password in it"),
        ("http://example.org", "is not encrypted"),
        ("example.org/x", "is no address of HTTP"),
        ("https://", "is no address of HTTP"),
        ("https://exa mple.org:x", "is no address"),
    ],
)
def test_what_is_no_address_for_credentials_is_refused(url: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        address.plain(url, is_plain_allowed=False)


def test_this_machine_may_be_spoken_to_in_the_clear() -> None:
    for url in ("http://127.0.0.1:9093/", "http://localhost:9093", "http://[::1]:9093"):
        assert address.plain(url, is_plain_allowed=False).url == url.rstrip("/")

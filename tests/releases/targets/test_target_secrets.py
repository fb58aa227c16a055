"""A secret is read where it is kept, refused where others can read it, and shown nowhere."""

from __future__ import annotations

import pickle
import traceback
from pathlib import Path

import pytest
from subjects import SECRET, site

from opsconsole.errors import ConfigError
from opsconsole.outside.secrets import Secret, SecretFrom, masked
from opsconsole.releases.targets.base import AuthFailed


def kept(directory: Path, text: str = SECRET + "\n", mode: int = 0o600) -> SecretFrom:
    path = directory / "token"
    path.write_text(text)
    path.chmod(mode)
    return SecretFrom(file=Path("token"))


def test_a_secret_of_the_environment_is_read_with_its_prefix(tmp_path: Path) -> None:
    source = SecretFrom(env="TOKEN", prefix="Bearer ").at(site(tmp_path, {"TOKEN": SECRET}))
    assert source.secret().reveal() == f"Bearer {SECRET}"


def test_a_secret_shows_itself_nowhere(tmp_path: Path) -> None:
    here = site(tmp_path, {"TOKEN": SECRET})
    source = SecretFrom(env="TOKEN").at(here)
    secret = source.secret()
    shown = [repr(secret), str(secret), f"{secret}", f"{[secret]}", repr(source), repr(here)]
    with pytest.raises(TypeError) as caught:
        pickle.dumps(secret)
    shown += traceback.format_exception(caught.value)
    assert SECRET not in "".join(shown)


def test_a_file_is_read_again_so_a_renewed_token_counts(tmp_path: Path) -> None:
    source = kept(tmp_path, "first").at(site(tmp_path))
    kept(tmp_path, "second")
    assert source.secret().reveal() == "second"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_file_that_others_can_touch_is_refused_with_the_command_that_mends_it(mode: int, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        kept(tmp_path, mode=mode).at(site(tmp_path))
    assert caught.value.remedy == f"chmod 600 {tmp_path / 'token'}"


@pytest.mark.parametrize(
    ("text", "complaint"), [("", "is empty"), ("\n", "is empty"), ("a\nb", "control characters"), ("a\x1b", "control")]
)
def test_what_cannot_be_a_secret_is_refused(text: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=complaint):
        kept(tmp_path, text).at(site(tmp_path))


def test_a_secret_that_went_away_is_a_matter_of_credentials(tmp_path: Path) -> None:
    source = kept(tmp_path).at(site(tmp_path))
    (tmp_path / "token").unlink()
    with pytest.raises(AuthFailed, match="No such file"):
        source.secret()


def test_text_that_echoes_a_secret_is_masked() -> None:
    secrets = [Secret("$A", f"Bearer {SECRET}"), Secret("$B", "short")]
    assert masked(f"no: {SECRET}, Bearer {SECRET}, short", secrets) == "no: ***, ***, ***"

"""Where an instance lives, and what it must not take over."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from opsconsole.errors import UsageError
from opsconsole.home import Home


def test_a_home_is_private(tmp_path: Path) -> None:
    home = Home(tmp_path / "h")
    home.create()
    assert stat.S_IMODE(home.directory.stat().st_mode) == 0o700


def test_a_directory_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(UsageError, match="holds other things"):
        Home(tmp_path).create()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_directory_with_a_configuration_is_a_home(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "opsconsole.yaml").touch()
    Home(tmp_path).create()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_a_path_too_long_for_a_socket_is_refused_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="too long"):
        Home(tmp_path / ("x" * 120)).create()

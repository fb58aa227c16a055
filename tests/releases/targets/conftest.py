"""What several of these tests share: a server that takes long to start, and assertions that explain themselves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tracking_server import Tracking, tracking_server

pytest.register_assert_rewrite("clusters", "contract", "subjects")


@pytest.fixture(scope="session")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracking]:
    """One for all tests: who changes something in it changes what nobody else looks at."""
    with tracking_server(tmp_path_factory.mktemp("mlflow")) as there:
        yield there

"""Assertions in the modules that several of these tests share explain themselves, too."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("clusters", "contract", "subjects")

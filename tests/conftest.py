"""Shared by all tests: markers by path. Fixtures of a domain live in ``tests/fixtures/``, the environment in
``environment.py``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.shared import *  # noqa: F403 - the fixtures that all tests share

TESTS = Path(__file__).parent
KINDS = {"unit", "phase1", "phase2", "phase3", "phase4", "platform", "integration", "e2e", "performance"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with the names of its folders: tests/unit/phase1/… is ``unit and phase1``."""
    for item in items:
        if item.path.is_relative_to(TESTS):
            for folder in item.path.relative_to(TESTS).parts[:-1]:
                if folder in KINDS:
                    item.add_marker(folder)

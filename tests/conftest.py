"""Shared by all tests: markers by path. Fixtures of a domain live in ``tests/fixtures/``, the environment in
``environment.py``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from tests import browser, database
from tests.fixtures.outbound import *  # noqa: F403 - what tests of outbound messages share
from tests.fixtures.shared import *  # noqa: F403 - the fixtures that all tests share

TESTS = Path(__file__).parent
KINDS = {"unit", "phase1", "phase2", "phase3", "phase4", "platform", "integration", "e2e", "performance"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with the names of its folders: tests/unit/phase1/… is ``unit and phase1``; let none hide another."""
    for item in items:
        if not item.path.is_relative_to(TESTS):
            continue
        place = item.path.relative_to(TESTS)
        for folder in place.parts[:-1]:
            if folder in KINDS:
                item.add_marker(folder)
    twice = [nodeid for nodeid, count in Counter(item.nodeid for item in items).items() if count > 1]
    if twice:
        raise pytest.UsageError(f"Tests of one id: only one of them would run on several workers: {twice[:5]}")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """Make the test database a copy of the migrated template."""
    with django_db_blocker.unblock():
        connection.settings_dict["TEST"]["TEMPLATE"] = database.migrated_template()


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    """Launch the system's Chromium where there is one; Playwright's own download does not work everywhere."""
    return browser.launch_options()

"""Where files are in these tests: a folder of each test's own, or a bucket of a real S3 server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.media.storage import Files, files
from tests.fixtures.media import Sender
from tests.fixtures.seaweed import BUCKET, Bucket, serving_bucket


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """SeaweedFS, once per process."""
    with serving_bucket(tmp_path_factory.mktemp("s3")) as bucket:
        yield bucket


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Files:
    """Files in a folder."""
    local = {"BACKEND": "apps.media.storage.LocalFiles", "OPTIONS": {"location": str(tmp_path / "media")}}
    settings.STORAGES = {**settings.STORAGES, "default": local}
    return files()


@pytest.fixture
def bucket(settings: Any, s3_server: Bucket) -> Files:
    """Files in a bucket."""
    settings.AWS_S3_ENDPOINT_URL = s3_server.endpoint
    settings.S3_BUCKET_NAME = BUCKET
    settings.STORAGES = {**settings.STORAGES, "default": s3_server.storage}
    return files()


@pytest.fixture(params=["folder", "bucket"])
def storage(request: pytest.FixtureRequest) -> Files:
    """Files in either: what the test says holds for both."""
    found: Files = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def sender(storage: Files, api_client: Any) -> Sender:
    """A program with a manager's key that uploads."""
    return Sender(api_client)

"""S10: every operation of the API with generated input, as an administrator: never a failure of ours.

A few examples each; `FUZZ_EXAMPLES=25 pytest tests/integration/test_api_fuzzing.py` also goes through the borders of
every parameter, which takes minutes.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import schemathesis
from django.db import models
from django.urls import resolve
from hypothesis import HealthCheck, Phase, settings

from apps.organizations.models import Organization
from tests.fixtures.anything import any_row
from tests.fixtures.clients import PortalApiClient
from tests.fixtures.shared import api_client_for

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "4"))
DEEP = "FUZZ_EXAMPLES" in os.environ
schema = schemathesis.openapi.from_path(Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml")


@pytest.fixture
def administrator_client(administrator, settings) -> PortalApiClient:
    settings.API_RATE_LIMIT = "1000000/min"
    client = api_client_for(administrator)
    client.raise_request_exception = False
    return client


@pytest.fixture
def rows() -> dict[type, models.Model]:
    """The row of each model that the examples of one operation share."""
    return {}


def with_real_ids(case: schemathesis.Case, rows: dict[type, models.Model], organization: Organization) -> None:
    """Put the id of a row that exists into the path, where the operation is about one."""
    nobody = str(uuid.UUID(int=0))
    ids = re.findall(r"{(\w+)}", case.operation.path)
    if not ids:
        return
    view = resolve(re.sub(r"{\w+}", nobody, case.operation.path)).func
    queryset = getattr(view.cls, "queryset", None)
    if queryset is not None:
        if queryset.model not in rows:
            rows[queryset.model] = any_row(queryset.model, organization)
        case.path_parameters = {**dict.fromkeys(ids, nobody), "id": str(rows[queryset.model].pk)}


def send(client: PortalApiClient, case: schemathesis.Case) -> int:
    """Send the case as it would go over the wire, under the client's key; return the status."""
    prepared = requests.Request(**case.as_transport_kwargs(base_url="http://testserver")).prepare()
    address = urlsplit(prepared.url)
    headers = {
        name: value for name, value in prepared.headers.items() if name not in {"Authorization", "Content-Length"}
    }
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body or b""
    content_type = headers.pop("Content-Type", "application/json")
    path = f"{address.path}?{address.query}" if address.query else address.path
    return client.generic(prepared.method, path, body, content_type=content_type, headers=headers).status_code


def fuzzing_of(path: str, method: str) -> Callable[..., None]:
    """Return the test of one operation."""

    @schema.include(path=path, method=method).parametrize()
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate] if DEEP else [Phase.generate],
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    def fuzzing(case, administrator_client, rows, organization):
        assert send(administrator_client, case) < 500
        with_real_ids(case, rows, organization)
        assert send(administrator_client, case) < 500

    return fuzzing


# A function for each: of many tests that schemathesis makes of one function pytest knows one id, and xdist runs one.
for found in schema.get_all_operations():
    operation = found.ok()
    name = re.sub(r"\W+", "_", f"{operation.method}_{operation.path.removeprefix('/api/v1')}").strip("_").lower()
    globals()[f"test_no_input_makes_{name}_fail"] = fuzzing_of(operation.path, operation.method)

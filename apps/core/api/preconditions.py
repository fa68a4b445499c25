"""Optimistic locking: which version of an object the caller has read."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.request import Request

from apps.core.api.problems import Malformed

_ETAG = re.compile(r'^(?:W/)?"(\d{1,9})"$')


def etag(version: int) -> str:
    """Return the entity tag of an object's version."""
    return f'"{version}"'


def expected_version(request: Request, data: dict[str, Any] | None = None) -> int | None:
    """Return the version that the caller read, from `If-Match` or the validated body's `version`; None means any.

    Takes `version` out of the data, so that what is left are changes. `If-Match` wins when both are given; a tag
    that is none of ours raises Malformed. Hand the answer to the service, which raises StaleVersion.
    """
    stated = data.pop("version", None) if data is not None else None
    header = request.headers.get("If-Match", "").strip()
    if header in {"", "*"}:
        return stated
    match = _ETAG.match(header)
    if match is None:
        raise Malformed(_('If-Match must be the ETag of an earlier answer, for example "3".'), code="invalid_if_match")
    return int(match[1])

"""Addresses of one stored file for some minutes: signed, not stored. Used where files are in a folder of this machine.

An address says which key, what for (an upload's never reads, a reading's never writes), and for whose session. It
holds no name of a person or a file.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.core import signing

_UPLOAD, _READING = "media.upload", "media.reading"


@dataclass(frozen=True, slots=True)
class UploadLink:
    """Leave to store at most `max_bytes` under one key."""

    key: str
    max_bytes: int


@dataclass(frozen=True, slots=True)
class ReadingLink:
    """Leave to read one key as a type, inline or as an attachment; with a `user_id`, in that person's session only."""

    key: str
    content_type: str
    inline: bool
    user_id: str


def sign_upload(*, key: str, max_bytes: int) -> str:
    """Return the token of one upload."""
    return signing.dumps([key, max_bytes], salt=_UPLOAD, compress=False)


def open_upload(token: str, *, lasting: dt.timedelta) -> UploadLink | None:
    """Return what the token allows; None for a forged, expired or foreign one."""
    try:
        key, max_bytes = signing.loads(token, salt=_UPLOAD, max_age=lasting)
    except signing.BadSignature:
        return None
    return UploadLink(key, max_bytes)


def sign_reading(*, key: str, content_type: str, inline: bool, user_id: str) -> str:
    """Return the token of one reading."""
    return signing.dumps([key, content_type, inline, user_id], salt=_READING, compress=False)


def open_reading(token: str, *, lasting: dt.timedelta) -> ReadingLink | None:
    """Return what the token allows; None for a forged, expired or foreign one."""
    try:
        key, content_type, inline, user_id = signing.loads(token, salt=_READING, max_age=lasting)
    except signing.BadSignature:
        return None
    return ReadingLink(key, content_type, inline, user_id)

"""Where files are: a bucket, or a folder of this machine, behind one interface.

Both are Django storages (`storages["default"]`) with three things more: a form that a browser posts a file with,
straight to the storage; an address from which one key can be read for some minutes; and a listing by age. A bucket
signs with its own keys; for the folder, `links.py` signs addresses that our own views answer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol, cast

from botocore.config import Config
from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, storages
from django.urls import reverse
from django.utils import timezone
from storages.backends.s3 import S3Storage

from apps.media import links

UPLOAD_FOR = dt.timedelta(minutes=15)
READ_FOR = dt.timedelta(minutes=5)
FILE_FIELD = "file"


@dataclass(frozen=True, slots=True)
class UploadForm:
    """What to send where: POST `fields` and then the file as FILE_FIELD, as multipart/form-data.

    `url` is a path when it is one of ours: on whatever host somebody uses the portal, the page's policy allows it.
    """

    url: str
    expires_at: dt.datetime
    max_bytes: int
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a key is handed out. `inline` only for what a page can't run: our own pictures, sound, film."""

    content_type: str
    inline: bool = False
    user_id: str = ""

    @property
    def disposition(self) -> str:
        return "inline" if self.inline else "attachment"


@dataclass(frozen=True, slots=True)
class StoredKey:
    """One entry of the listing; `modified_at` is UTC."""

    key: str
    modified_at: dt.datetime


class Files(Protocol):
    """What the rest of the app needs of a storage. `open` and `size` raise FileNotFoundError for a key without bytes."""

    def open(self, name: str, mode: str = "rb") -> File: ...
    def save(self, name: str, content: File, max_length: int | None = None) -> str: ...
    def size(self, name: str) -> int: ...
    def exists(self, name: str) -> bool: ...
    def delete(self, name: str) -> None: ...
    def upload_form(self, key: str, *, max_bytes: int) -> UploadForm: ...
    def reading_url(self, key: str, reading: Reading) -> str: ...
    def listing(self, prefix: str) -> Iterator[StoredKey]: ...


def files() -> Files:
    """Return the storage that the settings name."""
    return cast("Files", storages["default"])


class LocalFiles(FileSystemStorage):
    """A folder that only the portal's own user can read. Nothing in it has a lasting address."""

    def __init__(self, location: str) -> None:
        super().__init__(
            location=location, file_permissions_mode=0o600, directory_permissions_mode=0o700, allow_overwrite=True
        )

    def upload_form(self, key: str, *, max_bytes: int) -> UploadForm:
        """Return the form of one upload; signing takes no network."""
        token = links.sign_upload(key=key, max_bytes=max_bytes)
        return UploadForm(
            url=reverse("media:store", args=[token]),
            expires_at=timezone.now() + UPLOAD_FOR,
            max_bytes=max_bytes,
            fields={"key": key},
        )

    def reading_url(self, key: str, reading: Reading) -> str:
        """Return an address of our own view that answers this key, in this way, for READ_FOR."""
        token = links.sign_reading(
            key=key, content_type=reading.content_type, inline=reading.inline, user_id=reading.user_id
        )
        return reverse("media:stored", args=[token, key.rsplit("/", 1)[-1]])

    def listing(self, prefix: str) -> Iterator[StoredKey]:
        """Yield every file below the prefix."""
        folders, names = self.listdir(prefix) if self.exists(prefix) else ([], [])
        for name in names:
            key = f"{prefix}/{name}"
            yield StoredKey(key, self.get_modified_time(key))
        for folder in folders:
            yield from self.listing(f"{prefix}/{folder}")


class BucketFiles(S3Storage):
    """A private bucket of S3 or of a server that speaks its language. Every method but the two that sign uses the network."""

    def get_default_settings(self) -> dict[str, object]:
        """Say what does not come from the environment: private objects, version 4 signatures, short time-outs.

        A server of one's own rarely has a name per bucket, so there the bucket stands in the path.
        """
        return super().get_default_settings() | {
            "default_acl": None,
            "querystring_auth": True,
            "file_overwrite": True,
            "max_memory_size": 1024 * 1024,
            "client_config": Config(
                signature_version="s3v4",
                connect_timeout=3,
                read_timeout=20,
                retries={"max_attempts": 2, "mode": "standard"},
                s3={"addressing_style": "path" if settings.AWS_S3_ENDPOINT_URL else "virtual"},
            ),
        }

    def upload_form(self, key: str, *, max_bytes: int) -> UploadForm:
        """Return a presigned POST for exactly this key and at most so many bytes; signing takes no network."""
        presigned = self.connection.meta.client.generate_presigned_post(
            self.bucket_name,
            key,
            Fields={"Content-Type": "application/octet-stream"},
            Conditions=[{"Content-Type": "application/octet-stream"}, ["content-length-range", 1, max_bytes]],
            ExpiresIn=int(UPLOAD_FOR.total_seconds()),
        )
        return UploadForm(
            url=presigned["url"],
            expires_at=timezone.now() + UPLOAD_FOR,
            max_bytes=max_bytes,
            fields=presigned["fields"],
        )

    def reading_url(self, key: str, reading: Reading) -> str:
        """Return a presigned GET that answers with our type and disposition; signing takes no network."""
        return self.url(
            key,
            parameters={
                "ResponseContentType": reading.content_type,
                "ResponseContentDisposition": reading.disposition,
                "ResponseCacheControl": "private, max-age=300",
            },
            expire=int(READ_FOR.total_seconds()),
        )

    def listing(self, prefix: str) -> Iterator[StoredKey]:
        """Yield every object below the prefix, a thousand per request."""
        for entry in self.bucket.objects.filter(Prefix=f"{prefix}/"):
            yield StoredKey(entry.key, entry.last_modified)

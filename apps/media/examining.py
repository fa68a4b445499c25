"""The one door for bytes: what they are, how many, their hash, and what is made of them. Network and CPU, no database.

Every file goes through here, uploaded or fetched: what is kept is what was examined, from a copy of our own, so that
nobody can exchange it in between.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

from django.core.files.base import File
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from apps.media import pictures
from apps.media.kinds import ALLOWED_IN_WORDS, CHUNK_BYTES, KINDS, Group, Kind, claimed_kind, recognise

IN_MEMORY_BYTES = 1024 * 1024


class Unacceptable(Exception):
    """Bytes that are not taken in: `code` for programs, the text, with a remedy, for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Received:
    """A private copy of the bytes, with what was measured while it was made."""

    stream: BinaryIO
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Examined:
    """What the bytes are."""

    received: Received
    kind: Kind


def most_bytes() -> int:
    """Return the most that any file may have."""
    return max(kind.limit for kind in KINDS.values())


def too_large(limit: int) -> Unacceptable:
    """Return the refusal of a file above a limit."""
    return Unacceptable(
        "too_large",
        _("The file is larger than %(limit)s. Send a smaller one, or only the part that matters.")
        % {"limit": filesizeformat(limit)},
    )


def wrong_type(said: Kind | None = None) -> Unacceptable:
    """Return the refusal of a type that is not allowed; it names those that are, and what the file only is called."""
    text = _("This type of file is not accepted. Accepted are: %(types)s.") % {"types": ALLOWED_IN_WORDS}
    if said is not None:
        text = _("The file is called %(said)s, but that is not what is in it.") % {"said": said.label} + " " + text
    return Unacceptable("type_not_allowed", text)


@contextmanager
def received(chunks: Iterable[bytes], *, limit: int) -> Iterator[Received]:
    """Copy the chunks into a private temporary file while measuring; raise Unacceptable as soon as there are too many."""
    digest, size = hashlib.sha256(), 0
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as copy:
        for chunk in chunks:
            size += len(chunk)
            if size > limit:
                raise too_large(limit)
            digest.update(chunk)
            copy.write(chunk)
        if size == 0:
            raise Unacceptable("empty", _("The file is empty. Choose it again."))
        copy.seek(0)
        yield Received(cast("BinaryIO", copy), size, digest.hexdigest())


def chunks_of(stream: BinaryIO | File[bytes]) -> Iterator[bytes]:
    """Yield a stream piece by piece."""
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk


def examine(copy: Received, *, claimed_type: str, file_name: str) -> Examined:
    """Say what the bytes are; raise Unacceptable for a type or size that is not allowed, or another one than was said."""
    kind, said = recognise(copy.stream), claimed_kind(claimed_type, file_name)
    if kind is None:
        raise wrong_type(said)
    if copy.size > kind.limit:
        raise too_large(kind.limit)
    if said is not None and not _is_same(said.group, kind.group):
        raise Unacceptable(
            "type_mismatch",
            _("The file is called %(said)s, but it is %(found)s. Save it again in the right format, then send it.")
            % {"said": said.label, "found": kind.label},
        )
    return Examined(copy, kind)


def make_pictures(examined: Examined) -> pictures.Pictures:
    """Make what is kept and shown instead of an image, and the first page of a PDF; raise Unacceptable for broken ones."""
    try:
        if examined.kind.group == Group.IMAGE:
            return pictures.remake(examined.received.stream, examined.kind.content_type)
        if examined.kind.group == Group.PDF:
            return pictures.first_page(examined.received.stream)
    except pictures.TooManyPixels as error:
        raise Unacceptable(
            "too_many_pixels", _("The picture has too many pixels. Make it smaller, then send it again.")
        ) from error
    except pictures.Unreadable as error:
        raise Unacceptable(
            "unreadable", _("The file is damaged and can’t be opened. Save it again, then send it.")
        ) from error
    return pictures.Pictures()


def _is_same(said: Group, found: Group) -> bool:
    """Sound and film share their containers, text and cards their letters: those are not a false name."""
    pairs = ({Group.AUDIO, Group.VIDEO}, {Group.TEXT, Group.CARD})
    return said == found or any({said, found} <= pair for pair in pairs)

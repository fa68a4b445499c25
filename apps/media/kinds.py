"""What may be uploaded: the allowed types, their limits, and how their bytes are told. No database.

A browser's or a carrier's word for a type is a claim; what counts is what the first bytes say (`filetype`), and for
the formats that have none (text, vCard) that every byte is text. Nothing here is ever shown inline as it came.
"""

from __future__ import annotations

import codecs
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import BinaryIO

import filetype
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

HEAD_BYTES = 8192
CHUNK_BYTES = 256 * 1024
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_TEXT_CONTROLS = frozenset(range(32)) - {9, 10, 12, 13}
_WORDS = {
    "application/x-pdf": "application/pdf",
    "audio/amr-nb": "audio/amr",
    "audio/m4a": "audio/mp4",
    "audio/mp3": "audio/mpeg",
    "audio/opus": "audio/ogg",
    "audio/vnd.wave": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/x-m4a": "audio/mp4",
    "audio/x-wav": "audio/wav",
    "application/ogg": "audio/ogg",
    "image/heic-sequence": "image/heic",
    "image/heif": "image/heic",
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "text/directory": "text/vcard",
    "text/x-vcard": "text/vcard",
    "video/x-m4v": "video/mp4",
}


class Group(StrEnum):
    """Types that are limited, shown and mistaken for each other alike."""

    IMAGE = "image"
    PDF = "pdf"
    TEXT = "text"
    WORD = "word"
    AUDIO = "audio"
    VIDEO = "video"
    CARD = "card"


@dataclass(frozen=True, slots=True)
class Kind:
    """One allowed type: its media type, the extensions it goes by (the first is ours), its name for people."""

    content_type: str
    group: Group
    extensions: tuple[str, ...]
    label: str | Promise

    @property
    def limit(self) -> int:
        """Return the most bytes that a file of this kind may have."""
        return settings.MEDIA_LIMITS[self.group.value]

    @property
    def extension(self) -> str:
        return self.extensions[0]

    @property
    def plays(self) -> bool:
        """Tell whether a browser plays it as it is; sound and film hold nothing that a page could run."""
        return self.group in (Group.AUDIO, Group.VIDEO)


_KINDS = (
    Kind("image/jpeg", Group.IMAGE, ("jpg", "jpeg", "jfif"), "JPEG"),
    Kind("image/png", Group.IMAGE, ("png",), "PNG"),
    Kind("image/webp", Group.IMAGE, ("webp",), "WebP"),
    Kind("image/gif", Group.IMAGE, ("gif",), "GIF"),
    Kind("image/heic", Group.IMAGE, ("heic", "heif"), "HEIC"),
    Kind("application/pdf", Group.PDF, ("pdf",), "PDF"),
    Kind("text/plain", Group.TEXT, ("txt",), _("plain text")),
    Kind(WORD, Group.WORD, ("docx",), "Word (.docx)"),
    Kind("audio/ogg", Group.AUDIO, ("ogg", "oga", "opus"), _("sound (OGG, MP3, M4A, AMR, WAV)")),
    Kind("audio/mpeg", Group.AUDIO, ("mp3",), "MP3"),
    Kind("audio/mp4", Group.AUDIO, ("m4a",), "M4A"),
    Kind("audio/amr", Group.AUDIO, ("amr",), "AMR"),
    Kind("audio/wav", Group.AUDIO, ("wav",), "WAV"),
    Kind("video/mp4", Group.VIDEO, ("mp4", "m4v"), _("film (MP4, 3GP)")),
    Kind("video/3gpp", Group.VIDEO, ("3gp",), "3GP"),
    Kind("text/vcard", Group.CARD, ("vcf",), _("contact card (.vcf)")),
)
KINDS: Mapping[str, Kind] = {kind.content_type: kind for kind in _KINDS}
_BY_EXTENSION = {extension: kind for kind in _KINDS for extension in kind.extensions}
ALLOWED_IN_WORDS = _("JPEG, PNG, WebP, GIF, HEIC, PDF, Word (.docx), plain text, contact cards, sound and film")
LARGEST_NAME = 200


def common_type(claimed: str) -> str:
    """Return a media type as we spell it: lower case, without parameters, `audio/mp4` for `audio/x-m4a`."""
    plain = claimed.partition(";")[0].strip().lower()
    return _WORDS.get(plain, plain)


def claimed_kind(content_type: str, file_name: str) -> Kind | None:
    """Return what a file is said to be, by type, else by the name's extension; None for what is not allowed."""
    plain = common_type(content_type)
    if plain in ("", "application/octet-stream", "binary/octet-stream"):
        return _BY_EXTENSION.get(PurePosixPath(file_name.lower()).suffix.lstrip("."))
    return KINDS.get(plain)


def recognise(stream: BinaryIO) -> Kind | None:
    """Return what the bytes are, None for anything that is not allowed. Reads text to its end, else the head."""
    stream.seek(0)
    head = stream.read(HEAD_BYTES)
    if head[4:11] == b"ftyp3gp":  # filetype knows one of the many brands of 3GP (3GPP TS 26.244)
        return KINDS["video/3gpp"]
    guess = filetype.guess(head)
    if guess is None:
        return _recognise_text(stream, head)
    kind = KINDS.get(common_type(guess.mime))
    if guess.mime == "application/zip" or (kind is not None and kind.content_type == WORD):
        return KINDS[WORD] if _is_word_document(stream) else None
    if kind is not None and kind.group == Group.PDF and not head.startswith(b"%PDF-"):
        return None
    return kind


def _is_word_document(stream: BinaryIO) -> bool:
    """Tell whether the archive is a Word document without macros; reads its directory only."""
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as archive:
            names = {name.lower() for name in archive.namelist()}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    stream.seek(0)
    starts_as_one = stream.read(4) == b"PK\x03\x04"
    has_macros = any(name.endswith(("vbaproject.bin", ".exe", ".js")) for name in names)
    return starts_as_one and {"[content_types].xml", "word/document.xml"} <= names and not has_macros


def _recognise_text(stream: BinaryIO, head: bytes) -> Kind | None:
    if not head or not _is_text(stream):
        return None
    begin = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if begin[:1] == b"<":  # HTML, SVG, XML: never, whatever they are called
        return None
    return KINDS["text/vcard"] if begin[:11].upper() == b"BEGIN:VCARD" else KINDS["text/plain"]


def _is_text(stream: BinaryIO) -> bool:
    """Tell whether all of it is UTF-8 without control characters."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    stream.seek(0)
    try:
        while chunk := stream.read(CHUNK_BYTES):
            decoder.decode(chunk)
            if not _TEXT_CONTROLS.isdisjoint(chunk):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def clean_name(name: str) -> str:
    """Return a file name without folders and control characters, shortened before its extension; it is only shown."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(character for character in last if character.isprintable()).strip().strip(".").strip()
    if len(shown) <= LARGEST_NAME:
        return shown
    suffix = PurePosixPath(shown).suffix[:10]
    return shown[: LARGEST_NAME - len(suffix)] + suffix

"""Pictures made anew: re-encoded without metadata, turned the right way up, and smaller ones for lists and screens.

A picture that was decoded and encoded again holds nothing but its pixels: no place and time (EXIF, GPS), no second
format hidden behind the first. Memory is bounded by the number of pixels, read from the header before any is decoded.
CPU: about a second for twelve million pixels.
"""

from __future__ import annotations

import io
import threading
import warnings
from dataclasses import dataclass
from typing import BinaryIO

import pi_heif
import pypdfium2
from django.conf import settings
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

pi_heif.register_heif_opener()

VIEW_PIXELS, PREVIEW_PIXELS = 1600, 320
KEPT_AS = {"image/jpeg": "JPEG", "image/heic": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/gif": "GIF"}
READ_AS = {"image/jpeg": ["JPEG"], "image/png": ["PNG"], "image/webp": ["WEBP"], "image/gif": ["GIF"]}
_QUALITY = {"JPEG": 92, "WEBP": 90}
_PDF_SCALE_LIMIT = 4.0
# PDFium keeps its state per process and is not made for threads (pypdfium2's README, "Thread safety").
_pdfium = threading.Lock()


class Unreadable(Exception):
    """The bytes begin like a picture or a PDF, but can't be decoded."""


class TooManyPixels(Exception):
    """A small file that would unfold into more memory than we give."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An encoded picture."""

    content: bytes
    content_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Pictures:
    """What is made of a file: what to keep instead of it (None: the file itself), and two pictures to show."""

    kept: Picture | None = None
    view: Picture | None = None
    preview: Picture | None = None
    width: int | None = None
    height: int | None = None
    pages: int | None = None


def remake(stream: BinaryIO, content_type: str) -> Pictures:
    """Return the picture re-encoded in its own format (HEIC as JPEG) and two smaller ones.

    Raises TooManyPixels before decoding, Unreadable for what Pillow can't decode.
    """
    stream.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(stream, formats=READ_AS.get(content_type, ["HEIF"])) as opened:
                _refuse_bombs(opened)
                kept = _kept(opened, KEPT_AS[content_type])
                opened.seek(0)
                upright = _plain(ImageOps.exif_transpose(opened))
    except TooManyPixels:
        raise
    except Image.DecompressionBombError as error:  # Pillow's own limit comes first for the largest ones
        raise TooManyPixels(str(error)) from error
    except (
        UnidentifiedImageError,
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        IndexError,
    ) as error:
        # Pillow's decoders raise all of these for broken input; SyntaxError is its word for a broken header.
        raise Unreadable(type(error).__name__) from error
    return Pictures(
        kept=kept,
        view=_shrunk(upright, VIEW_PIXELS),
        preview=_shrunk(upright, PREVIEW_PIXELS),
        width=kept.width,
        height=kept.height,
    )


def first_page(stream: BinaryIO) -> Pictures:
    """Return two pictures of a PDF's first page; none, without an error, for one that needs a password or has no page.

    Raises Unreadable for what is no PDF at all.
    """
    stream.seek(0)
    content = stream.read()
    with _pdfium:
        try:
            document = pypdfium2.PdfDocument(content)
        except pypdfium2.PdfiumError as error:
            if "password" in str(error).lower():
                return Pictures()
            raise Unreadable(type(error).__name__) from error
        try:
            return _of_document(document)
        finally:
            document.close()


def _of_document(document: pypdfium2.PdfDocument) -> Pictures:
    pages = len(document)
    if pages == 0:
        return Pictures(pages=0)
    try:
        page = document[0]
        longest = max(page.get_size())
        if longest <= 0:
            return Pictures(pages=pages)
        image = page.render(scale=min(VIEW_PIXELS / longest, _PDF_SCALE_LIMIT), may_draw_forms=False).to_pil()
    except pypdfium2.PdfiumError:
        return Pictures(pages=pages)
    plain = _plain(image)
    return Pictures(view=_shrunk(plain, VIEW_PIXELS), preview=_shrunk(plain, PREVIEW_PIXELS), pages=pages)


def _refuse_bombs(opened: Image.Image) -> None:
    width, height = opened.size
    # MPO is a JPEG with a second, smaller picture behind it (phones' portraits); only the first is decoded.
    frames = getattr(opened, "n_frames", 1) if opened.format == "GIF" else 1
    if width * height * frames > settings.MEDIA_MOST_PIXELS:
        raise TooManyPixels(f"{width} × {height}")


def _kept(opened: Image.Image, image_format: str) -> Picture:
    out = io.BytesIO()
    if image_format == "GIF" and getattr(opened, "n_frames", 1) > 1:
        _save_moving(opened, out)
        return Picture(out.getvalue(), "image/gif", *opened.size)
    upright = ImageOps.exif_transpose(opened)
    image = _plain(upright) if image_format == "JPEG" else _without_metadata(upright, image_format)
    options = {"quality": _QUALITY[image_format]} if image_format in _QUALITY else {}
    image.save(out, image_format, **options)
    return Picture(out.getvalue(), f"image/{image_format.lower()}", image.width, image.height)


def _save_moving(opened: Image.Image, out: BinaryIO) -> None:
    frames = [frame.convert("RGBA") for frame in ImageSequence.Iterator(opened)]
    times = [frame.info.get("duration", 100) for frame in ImageSequence.Iterator(opened)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=times, loop=0, disposal=2)


def _without_metadata(image: Image.Image, image_format: str) -> Image.Image:
    """Return the pixels alone, in a mode that the format knows, transparency kept."""
    has_alpha = image.has_transparency_data
    wanted = "RGBA" if has_alpha else "RGB"
    if image_format == "PNG" and image.mode in ("L", "LA", "I;16", "1"):
        wanted = image.mode
    plain = image.convert(wanted)
    plain.info = {}
    return plain


def _plain(image: Image.Image) -> Image.Image:
    """Return the picture in RGB on white, without metadata."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        ground = Image.new("RGB", image.size, "white")
        ground.paste(image, mask=image.getchannel("A"))
        return ground
    plain = image.convert("RGB")
    plain.info = {}
    return plain


def _shrunk(image: Image.Image, longest: int) -> Picture:
    small = image.copy()
    small.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, "WEBP", quality=82, method=3)
    return Picture(out.getvalue(), "image/webp", small.width, small.height)

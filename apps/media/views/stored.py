"""What a bucket does elsewhere: take in one upload and answer one key, each behind a signed address of some minutes.

No database but for the session. Whatever is answered can run nothing: its type is ours and not guessed, anything but
our own pictures, sound and film is an attachment, and the policy of the answer is an empty sandbox.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from pathlib import PurePosixPath

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.core.files.base import File
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from apps.core.api.problems import problem_json
from apps.media import links
from apps.media.links import ReadingLink
from apps.media.storage import FILE_FIELD, READ_FOR, UPLOAD_FOR, LocalFiles, Reading, files

FORM_BYTES = 16 * 1024
SANDBOX = "default-src 'none'; sandbox"
_RANGE = re.compile(r"^bytes=(\d{0,18})-(\d{0,18})$")


@csrf_exempt
@login_not_required
@require_POST
def store(request: HttpRequest, token: str) -> HttpResponse:
    """Take in the bytes of one upload (multipart, as FILE_FIELD); 403 for a bad address, 413 and 422 for bad bytes.

    The length is looked at before anything is read. The answer is empty: the file is examined when it is complete.
    """
    link = links.open_upload(token, lasting=UPLOAD_FOR)
    if link is None or not isinstance(files(), LocalFiles):
        return _problem(
            HTTPStatus.FORBIDDEN, "link_refused", _("This upload is no longer open. Choose the file again.")
        )
    too_large = _problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", _("The file is larger than was said. Choose it again.")
    )
    declared = request.headers.get("content-length") or "0"
    if not declared.isdecimal() or int(declared) > link.max_bytes + FORM_BYTES:
        return too_large
    try:
        upload = request.FILES.get(FILE_FIELD)
    except (MultiPartParserError, UnreadablePostError, RequestDataTooBig):
        upload = None
    if upload is None or not upload.size:
        text = _("No file came. Send it as the field “file” of a form, after the other fields.")
        return _problem(HTTPStatus.UNPROCESSABLE_ENTITY, "no_file", text)
    if upload.size > link.max_bytes:
        return too_large
    files().save(link.key, upload)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


@login_not_required
@require_safe
def stored(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """Answer one key, whole or in the part that a player asks for; 403 for a bad address or somebody else's session."""
    link = links.open_reading(token, lasting=READ_FOR)
    if link is None or PurePosixPath(link.key).name != name or not isinstance(files(), LocalFiles):
        return _problem(HTTPStatus.FORBIDDEN, "link_refused", _("This address has expired. Open the file again."))
    if link.user_id and str(request.user.pk) != link.user_id:
        return _problem(
            HTTPStatus.FORBIDDEN, "other_session", _("This address belongs to somebody else. Open the file yourself.")
        )
    try:
        content = files().open(link.key)
    except FileNotFoundError:
        return _problem(HTTPStatus.NOT_FOUND, "not_found", _("The file is gone. Look among the patient’s files."))
    return _secured(_answer(request, content, link), link)


def _answer(request: HttpRequest, content: File, link: ReadingLink) -> HttpResponseBase:
    size = content.size
    wanted = _RANGE.match(request.headers.get("Range", ""))
    span = _span(wanted, size) if wanted else None
    if wanted and span is None:
        content.close()
        return HttpResponse(
            status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers={"Content-Range": f"bytes */{size}"}
        )
    if span is None:
        response: HttpResponseBase = FileResponse(content, content_type=_typed(link.content_type))
    else:
        first, last = span
        content.seek(first)
        response = FileResponse(_Part(content, last - first + 1), content_type=_typed(link.content_type), status=206)
        response["Content-Range"] = f"bytes {first}-{last}/{size}"
        response["Content-Length"] = str(last - first + 1)
    response["Accept-Ranges"] = "bytes"
    return response


class _Part:
    """The next so many bytes of a file, for FileResponse."""

    def __init__(self, content: File, length: int) -> None:
        self.content, self.left = content, length

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` of them."""
        chunk: bytes = self.content.read(min(self.left, size) if size >= 0 else self.left)
        self.left -= len(chunk)
        return chunk

    def close(self) -> None:
        """Close the file."""
        self.content.close()


def _span(wanted: re.Match[str], size: int) -> tuple[int, int] | None:
    """Return the first and the last byte that a range asks for (RFC 9110, 14.1.2); None when there is none of them."""
    first, last = wanted.groups()
    if not first:
        count = min(int(last or 0), size)
        return (size - count, size - 1) if count else None
    end = min(int(last), size - 1) if last else size - 1
    return (int(first), end) if int(first) <= end else None


def _typed(content_type: str) -> str:
    return f"{content_type}; charset=utf-8" if content_type.startswith("text/") else content_type


def _secured(response: HttpResponseBase, link: ReadingLink) -> HttpResponseBase:
    response["Content-Disposition"] = Reading(link.content_type, inline=link.inline).disposition
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = SANDBOX
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response["Cache-Control"] = f"private, max-age={int(READ_FOR.total_seconds())}, immutable"
    return response


def _problem(status: HTTPStatus, code: str, detail: str) -> HttpResponse:
    return problem_json(status_code=status, detail=detail, code=code)

"""Files that contacts send: fetched from the carrier through the door of all files, and shown in the thread.

What the carrier named stays in the message's `media`; the file itself is a `Media` that belongs to the message.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.utils.translation import gettext as _

from apps.communications.accounts import account_for, account_sid_of, auth_token_of, simulator_allowed
from apps.communications.models import ChannelAccount
from apps.conversations.models import Conversation, Message
from apps.core.errors import NotFound
from apps.media.fetching import Access, FetchFailed, origin_of, register_source
from apps.media.models import Media
from apps.media.selectors import FileShown, files_of_subjects
from apps.media.services import expect_media
from apps.media.subjects import register_subject
from apps.organizations.models import Organization

SUBJECT = "message"
TWILIO = "twilio"
TWILIO_API = "https://api.twilio.com"


def expect_attachments(thread: Conversation, message: Message) -> None:
    """Have what came with a message fetched in the background; idempotent."""
    for position, item in enumerate(message.media):
        expect_media(
            organization=thread.organization,
            source=TWILIO,
            source_url=item["url"],
            source_account=f"{thread.channel}:{thread.clinic_address}",
            content_type=item.get("content_type", ""),
            subject_kind=SUBJECT,
            subject_id=message.pk,
            position=position,
            patient_id=thread.patient_id,
        )


def attachments_of(messages: Iterable[Message], *, organization_id: uuid.UUID) -> dict[uuid.UUID, list[FileShown]]:
    """Return the files of messages, by message; one query, none when no message has any."""
    ids = [message.pk for message in messages if message.media]
    return files_of_subjects(organization_id=organization_id, kind=SUBJECT, ids=ids)


def register_attachments() -> None:
    """Say how files of messages are reached, and whose they are; called once at start."""
    register_source(TWILIO, _open_twilio)
    register_subject(SUBJECT, _patient_of_message)


def _open_twilio(media: Media) -> Access:
    """Return Twilio's address of a file with the account's credentials, which go to Twilio's API and nowhere else.

    With TWILIO_API_BASE_URL its API is there instead. In demo, debug and test runs the simulator's files are ours.
    """
    channel, _colon, address = media.source_account.partition(":")
    rows = ChannelAccount.objects.for_organization(media.organization).filter(channel=channel, address=address)
    account = rows.first() or account_for(media.organization, channel)
    sid, token = (account_sid_of(account), auth_token_of(account)) if account is not None else ("", "")
    api = settings.TWILIO_API_BASE_URL or TWILIO_API
    trusted = {origin_of(api)} if settings.TWILIO_API_BASE_URL else set()
    if simulator_allowed():
        trusted |= {origin_of(settings.PUBLIC_BASE_URL), origin_of(settings.FILES_ORIGIN)}
    return Access(
        url=_at_api(media.source_url, api),
        credentials=(sid, token) if sid and token else None,
        credentials_for=origin_of(api),
        trusted=frozenset(trusted),
    )


def _at_api(url: str, api: str) -> str:
    """Return the address under another base, when it is one of Twilio's API."""
    try:
        if origin_of(url) != origin_of(TWILIO_API):
            return url
    except ValueError as error:
        raise FetchFailed(
            "address_refused", _("The carrier named an address that can’t be read."), again=False
        ) from error
    base, asked = urlsplit(api), urlsplit(url)
    return urlunsplit((base.scheme, base.netloc, base.path.rstrip("/") + asked.path, asked.query, ""))


def _patient_of_message(organization: Organization, message_id: uuid.UUID) -> uuid.UUID | None:
    rows = Message.objects.for_organization(organization).filter(pk=message_id).select_related("conversation")
    message = rows.first()
    if message is None:
        raise NotFound(_("There is no such message."))
    return message.conversation.patient_id

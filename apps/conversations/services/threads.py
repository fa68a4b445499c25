"""The ground of every write on a thread: its locks, and how a line is added to it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.communications.models import Communication
from apps.conversations.models import Attention, Author, Conversation, ConversationStatus, Mark, Message, MessageKind
from apps.core.actors import Actor, ActorKind
from apps.core.errors import InvalidTransition, NotFound, StaleVersion
from apps.events.services import emit
from apps.organizations.models import ApiKey, Organization, User

MAX_BODY = 20_000
PREVIEW = 160
SUMMARY = 500
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_SPACE = re.compile(r"\s+")


def lock_contact(organization: Organization, channel: str, address: str) -> None:
    """Wait until nobody else handles this contact, until the end of the transaction.

    An advisory lock, because the contact's first message has no row yet that could be locked.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"conversation:{organization.pk}:{channel}:{address}"],
        )


def lock_thread(
    conversation: Conversation, *, version: int | None = None, wanted: Mapping[str, Any] | None = None
) -> Conversation:
    """Return the thread as it is now, locked until the commit.

    Raise NotFound when it is gone, and StaleVersion when `version` (what the caller saw) is not the present one;
    `wanted` are the values that the caller is about to save, for the conflict list.
    """
    thread: Conversation | None = (
        Conversation.objects.select_for_update(of=("self",))
        .select_related("organization", "patient", "owner")
        .filter(pk=conversation.pk)
        .first()
    )
    if thread is None:
        raise NotFound(_("This conversation does not exist. Go back to the inbox."))
    if version is not None and version != thread.version:
        raise StaleVersion(
            _("Somebody changed this conversation a moment ago: %(state)s. Look again, then decide.")
            % {"state": _present_state(thread)},
            current=thread.version,
            conflicts=[
                {"field": field, "current": _plain(getattr(thread, field)), "yours": _plain(value)}
                for field, value in (wanted or {}).items()
                if _plain(getattr(thread, field)) != _plain(value)
            ],
        )
    return thread


def require_open(thread: Conversation) -> None:
    """Raise InvalidTransition for a closed thread."""
    if thread.is_closed:
        raise InvalidTransition(_("This conversation is closed. Reopen it first."))


def add_line(
    thread: Conversation,
    *,
    author: Author,
    body: str,
    at: dt.datetime,
    kind: MessageKind = MessageKind.TEXT,
    user: User | None = None,
    media: Sequence[Mapping[str, str]] = (),
    communication: Communication | None = None,
    provider_id: str = "",
) -> Message:
    """Append a line to a locked thread and update its counters in memory; the caller saves the thread. One insert."""
    thread.message_count += 1
    message: Message = Message.objects.create(
        organization_id=thread.organization_id,
        conversation=thread,
        sequence=thread.message_count,
        kind=kind,
        author=author,
        user=user,
        body=storable(body),
        media=[dict(item) for item in media],
        communication=communication,
        provider_id=provider_id,
        sent_at=at,
    )
    if kind == MessageKind.TEXT:
        thread.last_message_at = at
        thread.last_message_text = preview(message.body) if message.body else ""
    return message


def add_mark(thread: Conversation, mark: Mark, *, about: object = "", user: User | None = None) -> Message:
    """Append a line that says what happened; its text is made when it is read, in the reader's language."""
    body = f"{mark}:{about}" if about else str(mark)
    return add_line(thread, author=Author.SYSTEM, kind=MessageKind.MARK, body=body, user=user, at=timezone.now())


def announce(
    type_: str, thread: Conversation, actor: Actor, *, changes: Mapping[str, Any] | None = None, **payload: Any
) -> None:
    """Emit a conversation event with what every listener needs: ids, channel, no text."""
    emit(
        f"conversation.{type_}",
        subject=thread,
        actor=actor,
        patient_id=thread.patient_id,
        changes=changes,
        payload={"conversation_id": str(thread.pk), "channel": thread.channel, **payload},
    )


def save_decision(thread: Conversation) -> None:
    """Save a thread after something was decided about it: whoever looked before sees that their view is old."""
    thread.version += 1
    thread.save()


def settle(thread: Conversation) -> None:
    """Note that nobody waits for an answer and nothing needs a person any more."""
    thread.waiting_since = None
    thread.unread_count = 0
    thread.attention = Attention.NONE


def wake(thread: Conversation) -> None:
    """Bring a snoozed thread back into the list."""
    if thread.status == ConversationStatus.SNOOZED:
        thread.status, thread.snoozed_until = ConversationStatus.OPEN, None


def user_of(actor: Actor) -> User | None:
    """Return the person behind an actor: who signed in, or whose key it is; None for bot, patient and system."""
    if actor.id is None:
        return None
    if actor.kind == ActorKind.USER:
        return User.objects.filter(pk=actor.id).first()
    if actor.kind == ActorKind.API_KEY:
        return User.objects.filter(api_keys__in=ApiKey.objects.filter(pk=actor.id)).first()
    return None


def storable(text: str) -> str:
    """Return a text that PostgreSQL takes and a page can show; the raw request keeps what is cut off."""
    clean = _UNSTORABLE.sub("\ufffd", text[: MAX_BODY + 1])
    return clean if len(clean) <= MAX_BODY else f"{clean[: MAX_BODY - 1]}…"


def preview(text: str) -> str:
    """Return the start of a text on one line."""
    line = _SPACE.sub(" ", text[: PREVIEW * 4]).strip()
    return line if len(line) <= PREVIEW else f"{line[: PREVIEW - 1]}…"


def _present_state(thread: Conversation) -> str:
    if thread.is_closed:
        return _("it is closed")
    if thread.owner is not None:
        return _("%(person)s owns it") % {"person": thread.owner}
    return _("the bot answers") if thread.is_with_bot else _("nobody owns it")


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | type(None)) else str(value)

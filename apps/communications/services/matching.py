"""Which of the provider's records is our message? By recipient, time and words, never one that another row owns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from apps.communications.models import Channel
from apps.communications.providers.base import Found, Outgoing

SKEW = dt.timedelta(seconds=60)


def match_record(
    message: Outgoing, records: Sequence[Found], *, taken: Collection[str], since: dt.datetime
) -> Found | None:
    """Return the record of this message, None when there is none or it can't be told which.

    `taken` are the provider's ids that other rows have, `since` is when the attempt began (our clock; a minute of
    difference to the provider's is forgiven). The words of a template are the provider's, those of a call unknown:
    then only a single fresh record counts.
    """
    fresh = [record for record in records if record.provider_id not in taken and record.created_at >= since - SKEW]
    if message.content_sid or message.channel == Channel.VOICE:
        return fresh[0] if len(fresh) == 1 else None
    same = [record for record in fresh if _words(record.body).endswith(_words(message.body))]
    return min(same, key=lambda record: abs(record.created_at - since), default=None)


def _words(text: str) -> str:
    """Fold white space; Twilio trims texts, and a trial account puts a sentence in front (hence `endswith`)."""
    return " ".join(text.split())

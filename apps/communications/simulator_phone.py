"""The patient's side of the simulator: what is written on a phone there reaches us as Twilio's signed webhook."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

import requests
from django.utils.translation import gettext as _

from apps.communications.accounts import auth_token_of
from apps.communications.models import Channel, ChannelAccount
from apps.communications.services.dispatch import refuse_inside_transaction
from apps.communications.simulated_webhooks import ACCOUNT_SID, API_VERSION, post_webhook, prefixed
from apps.core.errors import Conflict, InvalidInput

MESSAGE_PATH = "/webhooks/twilio/message/"
ATTEMPTS = 3


def write_as_patient(
    *,
    account: ChannelAccount,
    address: str,
    body: str,
    profile_name: str = "",
    media: Sequence[Mapping[str, str]] = (),
    message_sid: str = "",
) -> str:
    """Send a message from a simulated phone to the clinic's account; return its SID.

    `address` is the phone (E.164), `media` are `{url, content_type}`. Network: call outside transactions (a page calls
    it on commit). The same `message_sid` again is what a repeated webhook looks like. Raises Conflict when our own web
    process does not take it in.
    """
    refuse_inside_transaction()
    if account.channel not in (Channel.WHATSAPP, Channel.SMS):
        raise InvalidInput(_("A phone writes on WhatsApp or SMS."), code="invalid_channel")
    sid = message_sid or "SM" + secrets.token_hex(16)
    fields = message_fields(account, sid=sid, address=address, body=body, profile_name=profile_name, media=media)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            post_webhook(MESSAGE_PATH, fields, token=auth_token_of(account))
        except requests.RequestException as error:
            if attempt == ATTEMPTS:
                raise Conflict(
                    _("The portal’s own webhook did not take the message. Is the web process running?")
                ) from error
        else:
            break
    return sid


def message_fields(
    account: ChannelAccount,
    *,
    sid: str,
    address: str,
    body: str,
    profile_name: str = "",
    media: Sequence[Mapping[str, str]] = (),
) -> dict[str, str]:
    """Return the form that Twilio posts for an inbound message ("Twilio's request to your webhook URL")."""
    fields = {
        "MessageSid": sid,
        "SmsSid": sid,
        "SmsMessageSid": sid,
        "AccountSid": ACCOUNT_SID,
        "ApiVersion": API_VERSION,
        "From": prefixed(account.channel, address),
        "To": prefixed(account.channel, account.address),
        "Body": body,
        "NumMedia": str(len(media)),
        "NumSegments": "1",
        "SmsStatus": "received",
    }
    if account.messaging_service_sid:
        fields["MessagingServiceSid"] = account.messaging_service_sid
    if account.channel == Channel.WHATSAPP:
        fields |= {
            "ProfileName": profile_name or address,
            "WaId": address.lstrip("+"),
            "MessageType": "image" if media else "text",
        }
    for index, item in enumerate(media):
        fields |= {f"MediaUrl{index}": item["url"], f"MediaContentType{index}": item["content_type"]}
    return fields

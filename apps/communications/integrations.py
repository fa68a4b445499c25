"""Whether Twilio answers: asked by `manage.py check_integrations`."""

from __future__ import annotations

import requests
from django.conf import settings
from twilio.base.exceptions import TwilioException, TwilioRestException

from apps.communications.accounts import environment_account
from apps.communications.models import Channel
from apps.communications.providers.twilio import state_of
from apps.core.integrations import Answer, integration


@integration("Twilio")
def twilio() -> Answer:
    """Ask for the state of the environment's account, which proves address, account and token; sends nothing."""
    if not settings.TWILIO_ACCOUNT_SID:
        return Answer("off", "TWILIO_ACCOUNT_SID is not set")
    account = environment_account(Channel.WHATSAPP) or environment_account(Channel.SMS)
    if account is None:
        return Answer("failed", "no number to send from: set TWILIO_PHONE_NUMBER or TWILIO_WHATSAPP_NUMBER")
    try:
        state = state_of(account)
    except TwilioRestException as error:
        if error.status in {requests.codes.unauthorized, requests.codes.forbidden}:
            return Answer("failed", "refuses us: do TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN belong together?")
        return Answer("failed", f"answers with error {error.code or error.status}")
    except (TwilioException, requests.RequestException) as error:
        return Answer("failed", f"does not answer ({type(error).__name__})")
    if state != "active":
        return Answer("failed", f"the account is {state}")
    return Answer("ok", f"{account.address or account.messaging_service_sid} can send")

"""Posts to our own webhooks what Twilio would: the same fields, the same signature, over HTTP to the public address.

Only for demo, debug and test runs: importing this module anywhere else is an error.
"""

from __future__ import annotations

from collections.abc import Mapping

import requests
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from twilio.request_validator import SIGNATURE_HEADER, RequestValidator

from apps.communications.accounts import simulator_allowed

if not simulator_allowed():
    raise ImproperlyConfigured(
        "The simulator works in demo, debug and test runs only. Set TWILIO_* and EMAIL_URL instead."
    )

ACCOUNT_SID = "AC" + "0" * 32
API_VERSION = "2010-04-01"
TIMEOUT_SECONDS = (2.0, 10.0)


def post_webhook(path: str, fields: Mapping[str, str], *, token: str) -> None:
    """POST a signed form; `path` may carry a query. Raises requests.RequestException when it was not taken in."""
    url = path if path.startswith("http") else f"{settings.PUBLIC_BASE_URL}{path}"
    signature = RequestValidator(token).compute_signature(url, dict(fields))
    answer = requests.post(
        url,
        data=fields,
        headers={SIGNATURE_HEADER: signature, "User-Agent": "TwilioProxy/1.1"},
        timeout=TIMEOUT_SECONDS,
        allow_redirects=False,
    )
    if answer.status_code >= requests.codes.multiple_choices:
        raise requests.HTTPError(f"webhook answered {answer.status_code}", response=answer)


def prefixed(channel: str, address: str) -> str:
    """Return the address as Twilio writes it in webhooks."""
    return f"whatsapp:{address}" if channel == "whatsapp" else address

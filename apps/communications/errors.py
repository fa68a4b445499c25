"""What a provider's error code means, in words a receptionist can act on, and what follows from it.

Source of the codes: Twilio's Error and Warning Dictionary (https://www.twilio.com/docs/api/errors). Codes are added and
split by Twilio at times: an unknown one gets a sentence that carries the code.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class Effect(StrEnum):
    """What an error tells about the address."""

    NONE = "none"
    UNREACHABLE = "unreachable"
    OPTED_OUT = "opted_out"


@dataclass(frozen=True, slots=True)
class ProviderError:
    """One code: the sentence for people, what it says about the address, and whether trying again later may help."""

    sentence: str | Promise
    effect: Effect = Effect.NONE
    retry: bool = False


NOT_ACCEPTED = "not_accepted"
EXHAUSTED = "exhausted"

_NUMBER = gettext_lazy("This is not a phone number that exists. Check it with the patient.")
_NO_MOBILE = gettext_lazy(
    "This number can’t receive text messages; it may be a landline. Ask the patient for a mobile number."
)
_NOT_ON_WHATSAPP = gettext_lazy("This number is not reachable on WhatsApp. Use SMS or e-mail.")
_SENDER = gettext_lazy("The clinic’s own number is not set up for this. An administrator checks the channel account.")
_ACCOUNT = gettext_lazy("Twilio refused the clinic’s account. An administrator checks the credentials and the balance.")
_TEMPLATE = gettext_lazy(
    "WhatsApp does not accept this template. An administrator checks its approval, language and variables."
)
_CONTENT = gettext_lazy("The carrier rejected the text. Reword it, without short links, and send it again.")
_LATER = gettext_lazy("The phone could not be reached: switched off or without signal. Try again later or call.")
_BUSY = gettext_lazy("The provider was overloaded.")
_BLOCKED = gettext_lazy(
    "The person blocked the clinic on this channel. Don’t write there again unless they write first."
)
_STOPPED = gettext_lazy("The person replied STOP to this number. Nothing may be sent there until they write START.")
_WINDOW = gettext_lazy(
    "WhatsApp allows free text only within 24 hours of the person’s last message. Use an approved template or another channel."
)
_FAULT = gettext_lazy("The provider had a fault of its own. Send it again if it is still needed.")
_REGION = gettext_lazy(
    "The clinic’s Twilio account may not send to this country. An administrator enables it in the console."
)
_TOO_LONG = gettext_lazy("The text is too long for this channel. Shorten it and send it again.")
_MAILBOX = gettext_lazy("The mail server says that this mailbox does not exist. Check the address with the patient.")

_TABLE: dict[str, ProviderError] = {
    # the request itself
    "20003": ProviderError(_ACCOUNT, retry=True),
    "20005": ProviderError(_ACCOUNT, retry=True),
    "20404": ProviderError(_ACCOUNT, retry=True),
    "20429": ProviderError(_BUSY, retry=True),
    "20500": ProviderError(_FAULT, retry=True),
    "20503": ProviderError(_FAULT, retry=True),
    # the recipient
    "21211": ProviderError(_NUMBER, Effect.UNREACHABLE),
    "21214": ProviderError(_NUMBER, Effect.UNREACHABLE),
    "21217": ProviderError(_NUMBER, Effect.UNREACHABLE),
    "21265": ProviderError(_NO_MOBILE, Effect.UNREACHABLE),
    "21610": ProviderError(_STOPPED, Effect.OPTED_OUT),
    "21612": ProviderError(_NO_MOBILE, Effect.UNREACHABLE),
    "21614": ProviderError(_NO_MOBILE, Effect.UNREACHABLE),
    "21635": ProviderError(_NO_MOBILE, Effect.UNREACHABLE),
    "21608": ProviderError(
        gettext_lazy("A Twilio trial account sends to verified numbers only. Verify this one in the console.")
    ),
    "21408": ProviderError(_REGION),
    "21215": ProviderError(_REGION),
    # the sender
    "21212": ProviderError(_SENDER),
    "21601": ProviderError(_SENDER),
    "21603": ProviderError(_SENDER),
    "21606": ProviderError(_SENDER),
    "21611": ProviderError(_BUSY, retry=True),
    "21659": ProviderError(_SENDER),
    "21660": ProviderError(_SENDER),
    "21703": ProviderError(_SENDER),
    "30034": ProviderError(
        gettext_lazy(
            "US carriers block numbers that are not registered (A2P 10DLC). An administrator registers it at Twilio."
        )
    ),
    # the words
    "21602": ProviderError(gettext_lazy("The message has no text.")),
    "21617": ProviderError(_TOO_LONG),
    "21619": ProviderError(gettext_lazy("The message has no text.")),
    "21655": ProviderError(_TEMPLATE),
    "21656": ProviderError(_TEMPLATE),
    # SMS delivery
    "30001": ProviderError(_BUSY),
    "30002": ProviderError(_ACCOUNT),
    "30003": ProviderError(_LATER),
    "30004": ProviderError(
        gettext_lazy("The phone or its carrier blocks messages. Call the patient."), Effect.UNREACHABLE
    ),
    "30005": ProviderError(_NUMBER, Effect.UNREACHABLE),
    "30006": ProviderError(_NO_MOBILE, Effect.UNREACHABLE),
    "30007": ProviderError(_CONTENT),
    "30008": ProviderError(_FAULT),
    "30010": ProviderError(gettext_lazy("The message would cost more than the limit set at Twilio.")),
    "30022": ProviderError(_BUSY),
    # WhatsApp and other channels
    "63001": ProviderError(_SENDER),
    "63003": ProviderError(_NOT_ON_WHATSAPP, Effect.UNREACHABLE),
    "63005": ProviderError(_CONTENT),
    "63007": ProviderError(_SENDER),
    "63010": ProviderError(_FAULT),
    "63012": ProviderError(_FAULT),
    "63013": ProviderError(
        gettext_lazy("WhatsApp says that the message is against its policy. Reword it or use another channel.")
    ),
    "63014": ProviderError(_BLOCKED, Effect.OPTED_OUT),
    "63015": ProviderError(
        gettext_lazy("The phone has not joined the WhatsApp sandbox. Send its join word from the phone first.")
    ),
    "63016": ProviderError(_WINDOW),
    "63018": ProviderError(_BUSY, retry=True),
    "63021": ProviderError(_CONTENT),
    "63024": ProviderError(_NOT_ON_WHATSAPP, Effect.UNREACHABLE),
    "63027": ProviderError(_TEMPLATE),
    "63028": ProviderError(_TEMPLATE),
    "63032": ProviderError(
        gettext_lazy("WhatsApp did not let this message through to this person. Use another channel.")
    ),
    "63049": ProviderError(
        gettext_lazy("WhatsApp did not let this message through to this person. Use another channel.")
    ),
    # e-mail: the reply code of the mail server
    "smtp_550": ProviderError(_MAILBOX, Effect.UNREACHABLE),
    "smtp_551": ProviderError(_MAILBOX, Effect.UNREACHABLE),
    "smtp_553": ProviderError(_MAILBOX, Effect.UNREACHABLE),
    "smtp_552": ProviderError(gettext_lazy("The mailbox is full. Tell the patient, or use another channel.")),
    # calls
    "call_busy": ProviderError(gettext_lazy("The line was busy.")),
    "call_no_answer": ProviderError(gettext_lazy("Nobody answered the call.")),
    # ours
    NOT_ACCEPTED: ProviderError(
        gettext_lazy(
            "The provider has no record of this message: it was not sent. Send it again if it is still needed."
        )
    ),
    EXHAUSTED: ProviderError(
        gettext_lazy("The provider could not be reached in many attempts. Send it again when it works.")
    ),
}


def describe_error(code: str) -> ProviderError:
    """Return what a code means; an unknown one says its code."""
    known = _TABLE.get(code)
    if known is not None:
        return ProviderError(str(known.sentence), known.effect, known.retry)
    if not code:
        return ProviderError(_("The message was not delivered; the provider gave no reason."))
    return ProviderError(_("The provider refused the message (error %(code)s).") % {"code": code.removeprefix("smtp_")})

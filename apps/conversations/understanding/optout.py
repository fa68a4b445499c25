"""STOP, START and HELP: the keywords that carriers and Twilio define, and ours in the patient's language.

Source: Twilio, "Support for opt-out keywords (SMS STOP filtering)" and "Advanced Opt-Out". On a long code
Twilio itself answers STOP, STOPALL, UNSUBSCRIBE, CANCEL, END, QUIT, REVOKE and OPTOUT, blocks the number
(error 21610 on the next send) and still delivers the message to the webhook; START and UNSTOP lift the
block, YES does so too on long codes; HELP and INFO are answered. Letter case doesn't matter, and only a
message that is the keyword and nothing else counts. The FCC's revocation rule (47 CFR 64.1200(a)(10), in force
since 11 April 2025) names stop, quit, end, revoke, opt out, cancel and unsubscribe.
WhatsApp has no such filter: there the words are ours to interpret.
"""

from __future__ import annotations

from .text import words

_STOP = {
    "en": "stop|stopall|stop all|unsubscribe|end|quit|revoke|optout|opt out",
    "es": "alto|parar|pare|paren|baja|darme de baja|dar de baja|detener|desuscribir|desuscribirme",
    "hi": "band|bandh|bund|band karo|band kare|band karein|roko|roke|rokein|rok do|stop karo"
    "|बंद|बन्द|बंद करो|बंद करें|बंद कर दो|रोको|रोकें|रोकिए|रोक दो|स्टॉप",
}
_STOP_ON_SMS = "cancel"
_START = {
    "en": "start|unstop",
    "es": "alta|iniciar|reanudar|suscribir|suscribirme",
    "hi": "shuru|shuru karo|shuru kare|shuru karein|chalu karo|chalu|शुरू|शुरु|शुरू करो|शुरू करें|चालू|चालू करो|स्टार्ट",
}
_START_ON_SMS_AFTER_STOP = "yes"
_HELP = {
    "en": "help|info",
    "es": "ayuda|información|informacion",
    "hi": "madad|sahayata|मदद|सहायता|हेल्प|जानकारी",
}


def _keywords(blocks: dict[str, str]) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(words(phrase)) for block in blocks.values() for phrase in block.split("|"))


_STOP_KEYWORDS, _START_KEYWORDS, _HELP_KEYWORDS = _keywords(_STOP), _keywords(_START), _keywords(_HELP)


def opt_keyword(text: str, channel: str, *, opted_out: bool = False) -> str | None:
    """Return "stop", "start" or "help" if the whole message is such a keyword on that channel, else None.

    `channel` is "sms" or "whatsapp" (others follow WhatsApp's rule). Case, accents, punctuation and emoji
    around the keyword don't count; any further word makes it an ordinary message ("stop please").

    - CANCEL is "stop" on SMS only, because there Twilio has already blocked the number when we read it; on
      WhatsApp it is left to `detect_intent`, where it means the appointment. Never invite an SMS patient to
      reply CANCEL.
    - YES is "start" only on SMS and only while the contact is opted out (`opted_out=True`), because Twilio
      lifts its block then; otherwise it is an answer. Toll-free numbers ignore YES: trust Twilio's error
      21610 over this.
    - Spanish and Hindi keywords are ours: Twilio doesn't know them unless Advanced Opt-Out is configured.
      "cancelar" and "रद्द" mean the appointment on every channel.

    A webhook that carries Twilio's `OptOutType` (STOP, START, HELP) has decided already and goes first.
    """
    said = tuple(words(text))
    if not said:
        return None
    if said in _STOP_KEYWORDS or (channel == "sms" and said == (_STOP_ON_SMS,)):
        return "stop"
    if said in _START_KEYWORDS or (channel == "sms" and opted_out and said == (_START_ON_SMS_AFTER_STOP,)):
        return "start"
    if said in _HELP_KEYWORDS:
        return "help"
    return None

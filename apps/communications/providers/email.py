"""E-mail through Django's e-mail settings: plain text, with a calendar invite beside it where there is one."""

from __future__ import annotations

import smtplib
from collections.abc import Sequence
from email.utils import formataddr, parseaddr

import structlog
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from apps.communications.models import ChannelAccount, Provider
from apps.communications.providers.base import BaseProvider, Outcome, OutcomeKind, Outgoing

log = structlog.get_logger(__name__)
PERMANENT = 500
CALENDAR = "text/calendar"


class EmailProvider(BaseProvider):
    """Hands a batch to the mail server over one connection, one message after the other.

    What a mail server accepted can't be looked up: a message without an answer stays uncertain until a person decides.
    """

    name = Provider.SMTP
    batch_size = 5

    def send(self, account: ChannelAccount, messages: Sequence[Outgoing]) -> list[Outcome]:
        connection = get_connection()
        outcomes: list[Outcome] = []
        try:
            for message in messages:
                if not _is_open(connection):
                    outcomes.append(Outcome(OutcomeKind.RETRY, error_code="connection"))
                    continue
                outcomes.append(_attempt(connection, account, message))
                if outcomes[-1].kind == OutcomeKind.UNKNOWN:
                    connection.close()
        finally:
            connection.close()
        return outcomes


def build_message(account: ChannelAccount, message: Outgoing) -> EmailMultiAlternatives:
    """Return the MIME message: text, and each invite both as an alternative (shown with buttons) and as a file."""
    mail = EmailMultiAlternatives(
        subject=message.subject,
        body=message.body,
        from_email=_sender(account),
        to=[message.to_address],
        headers={"Message-ID": _message_id(account, message), "Auto-Submitted": "auto-generated"},
    )
    for attachment in message.attachments:
        if attachment["content_type"].startswith(CALENDAR):
            # Django adds the charset itself. The file is not text/calendar again, or Outlook shows two invites.
            mail.attach_alternative(attachment["text"], attachment["content_type"].split("; charset")[0])
            mail.attach(attachment["filename"], attachment["text"], "application/ics")
        else:
            mail.attach(attachment["filename"], attachment["text"], attachment["content_type"])
    return mail


def _is_open(connection: BaseEmailBackend) -> bool:
    """Connect unless connected; tell whether there is a connection."""
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        log.warning("email.no_connection", reason=type(error).__name__)
        return False
    return True


def _attempt(connection: BaseEmailBackend, account: ChannelAccount, message: Outgoing) -> Outcome:
    try:
        connection.send_messages([build_message(account, message)])
    except smtplib.SMTPRecipientsRefused as error:
        code = min((code for code, _text in error.recipients.values()), default=PERMANENT)
        return _refusal(int(code))
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError, smtplib.SMTPHeloError) as error:
        return _refusal(int(error.smtp_code))
    except smtplib.SMTPNotSupportedError:
        return Outcome(OutcomeKind.REFUSED, error_code="smtp_not_supported")
    except (smtplib.SMTPException, OSError) as error:
        log.warning("email.no_answer", communication=str(message.id), reason=type(error).__name__)
        return Outcome(OutcomeKind.UNKNOWN, error_code="no_answer")
    return Outcome(OutcomeKind.ACCEPTED, provider_id=message.id.hex)


def _refusal(code: int) -> Outcome:
    kind = OutcomeKind.REFUSED if code >= PERMANENT else OutcomeKind.RETRY
    return Outcome(kind, error_code=f"smtp_{code}")


def _sender(account: ChannelAccount) -> str:
    name, address = parseaddr(account.address)
    return formataddr((name or account.organization.name, address))


def _message_id(account: ChannelAccount, message: Outgoing) -> str:
    """Return an id that every attempt of one message shares, so that a mail server may drop a repeat."""
    domain = parseaddr(account.address)[1].rpartition("@")[2] or "localhost"
    return f"<{message.id.hex}@{domain}>"

"""django-allauth's hooks: nobody signs up by themselves, and a mail server that is away tells nothing about addresses."""

from typing import Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

log = structlog.get_logger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """People are invited by an administrator; the sign-up page stays closed."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("That e-mail and password don’t match. Check both, or reset the password."),
        "too_many_login_attempts": _("Too many tries. Wait five minutes, then try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send, or log that the mail server (EMAIL_URL) did not take it; the page says what to do when nothing arrives.

        smtplib's errors are OSErrors too.
        """
        try:
            super().send_mail(template_prefix, email, context)
        except OSError:
            log.exception("account.mail_not_sent", template=template_prefix)

"""Cells of patient lists; plain functions, because a list has fifty of each."""

from __future__ import annotations

import datetime as dt

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from apps.patients.contact import show_phone
from apps.patients.listing import born_in_words
from apps.patients.models import Patient

register = template.Library()


@register.filter
def breakable(address: str) -> SafeString:
    """Let an e-mail address break behind its @, where people read a pause, before anywhere else."""
    name, at, domain = address.rpartition("@")
    return format_html("{}{}<wbr>{}", name, at, domain) if at else format_html("{}", address)


@register.simple_tag
def born(patient: Patient, today: dt.date) -> SafeString | str:
    """Render the birth date with the age, or a dash that says it is not known."""
    if patient.born is None:
        return format_html('<span class="muted">{}</span>', _("not known"))
    return format_html('{} <span class="muted">· {}</span>', born_in_words(patient.born), patient.age_text(today))


@register.simple_tag
def language_name(code: str) -> str:
    """Return a language's name in the reader's language."""
    return str(dict(settings.LANGUAGES).get(code, code))


@register.filter
def phone(address: str, country: str) -> str:
    """Return a number as people read it, and anything that is no number as it is: `{{ thread.address|phone:organization.country }}`."""
    return show_phone(address, country=country) if address.startswith("+") else address

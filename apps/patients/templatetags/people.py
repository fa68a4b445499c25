"""Cells of patient lists; plain functions, because a list has fifty of each."""

from __future__ import annotations

import datetime as dt

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from apps.core.dates import day_in_words
from apps.patients.contact import show_phone
from apps.patients.dates import BirthPrecision
from apps.patients.models import ContactSystem, Patient

register = template.Library()


@register.filter
def breakable(address: str) -> SafeString:
    """Let an e-mail address break behind its @, where people read a pause, before anywhere else."""
    name, at, domain = address.rpartition("@")
    return format_html("{}{}<wbr>{}", name, at, domain) if at else format_html("{}", address)


@register.simple_tag
def born(patient: Patient, today: dt.date) -> SafeString | str:
    """Render the birth date with the age, or a dash that says it is not known."""
    if patient.birth_date is None:
        return format_html('<span class="muted">{}</span>', _("not known"))
    known = patient.birth_precision == BirthPrecision.DAY
    date = day_in_words(patient.birth_date, "j M Y") if known else patient.born.in_words()
    return format_html('{} <span class="muted">· {}</span>', date, patient.age_text(today))


@register.simple_tag
def reach(patient: Patient, country: str) -> SafeString | str:
    """Render the phone that is tried first, with the e-mail below it."""
    points = list(patient.contact_points.all())
    phone = next((show_phone(p.value, country=country) for p in points if p.system == ContactSystem.PHONE), "")
    email = next((p.value for p in points if p.system == ContactSystem.EMAIL), "")
    if not phone and not email:
        return format_html('<span class="muted">{}</span>', _("no phone or e-mail"))
    return format_html(
        '<div class="two"><div class="nm">{}</div><div class="l2">{}</div></div>',
        phone or email,
        email if phone else "",
    )


@register.simple_tag
def first_phone(patient: Patient, country: str) -> str:
    """Return the phone that is tried first, for narrow screens."""
    phones = (p.value for p in patient.contact_points.all() if p.system == ContactSystem.PHONE)
    return next((show_phone(phone, country=country) for phone in phones), "")


@register.simple_tag
def language_name(code: str) -> str:
    """Return a language's name in the reader's language."""
    return str(dict(settings.LANGUAGES).get(code, code))


@register.filter
def phone(address: str, country: str) -> str:
    """Return a number as people read it, and anything that is no number as it is: `{{ thread.address|phone:organization.country }}`."""
    return show_phone(address, country=country) if address.startswith("+") else address

"""Cells of the journey board; plain functions, because a board has hundreds of each."""

from __future__ import annotations

import datetime as dt

from django import template
from django.utils import formats, timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from apps.appointments.models import Appointment
from apps.core.templatetags.ui import status

register = template.Library()


@register.simple_tag
def here(since: dt.datetime | None) -> str:
    """Say how long a run stands in its stage, in the largest unit."""
    return _("%(time)s here") % {"time": _length(timezone.now() - since)} if since else ""


@register.simple_tag
def over(length: dt.timedelta) -> SafeString:
    """Render by how much a run is overdue."""
    return status(_("%(time)s over") % {"time": _length(length)}, "bad", "clock-x")


@register.simple_tag
def visit(appointment: Appointment) -> str:
    """Say when and with whom a run's appointment is, on the location's clock."""
    when = formats.date_format(appointment.local_start, "D j M, H:i")
    return f"{when} · {appointment.practitioner.short_name}"


def _length(length: dt.timedelta) -> str:
    minutes = max(0, int(length.total_seconds() // 60))
    if minutes < 60:
        return _("%(n)d min") % {"n": minutes}
    if minutes < 48 * 60:
        return _("%(n)d h") % {"n": minutes // 60}
    return _("%(n)d d") % {"n": minutes // 1440}

"""How the events of patients read in a timeline."""

from __future__ import annotations

from collections.abc import Callable

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.events.models import Event
from apps.events.registry import Presentation, present
from apps.patients.models import ConsentMethod, ConsentPurpose, ConsentStatus

FIELD_NAMES = {
    "given_name": gettext_lazy("given name"),
    "family_name": gettext_lazy("family name"),
    "preferred_name": gettext_lazy("preferred name"),
    "name_latin": gettext_lazy("Latin spelling"),
    "birth_date": gettext_lazy("birth date"),
    "sex": gettext_lazy("sex"),
    "language": gettext_lazy("language"),
    "phones": gettext_lazy("phone numbers"),
    "emails": gettext_lazy("e-mail addresses"),
    "gender_identity": gettext_lazy("gender identity"),
    "addresses": gettext_lazy("addresses"),
    "identifiers": gettext_lazy("identifiers"),
    "related_persons": gettext_lazy("people"),
    "phones_kinds": gettext_lazy("kinds of phones"),
    "emails_kinds": gettext_lazy("kinds of e-mails"),
    "preferred_times": gettext_lazy("preferred times"),
    "preferred_channel": gettext_lazy("preferred channel"),
    "alerts": gettext_lazy("alerts"),
    "tags": gettext_lazy("tags"),
    "note": gettext_lazy("note"),
}


def _fixed(sentence: str | Promise) -> Callable[[Event], str]:
    return lambda event: str(sentence)


def _updated(event: Event) -> str:
    names = [str(FIELD_NAMES[field]) for field in event.changes if field in FIELD_NAMES]
    return _("Changed %(fields)s") % {"fields": ", ".join(names)} if names else _("Changed the record")


def _imported(event: Event) -> str:
    return _("Imported from %(file)s") % {"file": event.payload.get("file", "")}


def _purpose(event: Event) -> str:
    purpose = event.payload.get("purpose", "")
    return str(ConsentPurpose(purpose).label) if purpose in ConsentPurpose.values else purpose


def _consent_given(event: Event) -> str:
    return _("Consent given: %(purpose)s (%(source)s)") % {"purpose": _purpose(event), "source": _source(event)}


def _consent_withdrawn(event: Event) -> str:
    values = {"purpose": _purpose(event), "source": _source(event)}
    if event.changes.get("status", [None, ""])[1] == ConsentStatus.REFUSED:
        return _("Consent refused: %(purpose)s (%(source)s)") % values
    return _("Consent withdrawn: %(purpose)s (%(source)s)") % values


def _consent_cleared(event: Event) -> str:
    return _("Answer taken back, so nobody has asked: %(purpose)s") % {"purpose": _purpose(event)}


def _source(event: Event) -> str:
    """Return where the answer came from, how it was given, and what proves it."""
    method, evidence = event.payload.get("method", ""), event.changes.get("evidence", [None, ""])[1]
    how = str(ConsentMethod(method).label).lower() if method in ConsentMethod.values else ""
    source = ", ".join(part for part in (event.payload.get("source", ""), how) if part)
    return f"{source}: {evidence}" if evidence else source


def _merged(event: Event) -> str:
    return _("Merged record %(number)s into this one") % {"number": event.payload.get("duplicate_number", "")}


def _unmerged(event: Event) -> str:
    return _("Separated from record %(number)s again") % {"number": event.payload.get("other_number", "")}


def _merged_outside(event: Event) -> str:
    return _("Merged with another record")


def _unmerged_outside(event: Event) -> str:
    return _("Separated from another record again")


def _rows_moved_outside(event: Event) -> str:
    n = sum(map(len, event.payload.get("moved", {}).values()))
    if event.payload.get("to_id") == str(event.patient_id):
        text = ngettext("%(n)d entry moved here from another record", "%(n)d entries moved here from another record", n)
    else:
        text = ngettext("%(n)d entry moved to another record", "%(n)d entries moved to another record", n)
    return text % {"n": n}


def _rows_moved(event: Event) -> str:
    number = event.payload.get("other_number", "")
    n = sum(map(len, event.payload.get("moved", {}).values()))
    if event.payload.get("to_id") == str(event.patient_id):
        text = ngettext(
            "%(n)d entry moved here from record %(number)s", "%(n)d entries moved here from record %(number)s", n
        )
    else:
        text = ngettext("%(n)d entry moved to record %(number)s", "%(n)d entries moved to record %(number)s", n)
    return text % {"n": n, "number": number}


def _leftovers_url(event: Event) -> str:
    merge = event.payload.get("merge_id")
    return reverse("patients:merge-leftovers", args=[merge]) if merge else ""


for _type, _icon, _sentence, _tone in (
    ("patient.created", "user-plus", _fixed(gettext_lazy("Registered")), "neutral"),
    ("patient.imported", "file-import", _imported, "neutral"),
    ("patient.updated", "pencil", _updated, "neutral"),
    ("patient.archived", "archive", _fixed(gettext_lazy("Archived the record")), "neutral"),
    ("patient.restored", "restore", _fixed(gettext_lazy("Restored the record")), "neutral"),
    (
        "patient.told_apart",
        "arrows-split",
        _fixed(gettext_lazy("Told apart from another record: not the same person")),
        "neutral",
    ),
    ("patient.asked_about", "users", _fixed(gettext_lazy("To be compared with another record again")), "neutral"),
    ("consent.given", "shield-check", _consent_given, "ok"),
    ("consent.withdrawn", "shield-x", _consent_withdrawn, "warn"),
    ("consent.cleared", "arrow-back-up", _consent_cleared, "neutral"),
):
    present(_type, Presentation(icon=_icon, kind="record", sentence=_sentence, tone=_tone))
present("patient.merged", Presentation(icon="arrows-join", kind="record", sentence=_merged, outside=_merged_outside))
for _type, _icon, _sentence, _outside in (
    ("patient.unmerged", "arrows-split", _unmerged, _unmerged_outside),
    ("patient.rows_moved", "arrow-right", _rows_moved, _rows_moved_outside),
):
    present(_type, Presentation(icon=_icon, kind="record", sentence=_sentence, url=_leftovers_url, outside=_outside))

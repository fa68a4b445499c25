"""One patient's summary as a PDF: what the page for paper says, set by `templates/patients/summary.typ`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from django.template.defaultfilters import truncatechars
from django.utils import formats, timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.core.typesetting import typeset
from apps.patients.exchange.sections import Export
from apps.patients.particulars import Said
from apps.patients.summary import Summary, summary_of

TEMPLATE = "patients/summary.typ"
# Where paper is cut to US Letter; everywhere else it is A4. Source: Unicode CLDR, supplemental data, paperSize.
LETTER = frozenset("BZ CA CL CO CR GT MX NI PA PH PR SV US VE".split())
Row = dict[str, Any]


def write_pdf(export: Export) -> bytes:
    """Return the summary as a tagged PDF, A4 or Letter as the clinic's country has it."""
    summary = summary_of(export.patient, export.organization, at=export.at, by=export.by)
    return typeset(TEMPLATE, as_document(summary), at=export.at)


def as_document(summary: Summary) -> Row:
    """Return what the template shows: texts only, in the order in which they stand."""
    patient, organization = summary.patient, summary.organization
    born = _("born %(date)s") % {"date": patient.born.in_words()} if patient.born else _("birth date not known")
    with timezone.override(organization.zone):
        printed = _("printed %(at)s by %(who)s") % {"at": _moment(summary.at, "j M Y H:i"), "who": summary.by}
        return {
            "paper": "us-letter" if organization.country in LETTER else "a4",
            "language": get_language() or "en",
            "title": _("Summary: %(name)s") % {"name": patient.full_name},
            "kind": _("Patient summary"),
            "clinic": organization.name,
            # In one line on every page.
            "header": {"clinic": truncatechars(organization.name, 40), "name": truncatechars(patient.full_name, 48)},
            "name": patient.full_name,
            "latin": patient.name_latin,
            "number": _("record %(number)s") % {"number": patient.record_number},
            "born": born,
            "printed": printed,
            # The template puts the numbers between the words.
            "page": (_("Page %(page)s of %(pages)s") % {"page": "|", "pages": "|"}).split("|"),
            "flags": [{"text": flag.word, "tone": flag.tone} for flag in summary.flags],
            "sections": [
                {"title": _("Person"), "rows": _rows(_person(summary))},
                {"title": _("Contact"), "rows": _rows(_contact(summary))},
            ],
            "note": {"title": _("Note"), "lines": patient.note.splitlines()},
            "consents": {
                "title": _("Consents"),
                "columns": [_("Purpose"), _("Answer"), _("How it was given")],
                "rows": [
                    [line.label, line.word, " · ".join(filter(None, (line.source, line.how, line.evidence)))]
                    for line in summary.all_consents
                ],
            },
            "timeline": {
                "title": _("What happened"),
                "days": [
                    {
                        "label": day.label,
                        "entries": [
                            {"time": _moment(entry.at, "H:i"), "text": str(entry.text), "by": entry.by}
                            for entry in day.entries
                        ],
                    }
                    for day in summary.timeline.days
                ],
                "empty": _("Nothing has happened yet."),
                "more": _("Earlier entries are in the portal.") if summary.timeline.more else "",
            },
        }


def _person(summary: Summary) -> Iterator[tuple[str, list[Row]]]:
    patient, parts = summary.patient, summary.parts
    if patient.archived_at:
        yield _("Archived"), [_value(_moment(patient.archived_at, "j M Y"))]
    yield _("Called"), [_value(patient.preferred_name)] if patient.preferred_name else []
    if patient.born:
        age = _("%(age)s years") % {"age": summary.age}
        yield _("Born"), [_value(f"{patient.born.in_words()} · {age}")]
    else:
        yield _("Born"), [_value(_("not known"))]
    yield _("Sex"), [_value(str(patient.get_sex_display()), patient.gender_identity)]
    yield _("Language"), [_value(summary.language)]
    for one in parts.identifiers:
        yield one.note, [_value(one.text)]
    yield _("Tags"), [_value(", ".join(parts.tags))] if parts.tags else []


def _contact(summary: Summary) -> Iterator[tuple[str, list[Row]]]:
    parts = summary.parts
    yield _("Phone"), _values(parts.phones) or [_value(_("None"))]
    yield _("E-mail"), _values(parts.emails) or [_value(_("None"))]
    yield _("Address"), _values(parts.addresses)
    prefers = " · ".join(filter(None, (parts.channel, parts.times)))
    yield _("Prefers"), [_value(prefers)] if prefers else []
    yield _("People"), _values(parts.people)


def _rows(pairs: Iterable[tuple[str, list[Row]]]) -> list[Row]:
    """Return what has something to say."""
    return [{"label": label, "values": values} for label, values in pairs if values]


def _values(said: Iterable[Said]) -> list[Row]:
    return [_value(one.text, one.note, one.further) for one in said]


def _value(text: str, note: str = "", further: Iterable[str] = ()) -> Row:
    return {"text": text, "note": note, "further": list(further)}


def _moment(at: dt.datetime, pattern: str) -> str:
    return formats.date_format(timezone.localtime(at), pattern)

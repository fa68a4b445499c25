"""The kinds of file in which one patient's record leaves. A new kind is one more entry of EXPORT_KINDS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.actors import Actor
from apps.core.errors import NotFound
from apps.organizations.permissions import Permission
from apps.patients.exchange.fhir_export import write_fhir
from apps.patients.exchange.json_export import write_json
from apps.patients.exchange.pdf_export import write_pdf
from apps.patients.exchange.sections import Export


@dataclass(frozen=True, slots=True)
class ExportKind:
    """One kind of file: its word in addresses and commands, how the menu calls it, who may have it, who writes it."""

    key: str
    label: str | Promise
    note: str | Promise
    icon: str
    permission: Permission
    content_type: str
    suffix: str
    write: Callable[[Export], bytes]


_KINDS = (
    ExportKind(
        key="json",
        label=gettext_lazy("Everything, as JSON"),
        note=gettext_lazy("The whole record, for programs"),
        icon="code",
        permission=Permission.PATIENTS_EXPORT,
        content_type="application/json",
        suffix="json",
        write=write_json,
    ),
    ExportKind(
        key="fhir",
        label=gettext_lazy("FHIR bundle"),
        note=gettext_lazy("For another clinic’s system"),
        icon="heartbeat",
        permission=Permission.PATIENTS_EXPORT,
        content_type="application/fhir+json",
        suffix="fhir.json",
        write=write_fhir,
    ),
    ExportKind(
        key="pdf",
        label=gettext_lazy("Summary, as PDF"),
        note=gettext_lazy("For paper, on A4 or Letter"),
        icon="file-text",
        # What the page for paper shows, and whoever sees it prints it.
        permission=Permission.PATIENTS_VIEW,
        content_type="application/pdf",
        suffix="pdf",
        write=write_pdf,
    ),
)
EXPORT_KINDS = {kind.key: kind for kind in _KINDS}


def find_kind(key: str) -> ExportKind:
    """Return the kind with this word. Raises NotFound that names those there are."""
    kind = EXPORT_KINDS.get(key)
    if kind is None:
        raise NotFound(_("There is no such kind of export. Known: %(list)s.") % {"list": ", ".join(EXPORT_KINDS)})
    return kind


def kinds_for(actor: Actor) -> list[ExportKind]:
    """Return the kinds that the actor may have, in the order of the menu."""
    return [kind for kind in EXPORT_KINDS.values() if actor.may(kind.permission)]

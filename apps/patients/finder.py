"""Patients in the navigation, the "New" menu and the palette."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.audit.models import AccessKind
from apps.audit.services import record_access
from apps.core import navigation
from apps.organizations.middleware import OrganizationRequest
from apps.organizations.permissions import Permission
from apps.patients import panels, review
from apps.patients.selectors import search_patients

MOST = 5


def find(request: OrganizationRequest, text: str) -> list[navigation.Found]:
    """Return the patients that the palette shows for what was typed; those in the archive when nobody else fits."""
    matches = search_patients(organization=request.organization, text=text, limit=MOST)
    archived = not matches
    if archived:
        matches = search_patients(organization=request.organization, text=text, limit=MOST, archived=True)
    record_access(
        organization=request.organization,
        actor=request.actor,
        patient_ids=[match.patient.pk for match in matches],
        route="palette",
        kind=AccessKind.SEARCH,
    )
    return [
        navigation.Found(
            label=match.patient.full_name,
            detail=" · ".join(
                part
                for part in (
                    str(_("archived")) if archived else "",
                    *(match.patient.name_latin, match.patient.record_number, match.reason),
                )
                if part
            ),
            icon="user-circle",
            url=reverse("patients:detail", args=[match.patient.pk]),
        )
        for match in matches
    ]


def likely_duplicates(request: HttpRequest) -> navigation.Badge:
    """Count the pairs that are rather one person than two."""
    rows = review.candidates(request.organization).filter(bits__gte=review.LIKELY).order_by()  # type: ignore[attr-defined]
    return navigation.Badge(rows, label=_("likely duplicates"))


navigation.register(
    navigation.Entry(
        "patients", _("Patients"), "users", "patients:list", Permission.PATIENTS_VIEW, 50, likely_duplicates
    )
)
panels.register(
    slot="flag",
    key="duplicates",
    label=_("Possible duplicates"),
    url_name="patients:duplicate-flag",
    order=10,
    permission=Permission.PATIENTS_VIEW,
    live=("patients", "duplicates"),
)
navigation.register_action(
    navigation.NewAction(
        *(_("Patient"), "user-plus", "patients:new", Permission.PATIENTS_MANAGE, 30),
        words=_("new patient register add"),
    )
)
navigation.register_place(
    navigation.Place(_("Duplicates"), "users", "patients:duplicates", Permission.PATIENTS_VIEW, _("merge same person"))
)
navigation.register_place(
    navigation.Place(_("Export patients"), "file-export", "patients:list-export", Permission.PATIENTS_EXPORT)
)
navigation.register_finder(_("Patients"), Permission.PATIENTS_VIEW, 10, find)

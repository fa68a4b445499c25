"""Where patients stand in the settings."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from apps.core.navigation import SettingsPage, register_settings_page
from apps.organizations.permissions import Permission


def register_settings() -> None:
    """Add the import of patients to the settings; called once at start."""
    register_settings_page(
        SettingsPage(
            "exchange-patients",
            _("Import patients"),
            "file-import",
            "patients:exchange",
            Permission.PRACTITIONERS_MANAGE,
            17,
            _("From CSV and FHIR files"),
        )
    )

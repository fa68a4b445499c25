"""Roles and what they may do: the one table that pages, API, admin and services read. Default is deny."""

from enum import StrEnum

from django.db import models


class Permission(StrEnum):
    """Everything that can be allowed or denied, as `noun.verb`."""

    TODAY_VIEW = "today.view"
    PATIENTS_VIEW = "patients.view"
    PATIENTS_MANAGE = "patients.manage"
    PATIENTS_MERGE = "patients.merge"
    PATIENTS_EXPORT = "patients.export"
    MEDIA_VIEW = "media.view"
    MEDIA_MANAGE = "media.manage"
    APPOINTMENTS_VIEW = "appointments.view"
    APPOINTMENTS_MANAGE = "appointments.manage"
    APPOINTMENTS_OVERRIDE = "appointments.override"
    PRACTITIONERS_VIEW = "practitioners.view"
    PRACTITIONERS_MANAGE = "practitioners.manage"
    CONVERSATIONS_VIEW = "conversations.view"
    CONVERSATIONS_REPLY = "conversations.reply"
    COMMUNICATIONS_VIEW = "communications.view"
    COMMUNICATIONS_MANAGE = "communications.manage"
    TEMPLATES_MANAGE = "templates.manage"
    JOURNEYS_VIEW = "journeys.view"
    JOURNEYS_ADVANCE = "journeys.advance"
    JOURNEYS_MANAGE = "journeys.manage"
    REPORTS_VIEW = "reports.view"
    EVENTS_VIEW = "events.view"
    AUDIT_VIEW = "audit.view"
    ORGANIZATION_MANAGE = "organization.manage"
    ADMIN_USE = "admin.use"


class Role(models.TextChoices):
    FRONT_DESK = "front_desk", "Front desk"
    CLINICIAN = "clinician", "Clinician"
    MANAGER = "manager", "Manager"
    ADMIN = "admin", "Administrator"
    AUDITOR = "auditor", "Auditor"


_READ = frozenset(
    {
        Permission.TODAY_VIEW,
        Permission.PATIENTS_VIEW,
        Permission.MEDIA_VIEW,
        Permission.APPOINTMENTS_VIEW,
        Permission.PRACTITIONERS_VIEW,
        Permission.CONVERSATIONS_VIEW,
        Permission.COMMUNICATIONS_VIEW,
        Permission.JOURNEYS_VIEW,
        Permission.EVENTS_VIEW,
    }
)
_DESK = _READ | {
    Permission.PATIENTS_MANAGE,
    Permission.PATIENTS_MERGE,
    Permission.MEDIA_MANAGE,
    Permission.APPOINTMENTS_MANAGE,
    Permission.CONVERSATIONS_REPLY,
    Permission.COMMUNICATIONS_MANAGE,
    Permission.JOURNEYS_ADVANCE,
}
_MANAGER = _DESK | {
    Permission.PATIENTS_EXPORT,
    Permission.APPOINTMENTS_OVERRIDE,
    Permission.PRACTITIONERS_MANAGE,
    Permission.TEMPLATES_MANAGE,
    Permission.JOURNEYS_MANAGE,
    Permission.REPORTS_VIEW,
    Permission.AUDIT_VIEW,
}

PERMISSIONS_OF: dict[str, frozenset[Permission]] = {
    Role.FRONT_DESK: _DESK,
    Role.CLINICIAN: _READ
    | {
        Permission.APPOINTMENTS_MANAGE,
        Permission.PATIENTS_MANAGE,
        Permission.MEDIA_MANAGE,
        Permission.JOURNEYS_ADVANCE,
    },
    Role.MANAGER: _MANAGER,
    Role.ADMIN: frozenset(Permission),
    Role.AUDITOR: _READ | {Permission.REPORTS_VIEW, Permission.AUDIT_VIEW},
}

"""Every write on patients, their contact points and their consents."""

from apps.patients.services.consents import give_channel_consents, set_consent, withdraw_channel_consents
from apps.patients.services.records import (
    add_contact_point,
    archive_patient,
    create_patient,
    index_patient,
    restore_patient,
    update_patient,
)

__all__ = [
    "add_contact_point",
    "archive_patient",
    "create_patient",
    "give_channel_consents",
    "index_patient",
    "restore_patient",
    "set_consent",
    "update_patient",
    "withdraw_channel_consents",
]

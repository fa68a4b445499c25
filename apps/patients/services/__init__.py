"""Every write on patients, their contact points and their consents."""

from apps.patients.services.consents import give_channel_consents, set_consent, withdraw_channel_consents
from apps.patients.services.merging import MergeBlocked, merge_patients
from apps.patients.services.records import (
    add_contact_point,
    archive_patient,
    create_patient,
    index_patient,
    restore_patient,
    update_patient,
)
from apps.patients.services.unmerging import StayingRow, UnmergeReport, preview_unmerge, unmerge

__all__ = [
    "MergeBlocked",
    "StayingRow",
    "UnmergeReport",
    "add_contact_point",
    "archive_patient",
    "create_patient",
    "give_channel_consents",
    "index_patient",
    "merge_patients",
    "preview_unmerge",
    "restore_patient",
    "set_consent",
    "unmerge",
    "update_patient",
    "withdraw_channel_consents",
]

"""Every write on patients, their contact points and their consents."""

from apps.patients.services.consents import (
    give_channel_consents,
    set_consent,
    take_back_answer,
    withdraw_channel_consents,
)
from apps.patients.services.duplicates import (
    compare_patients,
    mark_distinct,
    note_merged,
    note_separated,
    reopen_candidate,
)
from apps.patients.services.match_runs import start_match_run, work_on_run
from apps.patients.services.merging import MergeBlocked, MergeDoubtful, merge_patients
from apps.patients.services.moving import list_leftovers, move_leftovers
from apps.patients.services.records import (
    add_contact_point,
    archive_patient,
    create_patient,
    index_patient,
    read_values,
    restore_patient,
    update_patient,
)
from apps.patients.services.unmerging import StayingRow, UnmergeReport, preview_unmerge, unmerge

__all__ = [
    "MergeBlocked",
    "MergeDoubtful",
    "StayingRow",
    "UnmergeReport",
    "add_contact_point",
    "archive_patient",
    "compare_patients",
    "create_patient",
    "give_channel_consents",
    "index_patient",
    "list_leftovers",
    "mark_distinct",
    "merge_patients",
    "move_leftovers",
    "note_merged",
    "note_separated",
    "preview_unmerge",
    "read_values",
    "reopen_candidate",
    "restore_patient",
    "set_consent",
    "start_match_run",
    "take_back_answer",
    "unmerge",
    "update_patient",
    "withdraw_channel_consents",
    "work_on_run",
]

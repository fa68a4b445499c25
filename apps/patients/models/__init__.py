"""Patients, how to reach them, who stands behind them, and what they agreed to."""

from apps.core.imports.models import AT_WORK, ImportStatus, RowState
from apps.patients.models.consent import (
    CHANNEL_PURPOSES,
    SAID_NO,
    Consent,
    ConsentMethod,
    ConsentPurpose,
    ConsentStatus,
    PreferredChannel,
)
from apps.patients.models.contact import Address, AddressUse, ContactPoint, ContactSystem, ContactUse
from apps.patients.models.duplicates import (
    CandidateState,
    DuplicateCandidate,
    MatchIndex,
    MatchRun,
    MatchRunState,
    ValueCount,
)
from apps.patients.models.identifier import Identifier, IdentifierSystem
from apps.patients.models.imports import ImportFormat, OnMatch, PatientImport, PatientImportRow
from apps.patients.models.merges import Merge, MergeRow, MergeRowKind
from apps.patients.models.patient import NumberCounter, Patient, PatientQuerySet, Sex, full_name
from apps.patients.models.related import RelatedPerson, Relationship

__all__ = [
    "AT_WORK",
    "CHANNEL_PURPOSES",
    "SAID_NO",
    "Address",
    "AddressUse",
    "CandidateState",
    "Consent",
    "ConsentMethod",
    "ConsentPurpose",
    "ConsentStatus",
    "ContactPoint",
    "ContactSystem",
    "ContactUse",
    "DuplicateCandidate",
    "Identifier",
    "IdentifierSystem",
    "ImportFormat",
    "ImportStatus",
    "MatchIndex",
    "MatchRun",
    "MatchRunState",
    "Merge",
    "MergeRow",
    "MergeRowKind",
    "NumberCounter",
    "OnMatch",
    "Patient",
    "PatientImport",
    "PatientImportRow",
    "PatientQuerySet",
    "PreferredChannel",
    "RelatedPerson",
    "Relationship",
    "RowState",
    "Sex",
    "ValueCount",
    "full_name",
]

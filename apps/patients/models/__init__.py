"""Patients, how to reach them, who stands behind them, and what they agreed to."""

from apps.patients.models.consent import (
    CHANNEL_PURPOSES,
    Consent,
    ConsentMethod,
    ConsentPurpose,
    ConsentStatus,
    PreferredChannel,
)
from apps.patients.models.contact import Address, AddressUse, ContactPoint, ContactSystem, ContactUse
from apps.patients.models.identifier import Identifier, IdentifierSystem
from apps.patients.models.merges import Merge, MergeRow, MergeRowKind
from apps.patients.models.patient import NumberCounter, Patient, PatientQuerySet, Sex, full_name
from apps.patients.models.related import RelatedPerson, Relationship

__all__ = [
    "CHANNEL_PURPOSES",
    "Address",
    "AddressUse",
    "Consent",
    "ConsentMethod",
    "ConsentPurpose",
    "ConsentStatus",
    "ContactPoint",
    "ContactSystem",
    "ContactUse",
    "Identifier",
    "IdentifierSystem",
    "Merge",
    "MergeRow",
    "MergeRowKind",
    "NumberCounter",
    "Patient",
    "PatientQuerySet",
    "PreferredChannel",
    "RelatedPerson",
    "Relationship",
    "Sex",
    "full_name",
]

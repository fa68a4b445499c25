"""Patients and consents as the API reads and shows them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from apps.core.api.fields import InstantField, InUtc, TenantRelatedField
from apps.patients.cleaning import clean_birth_date
from apps.patients.contact import normalise_email, normalise_phone
from apps.patients.dates import PartialDate
from apps.patients.matching.words import reason_of
from apps.patients.merging.living import living_patient
from apps.patients.models import (
    CandidateState,
    Consent,
    ConsentMethod,
    ConsentPurpose,
    ConsentStatus,
    ContactSystem,
    Patient,
    PreferredChannel,
    Sex,
)
from apps.patients.serializers_parts import (
    AddressSerializer,
    ContactPointSerializer,
    IdentifierSerializer,
    PartialDateField,
    PatientPartsSerializer,
    PreferredTimesSerializer,
    RelatedPersonSerializer,
)

CHANNEL_CHOICES = PreferredChannel.choices


class PatientField(TenantRelatedField):
    """The id of a patient. One whose record was merged is read as the record that it became a part of."""

    def __init__(self, **kwargs: Any) -> None:
        if not kwargs.get("read_only"):
            kwargs.setdefault("queryset", Patient.objects.all())
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Patient:
        return living_patient(super().to_internal_value(data))


class PatientSerializer(InUtc, serializers.ModelSerializer):
    """A patient with the ways to reach them."""

    full_name = serializers.CharField()
    birth_date = PartialDateField(source="born", allow_null=True)
    record_number = serializers.CharField()
    age = serializers.SerializerMethodField(
        help_text="completed years today; null when too little of the birth date is known"
    )
    phones = serializers.SerializerMethodField()
    emails = serializers.SerializerMethodField()
    contact_points = ContactPointSerializer(many=True)
    addresses = AddressSerializer(many=True)
    identifiers = IdentifierSerializer(many=True)
    related_persons = RelatedPersonSerializer(many=True)
    preferred_times = PreferredTimesSerializer()
    sex = serializers.ChoiceField(choices=Sex.choices)
    preferred_channel = serializers.ChoiceField(choices=[("", "None"), *CHANNEL_CHOICES])
    alerts = serializers.ListField(child=serializers.CharField())
    tags = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Patient
        fields = [
            "id",
            "record_number",
            "given_name",
            "family_name",
            "full_name",
            "preferred_name",
            "name_latin",
            "birth_date",
            "age",
            "sex",
            "gender_identity",
            "language",
            "phones",
            "emails",
            "contact_points",
            "addresses",
            "identifiers",
            "related_persons",
            "preferred_channel",
            "preferred_times",
            "alerts",
            "tags",
            "note",
            "version",
            "archived_at",
            "merged_into",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields

    def get_age(self, patient: Patient) -> int | None:
        return patient.age(self.context["request"].organization.today())

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_phones(self, patient: Patient) -> list[str]:
        return _values(patient, ContactSystem.PHONE)

    @extend_schema_field(serializers.ListField(child=serializers.EmailField()))
    def get_emails(self, patient: Patient) -> list[str]:
        return _values(patient, ContactSystem.EMAIL)


def _values(patient: Patient, system: str) -> list[str]:
    return [point.value for point in patient.contact_points.all() if point.system == system]


class FoundPatientSerializer(PatientSerializer):
    """A patient in a list; `match` says why a search found it."""

    match = serializers.SerializerMethodField(help_text="why the search found it; empty without a search")

    class Meta(PatientSerializer.Meta):
        fields = [*PatientSerializer.Meta.fields, "match"]
        read_only_fields = fields

    def get_match(self, patient: Patient) -> str:
        reasons: dict[Any, str] = self.context.get("reasons", {})
        return reasons.get(patient.pk, "")


@extend_schema_serializer(many=False)
class PatientListSerializer(serializers.Serializer):
    """Patients, best first for a search, else in the order asked for."""

    results = FoundPatientSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class PatientWriteSerializer(PatientPartsSerializer):
    """What a patient is made of. Numbers and addresses are normalised and checked by the service."""

    shown_by = FoundPatientSerializer

    given_name = serializers.CharField(required=False, allow_blank=True, default="")
    family_name = serializers.CharField(required=False, allow_blank=True, default="")
    preferred_name = serializers.CharField(required=False, allow_blank=True)
    name_latin = serializers.CharField(
        required=False, allow_blank=True, help_text="Latin spelling of a name in another script"
    )
    birth_date = PartialDateField(required=False, allow_null=True)
    sex = serializers.ChoiceField(choices=Sex.choices, required=False)
    language = serializers.CharField(required=False, help_text="en, es, hi …")
    phones = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        max_length=10,
        help_text="in the order to try; national numbers are the organization's country's",
    )
    emails = serializers.ListField(child=serializers.CharField(), required=False, max_length=10)
    gender_identity = serializers.CharField(required=False, allow_blank=True)
    preferred_channel = serializers.ChoiceField(choices=CHANNEL_CHOICES, required=False, allow_blank=True)
    alerts = serializers.ListField(child=serializers.CharField(), required=False, max_length=20)
    tags = serializers.ListField(child=serializers.CharField(), required=False, max_length=20)
    note = serializers.CharField(required=False, allow_blank=True, max_length=10_000)


class PatientUpdateSerializer(PatientWriteSerializer):
    """The fields to change; a list replaces the whole one."""

    given_name = serializers.CharField(required=False, allow_blank=True)
    family_name = serializers.CharField(required=False, allow_blank=True)
    version = serializers.IntegerField(
        required=False, min_value=1, help_text="what was read; a stale one is refused with 409"
    )


class MatchReasonSerializer(serializers.Serializer):
    """One comparison of two records."""

    field = serializers.CharField(help_text="given, family, names, birth, sex, phone, email, number, street …")
    level = serializers.CharField(help_text="same, close, swapped, typo, different …")
    weight = serializers.FloatField(help_text="bits: each doubles the odds; a negative one speaks for two people")
    text = serializers.SerializerMethodField(help_text="the comparison in words")

    def get_text(self, reason: dict[str, object]) -> str:
        return reason_of(reason).text


class ScoredSerializer(serializers.Serializer):
    """How likely two records are of one person, and why."""

    score = serializers.FloatField(source="bits", help_text="log2 odds that both are one person; 0 is even")
    suggestion = serializers.ChoiceField(
        choices=[("merge", "Merge"), ("review", "Review")],
        help_text="merge: a thousand to one, and names and birth date agree; review: worth a person's look",
    )
    reasons = MatchReasonSerializer(many=True)


class MatchedPatientSerializer(ScoredSerializer):
    """A patient who may be the person."""

    patient = PatientSerializer()


class MatchedPatientListSerializer(serializers.Serializer):
    """Who may be the person, the likeliest first."""

    results = MatchedPatientSerializer(many=True)


class DuplicateSerializer(MatchedPatientSerializer):
    """Another record that may be of the same person, and what was decided about it."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=CandidateState.choices)
    note = serializers.CharField()


class DuplicateListSerializer(serializers.Serializer):
    """The other records, the likeliest first."""

    results = DuplicateSerializer(many=True)


class MatchSerializer(serializers.Serializer):
    """What is known of a person. Every field may be missing, but something must be there."""

    given_name = serializers.CharField(required=False, max_length=120, default="")
    family_name = serializers.CharField(required=False, max_length=120, default="")
    preferred_name = serializers.CharField(required=False, max_length=80, default="")
    name_latin = serializers.CharField(required=False, max_length=160, default="")
    birth_date = PartialDateField(required=False, help_text="ISO 8601, also a year or a month only")
    sex = serializers.ChoiceField(choices=Sex.choices, required=False, default=Sex.UNKNOWN)
    phones = serializers.ListField(child=serializers.CharField(max_length=40), required=False, max_length=10)
    emails = serializers.ListField(child=serializers.CharField(max_length=254), required=False, max_length=10)
    identifiers = serializers.DictField(
        child=serializers.CharField(max_length=100), required=False, help_text="number by system"
    )
    address = serializers.CharField(required=False, max_length=200, default="", help_text="in one line")
    limit = serializers.IntegerField(required=False, min_value=1, max_value=20, default=10)

    def validate_birth_date(self, birth_date: PartialDate) -> str:
        """Refuse a date that nobody living can have, as a record does."""
        return clean_birth_date(birth_date, organization=self.context["request"].organization).isoformat()

    def validate_phones(self, phones: list[str]) -> list[str]:
        """Refuse what is no number: it would compare with nothing, and answer that nobody is known."""
        country = self.context["request"].organization.country
        return [normalise_phone(phone, country=country) for phone in phones]

    def validate_emails(self, emails: list[str]) -> list[str]:
        """Refuse what is no address."""
        return [normalise_email(email) for email in emails]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not any(
            attrs.get(name) for name in ("given_name", "family_name", "birth_date", "phones", "emails", "identifiers")
        ):
            raise serializers.ValidationError(
                {"given_name": _("Give at least a name, a birth date, a phone or an e-mail to compare.")}
            )
        return attrs


STATUS_HELP = (
    "`refused` is a no of who never gave the consent, `withdrawn` of who gave it before or wrote STOP. "
    "Recording `refused` after `active` makes it `withdrawn`; a no after a no changes nothing."
)


class ConsentSerializer(InUtc, serializers.ModelSerializer):
    """The present answer for one purpose."""

    purpose = serializers.ChoiceField(choices=ConsentPurpose.choices)
    status = serializers.ChoiceField(choices=ConsentStatus.choices, help_text=STATUS_HELP)

    class Meta:
        model = Consent
        fields = ["id", "purpose", "status", "source", "method", "evidence", "decided_at"]
        read_only_fields = fields


class ConsentListSerializer(serializers.Serializer):
    """Every purpose that was asked for."""

    results = ConsentSerializer(many=True)


class ConsentAnswerSerializer(serializers.Serializer):
    """An answer; it replaces the one before."""

    shown_by = ConsentSerializer

    status = serializers.ChoiceField(choices=ConsentStatus.choices, help_text=STATUS_HELP)
    source = serializers.CharField(max_length=60, default="API", help_text="where the answer came from")
    method = serializers.ChoiceField(choices=ConsentMethod.choices, required=False, allow_blank=True, default="")
    evidence = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class ConsentWriteSerializer(ConsentAnswerSerializer):
    """An answer for one purpose."""

    purpose = serializers.ChoiceField(choices=ConsentPurpose.choices)


class TimelineEntrySerializer(serializers.Serializer):
    """One line of the patient's history."""

    id = serializers.UUIDField()
    at = InstantField()
    type = serializers.CharField(help_text="the event's type")
    kind = serializers.CharField(help_text="visits, messages, journeys, record …")
    text = serializers.CharField()
    by = serializers.CharField()


class TimelineSerializer(serializers.Serializer):
    """The history, newest first."""

    results = TimelineEntrySerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True, help_text="always null: start again without `before`")

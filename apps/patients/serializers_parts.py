"""The lists of a patient's record as the API reads and shows them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.core.api.fields import InUtc
from apps.patients.dates import PartialDate
from apps.patients.models import (
    Address,
    AddressUse,
    ContactPoint,
    ContactSystem,
    ContactUse,
    Identifier,
    RelatedPerson,
    Relationship,
)
from apps.patients.parts import MOST_LINES, MOST_ROWS
from apps.patients.times import DAYS, PartOfDay


@extend_schema_field({"type": "string", "example": "1984-03"})
class PartialDateField(serializers.Field):
    """A date of which only the year, or year and month, may be known, as FHIR writes it."""

    default_error_messages = {"invalid": _("Write the date as YYYY-MM-DD; YYYY-MM or YYYY when no more is known.")}

    def to_internal_value(self, data: object) -> PartialDate:
        try:
            return PartialDate.fromisoformat(str(data))
        except ValueError:
            self.fail("invalid")

    def to_representation(self, value: PartialDate) -> str:
        return value.isoformat()


class ContactPointSerializer(InUtc, serializers.ModelSerializer):
    """A phone (E.164) or e-mail (lower case); rank 1 is tried first."""

    class Meta:
        model = ContactPoint
        fields = ["id", "system", "value", "use", "label", "rank", "verified_at"]
        read_only_fields = fields


class AddressSerializer(serializers.ModelSerializer):
    """A postal address; rank 1 is the one that letters go to."""

    lines = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Address
        fields = ["id", "use", "lines", "city", "district", "state", "postal_code", "country", "rank"]
        read_only_fields = fields


class IdentifierSerializer(serializers.ModelSerializer):
    """A number under which others know the patient."""

    class Meta:
        model = Identifier
        fields = ["id", "system", "value"]
        read_only_fields = fields


class RelatedPersonSerializer(serializers.ModelSerializer):
    """Somebody who stands behind the patient; rank 1 is called first."""

    linked_patient = serializers.UUIDField(
        source="linked_patient_id", allow_null=True, help_text="the person's own record here"
    )

    class Meta:
        model = RelatedPerson
        fields = [
            "id",
            "name",
            "relationship",
            "phone",
            "email",
            "is_emergency_contact",
            "is_guardian",
            "linked_patient",
            "rank",
        ]
        read_only_fields = fields


class ContactPointWriteSerializer(serializers.Serializer):
    """A phone or e-mail with its kind; national numbers are the organization's country's."""

    system = serializers.ChoiceField(choices=ContactSystem.choices)
    value = serializers.CharField(max_length=254)
    use = serializers.ChoiceField(choices=ContactUse.choices, required=False)

    def get_fields(self) -> dict[str, Any]:
        """Add the label, whose name is an attribute of every field."""
        return super().get_fields() | {"label": serializers.CharField(max_length=40, required=False, allow_blank=True)}


class AddressWriteSerializer(serializers.Serializer):
    """A postal address. With the `id` of a present one it takes its place."""

    id = serializers.UUIDField(required=False)
    use = serializers.ChoiceField(choices=AddressUse.choices, required=False)
    lines = serializers.ListField(child=serializers.CharField(max_length=200), required=False, max_length=MOST_LINES)
    city = serializers.CharField(max_length=100, required=False, allow_blank=True)
    district = serializers.CharField(max_length=100, required=False, allow_blank=True, help_text="county")
    state = serializers.CharField(max_length=100, required=False, allow_blank=True)
    postal_code = serializers.CharField(max_length=20, required=False, allow_blank=True)
    country = serializers.CharField(
        max_length=2, required=False, allow_blank=True, help_text="ISO 3166-1 alpha-2; else the organization's"
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse an address that says nothing: it would be left out without a word."""
        if not any(attrs.get(name) for name in ("lines", "city", "district", "state", "postal_code")):
            raise serializers.ValidationError({"lines": [_("Write the address, or leave it out.")]})
        return attrs


class IdentifierWriteSerializer(serializers.Serializer):
    """A number in one system; it belongs to one patient of the organization."""

    id = serializers.UUIDField(required=False)
    system = serializers.CharField(max_length=200, help_text="a word such as `passport`, or a FHIR system's URI")
    value = serializers.CharField(max_length=100)


class RelatedPersonWriteSerializer(serializers.Serializer):
    """Somebody who stands behind the patient: by name, or by their own record here."""

    id = serializers.UUIDField(required=False)
    name = serializers.CharField(max_length=160, required=False, allow_blank=True)
    relationship = serializers.ChoiceField(choices=Relationship.choices, required=False)
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True)
    email = serializers.CharField(max_length=254, required=False, allow_blank=True)
    is_emergency_contact = serializers.BooleanField(required=False, default=False)
    is_guardian = serializers.BooleanField(required=False, default=False)
    linked_patient = serializers.UUIDField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse nobody: the row would be left out without a word."""
        if not any(attrs.get(name) for name in ("name", "linked_patient", "phone", "email")):
            raise serializers.ValidationError({"name": [_("Write who it is, or leave the person out.")]})
        return attrs


class PreferredTimesSerializer(serializers.Serializer):
    """When the patient likes to be contacted; nothing in it means any time."""

    days = serializers.ListField(child=serializers.ChoiceField(choices=DAYS), required=False)
    parts = serializers.ListField(child=serializers.ChoiceField(choices=PartOfDay.choices), required=False)

    def get_fields(self) -> dict[str, Any]:
        """Add the hours, whose name is a word of the language."""
        hours = {
            name: serializers.CharField(required=False, allow_blank=True, help_text="local time, HH:MM")
            for name in ("from", "to")
        }
        return super().get_fields() | hours


class PatientPartsSerializer(serializers.Serializer):
    """The lists of a record, each of which is replaced as a whole."""

    contact_points = serializers.ListField(
        child=ContactPointWriteSerializer(),
        required=False,
        max_length=2 * MOST_ROWS,
        help_text="phones and e-mails with their kinds, in the order to try; instead of `phones` and `emails`",
    )
    addresses = serializers.ListField(child=AddressWriteSerializer(), required=False, max_length=MOST_ROWS)
    identifiers = serializers.ListField(child=IdentifierWriteSerializer(), required=False, max_length=MOST_ROWS)
    related_persons = serializers.ListField(child=RelatedPersonWriteSerializer(), required=False, max_length=MOST_ROWS)
    preferred_times = PreferredTimesSerializer(required=False)

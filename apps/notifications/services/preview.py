"""What a text will look like, before anybody gets it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from apps.communications.models import Channel
from apps.core.errors import NotFound
from apps.notifications.contexts import example_variables, load_context
from apps.notifications.models import Template
from apps.notifications.rendering import render, validate_texts
from apps.organizations.models import Organization
from apps.patients.contact import show_phone
from apps.patients.models import Patient


@dataclass(frozen=True, slots=True)
class Preview:
    """A filled text. `segments` is how many SMS it is charged as, None for other channels; `patient_id` is whose facts
    it shows."""

    subject: str
    body: str
    segments: int | None
    content_variables: dict[str, str] = field(default_factory=dict)
    patient_id: uuid.UUID | None = None


def preview_template(
    *,
    organization: Organization,
    template: Template,
    patient: Patient | None = None,
    context_type: str = "",
    subject_id: uuid.UUID | None = None,
) -> Preview:
    """Fill a saved or unsaved template with a real object, else with examples (and the patient's own name).

    Raises InvalidInput for a text that can't be filled, NotFound for an object that is not there. Writes nothing.
    """
    validate_texts(
        channel=template.channel, subject=template.subject, body=template.body, content_sid=template.content_sid
    )
    variables = example_variables()
    variables["clinic"] |= {
        "name": organization.name,
        "phone": show_phone(organization.phone, country=organization.country),
    }
    if patient is not None:
        variables["patient"] |= {"first_name": patient.first_name}
    shows = patient.pk if patient is not None else None
    if subject_id is not None:
        context = load_context(organization, context_type, subject_id)
        if context is None:
            raise NotFound(_("There is no such object to preview the template with."))
        variables |= dict(context.variables)
        shows = context.patient.pk
    filled = render(template, variables)
    return Preview(
        subject=filled.subject,
        body=filled.body,
        segments=filled.segments if template.channel == Channel.SMS else None,
        content_variables=filled.content_variables,
        patient_id=shows,
    )

"""The journey that every clinic begins with.

New patient visit: a thread opens → contacted; an appointment is booked → booked; its reminder goes out → reminded;
the visit is done → visited, which plans the follow-up message three hours ahead; it went out → follow-up, which leaves
three days for an answer and then ends.

Decisions:
- A cancelled appointment or a no-show brings the run back to *contacted*, not to an end: somebody wanted to be seen
  and is not, which is exactly what the board must show until it is rebooked or cancelled by hand.
- A moved appointment brings it back to *booked*, because its reminders are planned anew.
- A status undone within its ten minutes (a visit marked done too early) brings it back to *reminded*.
- A thread that is closed before anything was booked ends the run; reopened, it starts another one.
- A visit that is done although no reminder went out (booked an hour before) passes over *reminded*, and says so.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from apps.core.actors import SYSTEM
from apps.journeys.models import Definition
from apps.journeys.services import StageInput, create_definition
from apps.organizations.models import Organization

NEW_PATIENT_VISIT = "new-patient-visit"
HOUR = 60
DAY = 24 * HOUR


def install_defaults(*, organization: Organization) -> Definition:
    """Create “New patient visit” unless the organization has one, whatever it was changed to meanwhile."""
    known: Definition | None = Definition.objects.for_organization(organization).filter(key=NEW_PATIENT_VISIT).first()
    if known is not None:
        return known
    return create_definition(
        organization=organization,
        key=NEW_PATIENT_VISIT,
        name=_("New patient visit"),
        description=_("From the first message to the follow-up after the visit."),
        starts_on="conversation.opened",
        stages=[
            StageInput(
                key="contacted",
                name=_("Contacted"),
                advance_on="appointment.booked",
                overdue_after_minutes=DAY,
                return_on=["appointment.cancelled", "appointment.no_show"],
                cancel_on=["conversation.closed"],
            ),
            StageInput(
                key="booked",
                name=_("Booked"),
                advance_on="communication.sent",
                advance_when={"category": "reminder", "context_type": "appointments.Appointment"},
                return_on=["appointment.rescheduled"],
            ),
            StageInput(
                key="reminded",
                name=_("Reminded"),
                advance_on="appointment.fulfilled",
                overdue_after_minutes=2 * DAY,
                return_on=["appointment.status_undone"],
            ),
            StageInput(
                key="visited",
                name=_("Visited"),
                advance_on="communication.sent",
                advance_when={"category": "follow_up", "context_type": "journeys.Instance"},
                return_on=["appointment.status_undone"],
                overdue_after_minutes=2 * DAY,
                actions=[
                    {
                        "action": "send_message",
                        "template": "follow-up",
                        "category": "follow_up",
                        "channels": ["whatsapp", "sms", "email"],
                        "after_minutes": 3 * HOUR,
                    }
                ],
            ),
            StageInput(key="follow-up", name=_("Follow-up"), advance_after_minutes=3 * DAY),
        ],
        actor=SYSTEM,
    )

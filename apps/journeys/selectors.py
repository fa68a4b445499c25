"""Reading journeys: the board, one run's way, and what a journey would do."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.appointments.models import Appointment
from apps.communications.models import Category
from apps.core.shown import Shown
from apps.journeys import registry
from apps.journeys.models import (
    OPEN_STATUSES,
    Definition,
    DefinitionVersion,
    Instance,
    InstanceStatus,
    Stage,
    StageStatus,
)
from apps.organizations.models import Organization
from apps.patients.models import Patient

CARDS_PER_COLUMN = 25
CARDS_WHEN_OPENED = 200
# What a card shows, of three tables; a whole row of each would cost twice as much.
CARD = (
    *("status", "label", "stage_entered_at", "overdue_at", "appointment_id"),
    *("current_stage__key", "current_stage__name"),
    *("patient__given_name", "patient__family_name", "patient__name_latin"),
)


@dataclass(frozen=True, slots=True)
class Card(Shown):
    """A run on the board. `over` is by how much it is overdue; `note` says why it is here (sent back, …)."""

    run: Instance
    who: str
    over: dt.timedelta | None
    note: str
    appointment: Appointment | None


@dataclass(slots=True)
class Column(Shown):
    """A stage of the present edition; or, `earlier`, one that only runs on earlier editions stand in."""

    key: str
    name: str
    hint: str
    earlier: bool = False
    total: int = 0
    cards: list[Card] = field(default_factory=list)

    @property
    def hidden(self) -> int:
        """Return how many runs the column does not show."""
        return self.total - len(self.cards)


@dataclass(frozen=True, slots=True)
class Board:
    """Who stands where in one journey."""

    definition: Definition
    columns: list[Column]

    @property
    def total(self) -> int:
        return sum(column.total for column in self.columns)


def board_of(definition: Definition, *, only: str = "", opened: str = "") -> Board:
    """Return the board: in each stage who is overdue first, then who is there longest; four queries.

    `only` is "overdue", "paused" or "" for everybody; `opened` is the key of a stage that shows more cards.
    """
    now = timezone.now()
    columns = {stage.key: Column(stage.key, stage.name, _hint(stage)) for stage in present_stages(definition)}
    totals = dict(_first_of_each_stage(definition, only, opened, now))
    found = (
        Instance.objects.filter(organization_id=definition.organization_id)
        .select_related("patient", "current_stage")
        .only(*CARD)
        .annotate(note=_note_of_stage())
        .in_bulk(list(totals))
    )
    runs = [found[pk] for pk in totals if pk in found]
    appointments = _appointments(runs)
    for run in runs:
        stage: Stage = run.current_stage  # open runs stand somewhere
        column = columns.setdefault(stage.key, Column(stage.key, stage.name, _("Of an earlier edition"), earlier=True))
        column.total = totals[run.pk]
        visit = appointments.get(run.appointment_id)
        column.cards.append(Card(run, run.subject_name, run.overdue_by(now), run.note or "", visit))  # type: ignore[attr-defined]
    return Board(definition, list(columns.values()))


def present_stages(definition: Definition) -> QuerySet:
    """Return the stages of the edition that new runs start on, in order; one query when read."""
    newest = DefinitionVersion.objects.filter(definition=definition).order_by("-number").values("pk")[:1]
    return Stage.objects.filter(version=newest).order_by("position")


def _first_of_each_stage(
    definition: Definition, only: str, opened: str, now: dt.datetime
) -> Iterable[tuple[uuid.UUID, int]]:
    """Return the ids of the cards in their order, each with how many runs its stage has; one query.

    Only ids go through the window: whole rows would be joined and sorted for every run that is not shown.
    """
    stage_key = F("current_stage__key")
    return (
        Instance.objects.filter(organization_id=definition.organization_id, definition=definition)
        .filter(_only(only, now), current_stage__isnull=False)
        .annotate(
            place=Window(
                RowNumber(),
                partition_by=[stage_key],
                order_by=[F("overdue_at").asc(nulls_last=True), F("stage_entered_at").asc(), F("id").asc()],
            ),
            of_stage=Window(Count("pk"), partition_by=[stage_key]),
        )
        .filter(Q(place__lte=CARDS_PER_COLUMN) | Q(place__lte=CARDS_WHEN_OPENED, current_stage__key=opened))
        .order_by("current_stage__position", "place")
        .values_list("pk", "of_stage")
    )


def _only(only: str, now: dt.datetime) -> Q:
    if only == "overdue":
        return Q(status=InstanceStatus.ACTIVE, overdue_at__lte=now)
    if only == "paused":
        return Q(status=InstanceStatus.PAUSED)
    return Q(status__in=OPEN_STATUSES)


def _appointments(runs: Iterable[Instance]) -> dict[uuid.UUID | None, Appointment]:
    ids = {run.appointment_id for run in runs if run.appointment_id}
    found = Appointment.objects.select_related("practitioner", "location").only(
        *("start", "location__timezone"),
        *("practitioner__prefix", "practitioner__given_name", "practitioner__family_name"),
    )
    return {appointment.pk: appointment for appointment in (found.filter(pk__in=ids) if ids else ())}


def _note_of_stage() -> Subquery:
    marks = StageStatus.objects.filter(instance_id=OuterRef("pk"), stage_id=OuterRef("current_stage_id"))
    return Subquery(marks.values("note")[:1])


def _hint(stage: Stage) -> str:
    """Say how a stage ends."""
    known = registry.event_type(stage.advance_on) if stage.advance_on else None
    if known is not None:
        event = str(known.label)
        category = str(stage.advance_when.get("category", ""))
        if category in Category.values:
            event = f"{event} ({str(Category(category).label).lower()})"
        return _("until %(event)s") % {"event": event[:1].lower() + event[1:]}
    if stage.advance_after_minutes is not None:
        return _("for %(time)s") % {"time": duration(stage.advance_after_minutes)}
    return _("until moved by hand")


def duration(minutes: int) -> str:
    """Return a length of time in its largest whole unit: 3 days, 2 h, 45 min."""
    if minutes and minutes % 1440 == 0:
        return _("%(n)d d") % {"n": minutes // 1440}
    if minutes and minutes % 60 == 0:
        return _("%(n)d h") % {"n": minutes // 60}
    return _("%(n)d min") % {"n": minutes}


def definitions_in_use(organization: Organization) -> list[Definition]:
    """Return the journeys that somebody may start or is still in; one query."""
    somebody = Instance.objects.for_organization(organization).open().filter(definition=OuterRef("pk"))
    rows = Definition.objects.for_organization(organization).filter(Q(is_active=True) | Exists(somebody))
    return list(rows)


def open_runs_in(definition: Definition) -> QuerySet:
    """Return the open runs of a journey, for counting them; no query yet."""
    return Instance.objects.filter(organization_id=definition.organization_id, definition=definition).open()


def overdue_runs(organization: Organization) -> QuerySet:
    """Return the runs that stand longer in their stage than it allows; no query yet."""
    return Instance.objects.for_organization(organization).filter(
        status=InstanceStatus.ACTIVE, overdue_at__lte=timezone.now()
    )


@dataclass(frozen=True, slots=True)
class Step:
    """One stage on a run's way, with what is known about it."""

    stage: Stage
    mark: StageStatus
    is_now: bool


def way_of(run: Instance) -> list[Step]:
    """Return the stages of a run in order, each with where the run stands with it; one query."""
    marks = StageStatus.objects.filter(instance=run).select_related("stage").order_by("stage__position")
    return [Step(mark.stage, mark, run.is_open and mark.stage_id == run.current_stage_id) for mark in marks]


def runs_of_patient(patient: Patient) -> list[Instance]:
    """Return a patient's runs, open ones first, then the newest; one query."""
    runs = Instance.objects.filter(organization_id=patient.organization_id, patient=patient).for_list()
    return sorted(runs.order_by("-started_at")[:50], key=lambda run: not run.is_open)


def open_runs_of(patient: Patient) -> QuerySet:
    """Return a patient's open runs; no query yet."""
    return Instance.objects.filter(organization_id=patient.organization_id, patient=patient).open()


@dataclass(frozen=True, slots=True)
class DryStep:
    """What a stage would do: its actions with their delay after its beginning, and how it would end."""

    stage: Stage
    ends: str
    earliest_minutes: int | None
    actions: list[tuple[int, str]]


def dry_run(definition: Definition) -> list[DryStep]:
    """Return what a run started now would do, stage by stage.

    `earliest_minutes` counts from the start as long as delays alone decide; None after the first stage that waits for
    an event or a person.
    """
    steps: list[DryStep] = []
    elapsed: int | None = 0
    for stage in present_stages(definition):
        actions, waited = _dry_actions(stage)
        steps.append(DryStep(stage, _hint(stage), elapsed, actions))
        if elapsed is not None and stage.advance_after_minutes is not None:
            elapsed += max(stage.advance_after_minutes, waited)
        elif elapsed is not None and waited and not stage.advance_on:
            elapsed += waited
        else:
            elapsed = None
    return steps


def _dry_actions(stage: Stage) -> tuple[list[tuple[int, str]], int]:
    waited = 0
    actions: list[tuple[int, str]] = []
    for settings in stage.actions:
        known = registry.action_named(settings.get("action", ""))
        if known is None:
            continue
        actions.append((waited + int(settings.get("after_minutes", 0)), known.describe(settings)))
        if known.key == "wait":
            waited += int(settings["minutes"])
    return actions, waited

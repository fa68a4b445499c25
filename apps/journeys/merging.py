"""What happens with journeys when two records of one person are merged: one run of a journey goes on."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from apps.journeys.models import OPEN_STATUSES, Instance, InstanceStatus
from apps.patients.merging.ledger import Ledger
from apps.patients.merging.rules import Answers, Finding, Pair, Rule, register


def lock(pair: Pair) -> None:
    """Take both records' open runs before the patients: a step locks its run first, then plans for the patient."""
    runs = Instance.objects.for_organization(pair.organization).open()
    runs = runs.filter(Q(patient=pair.survivor.pk) | Q(patient=pair.duplicate.pk))
    list(runs.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))


def runs_twice(pair: Pair) -> QuerySet:
    """Return the duplicate's open runs of journeys that the survivor is on, too."""
    mine, theirs = (runs.filter(status__in=OPEN_STATUSES) for runs in pair.of_both(Instance))
    return theirs.filter(definition__in=mine.values("definition"))


def ask(pair: Pair) -> list[QuerySet]:
    """Ask for the names of those journeys."""
    return [runs_twice(pair).values(name=F("definition__name"))]


def find(_pair: Pair, answers: Answers) -> Iterator[Finding]:
    """Say which journeys both are on."""
    for run in answers[0]:
        text = _("Both are on the journey “%(name)s”. The survivor's run goes on, the duplicate's ends.")
        yield Finding("journey_twice", text % {"name": run["name"]})


def settle(ledger: Ledger) -> None:
    """End the duplicate's run of a journey that the survivor is on."""
    ending = list(runs_twice(ledger.pair).values_list("pk", flat=True))
    with ledger.watch(Instance, ending):
        Instance.objects.filter(pk__in=ending).update(
            status=InstanceStatus.CANCELLED,
            ended_at=timezone.now(),
            end_reason=_("Goes on in the other record's run"),
            advance_due_at=None,
            overdue_at=None,
            paused_at=None,
            lock_version=F("lock_version") + 1,
        )


def register_merging() -> None:
    """Say what happens with runs."""
    register(
        Instance,
        Rule(noun=ngettext_lazy("%(n)d journey", "%(n)d journeys", "n"), lock=lock, ask=ask, find=find, settle=settle),
    )

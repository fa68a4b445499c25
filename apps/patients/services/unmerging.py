"""Separating two records that were merged: each gets its own back, exactly; what can't be is said in words."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.core.actors import Actor
from apps.core.constraints import violated_constraint
from apps.core.errors import Conflict, NotFound
from apps.core.together import moment, read_together
from apps.events.services import Happening, emit_many
from apps.organizations.permissions import Permission
from apps.patients.merging.ledger import snapshot
from apps.patients.merging.preview import in_words
from apps.patients.merging.references import references
from apps.patients.merging.rules import Pair, all_rules, rule_of
from apps.patients.models import Merge, MergeRow, MergeRowKind, Patient
from apps.patients.presentations import FIELD_NAMES
from apps.patients.services.merging import lock_pair, save_indexed, without_deadlock

MOST_NAMED = 20


@dataclass
class UnmergeReport:
    """What an unmerge did, or would do: all in words, but for `stay`.

    `returned` went back to the duplicate, `recreated` had been dropped as equal, `restored` are the survivor's fields
    with their old values. `kept` was changed since the merge and stays as it is, `lost` can't be restored. `staying`
    counts, and `stay` names up to MOST_NAMED of, the rows that were made since: they stay with the survivor.
    """

    merge: Merge
    returned: list[str] = field(default_factory=list)
    recreated: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    staying: list[str] = field(default_factory=list)
    stay: list[StayingRow] = field(default_factory=list)

    @property
    def is_exact(self) -> bool:
        """Tell whether both records are what they were before the merge."""
        return not (self.kept or self.lost or self.staying)


@dataclass(frozen=True, slots=True)
class StayingRow:
    """A row made after the merge: which table's, its id, when (UTC), and how it names itself."""

    model: str
    id: uuid.UUID
    at: dt.datetime
    text: str


class _Preview(Exception):
    """Ends the transaction of a preview: what it showed was done, and is taken back."""


def unmerge(*, merge: Merge, actor: Actor) -> UnmergeReport:
    """Separate the two records again, once, and return what that did.

    Rows go back, dropped ones are made again with their ids, the survivor's fields get their old values unless somebody
    changed them since. Locks as `merge_patients` does; a constant number of statements per table. Raises Conflict:
    `already_undone`; `merged_on` when the survivor was merged itself since; `entangled` when a later merge built upon
    what this one moved: then that one is undone first.
    """
    actor.require(Permission.PATIENTS_MERGE)
    return without_deadlock(lambda: _unmerge(merge.pk, actor))


def preview_unmerge(*, merge: Merge, actor: Actor) -> UnmergeReport:
    """Return what `unmerge` would do, by doing it and taking it back; raises what it would raise. Holds its locks shortly."""
    actor.require(Permission.PATIENTS_MERGE)
    reports = []

    def attempt() -> None:
        reports.append(_unmerge(merge.pk, actor))
        raise _Preview

    with contextlib.suppress(_Preview):
        without_deadlock(attempt)
    return reports[-1]


def _unmerge(pk: uuid.UUID, actor: Actor) -> UnmergeReport:
    merge, pair = _lock(pk)
    _refuse(merge, pair)
    report = UnmergeReport(merge)
    pair.duplicate.merged_into = None
    pair.duplicate.archived_at = merge.archived_at
    pair.duplicate.save(update_fields=["merged_into", "archived_at"])
    try:
        with transaction.atomic():
            _staying(merge, pair, report)
            _return_rows(merge, pair, report)
            _recreate(merge, report)
            _restore(merge, report)
    except IntegrityError as error:
        message = _("Something made since the merge is in the way (%(what)s). Change that first, then try again.")
        raise Conflict(
            message % {"what": violated_constraint(error).replace("_", " ")}, code="unmerge_blocked"
        ) from error
    for rule in all_rules():
        if rule.separated is not None:
            report.kept += rule.separated(merge, pair)
    for patient in (pair.survivor, pair.duplicate):
        patient.refresh_from_db()
        save_indexed(patient)
    merge.undone_at, merge.undone_by_label = timezone.now(), actor.label[:120]
    merge.save()
    payload = {"merge_id": str(merge.pk), "survivor_id": str(pair.survivor.pk), "duplicate_id": str(pair.duplicate.pk)}
    emit_many(
        "patient.unmerged",
        [
            Happening(one, one.pk, {}, payload | {"other_number": other.record_number, "exact": report.is_exact})
            for one, other in ((pair.survivor, pair.duplicate), (pair.duplicate, pair.survivor))
        ],
        actor=actor,
    )
    return report


def _lock(pk: uuid.UUID) -> tuple[Merge, Pair]:
    found = Merge.objects.filter(pk=pk).values_list("survivor_id", "duplicate_id").first()
    if found is None:
        raise NotFound(_("There is no such merge here."))
    pair = lock_pair(*found)
    return Merge.objects.select_for_update().get(pk=pk), pair


def _refuse(merge: Merge, pair: Pair) -> None:
    if merge.undone_at is not None:
        raise Conflict(_("This merge was undone already."), code="already_undone")
    if pair.survivor.merged_into_id is not None:
        into = Patient.objects.get(pk=pair.survivor.merged_into_id)
        message = _("%(name)s was merged into %(into)s (%(number)s) since. Undo that merge first.")
        names = {"name": pair.survivor.full_name, "into": into.full_name, "number": into.record_number}
        raise Conflict(message % names, code="merged_on", extra={"merged_into": str(into.pk)})
    later = _entangled(merge)
    if later is not None:
        message = _("Merging %(number)s later built upon this merge. Undo that one first.")
        raise Conflict(
            message % {"number": later.duplicate.record_number}, code="entangled", extra={"merge": str(later.pk)}
        )


def _entangled(merge: Merge) -> Merge | None:
    """Return a later merge into the same record that changed, or dropped something for, a row that this one moved."""
    moved = MergeRow.objects.filter(merge=merge, kind=MergeRowKind.REPOINTED).values("row_id")
    later = Merge.objects.filter(survivor_id=merge.survivor_id, undone_at__isnull=True, created_at__gt=merge.created_at)
    rows = MergeRow.objects.filter(merge__in=later).exclude(kind=MergeRowKind.REPOINTED)
    kept = rows.filter(kind=MergeRowKind.DROPPED).annotate(
        kept_id=models.functions.Cast(models.fields.json.KeyTextTransform("kept", "after"), models.UUIDField())
    )
    row = (
        rows.filter(row_id__in=moved).exclude(model=Patient._meta.label).select_related("merge__duplicate").first()
        or kept.filter(kept_id__in=moved).select_related("merge__duplicate").first()
    )
    return row.merge if row is not None else None


def _staying(merge: Merge, pair: Pair, report: UnmergeReport) -> None:
    """Name what was made for the survivor since the merge; one query for all tables."""
    tables = [reference for reference in references() if reference.model is not Patient]
    asked: list[models.QuerySet] = []
    for reference in tables:
        touched = MergeRow.objects.filter(merge=merge, model=reference.label).values("row_id")
        made = pair.of_survivor(reference.model, reference.field.name).filter(created_at__gt=merge.created_at)
        made = made.exclude(pk__in=touched).order_by()
        moving = rule_of(reference.model).moving
        columns, named = (moving.columns, moving.named) if moving is not None else ((), {})
        asked += [
            made.order_by("-created_at", "id").values("id", "created_at", *columns, **named)[:MOST_NAMED],
            made.values("organization_id").annotate(n=models.Count("pk")).values("n"),
        ]
    answers = iter(read_together(*asked))
    counts: dict[str, int] = {}
    for reference in tables:
        rows, counted = next(answers), next(answers)
        if not rows:
            continue
        counts[reference.label] = counts.get(reference.label, 0) + counted[0]["n"]
        moving = rule_of(reference.model).moving
        name = str(reference.model._meta.verbose_name)
        report.stay += [
            StayingRow(
                reference.label,
                uuid.UUID(row["id"]),
                moment(row["created_at"]),
                moving.text(row, pair.organization) if moving is not None else name,
            )
            for row in rows
        ]
    report.staying = in_words(counts)


def _return_rows(merge: Merge, pair: Pair, report: UnmergeReport) -> None:
    """Point the moved rows to the duplicate again, table by table; say which ones are gone or elsewhere now."""
    moved = MergeRow.objects.filter(merge=merge, kind=MergeRowKind.REPOINTED)
    recorded = {
        (label, column): n
        for label, column, n in moved.values_list("model", "field").annotate(n=models.Count("id")).order_by("model")
    }
    counts: dict[str, int] = {}
    missing: dict[str, int] = {}
    for (label, column), n in recorded.items():
        model = apps.get_model(label)
        name = next(f.name for f in model._meta.local_fields if f.column == column)
        ids = moved.filter(model=label, field=column).values("row_id")
        rows = model._default_manager.filter(pk__in=ids, **{name: pair.survivor.pk})
        back = rows.update(**{name: pair.duplicate.pk})
        if model is not Patient:
            counts[label] = counts.get(label, 0) + back
            missing[label] = missing.get(label, 0) + n - back
    report.returned += in_words(counts)
    report.lost += [
        _("%(rows)s: deleted or given to somebody else since the merge.") % {"rows": words}
        for words in in_words(missing)
    ]


def _recreate(merge: Merge, report: UnmergeReport) -> None:
    """Make the dropped rows again, as they were to the last digit; one statement per table."""
    dropped = MergeRow.objects.filter(merge=merge, kind=MergeRowKind.DROPPED)
    labels = list(dropped.values_list("model", flat=True).distinct().order_by("model"))
    counts: dict[str, int] = {}
    missing: dict[str, int] = {}
    for label in labels:
        model = apps.get_model(label)
        table = connection.ops.quote_name(model._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                INSERT INTO {table}
                SELECT (jsonb_populate_record(NULL::{table}, %s::jsonb || before)).*
                FROM patients_mergerow WHERE merge_id = %s AND kind = 'dropped' AND model = %s
                ON CONFLICT DO NOTHING
                """,  # noqa: S608 - a model's table
                [json.dumps(_defaults(model)), merge.pk, label],
            )
            counts[label] = cursor.rowcount
        missing[label] = dropped.filter(model=label).count() - counts[label]
    report.recreated += in_words(counts)
    report.lost += [
        _("%(rows)s: an equal one was added since the merge.") % {"rows": words} for words in in_words(missing)
    ]


def _defaults(model: type[models.Model]) -> dict[str, Any]:
    """Return what columns that were added after a row was dropped are filled with."""
    found: dict[str, Any] = {}
    for one in model._meta.local_concrete_fields:
        default = one.get_default() if one.has_default() else "" if one.empty_strings_allowed else None
        if one.column is not None and isinstance(default, str | int | bool | list | dict):
            found[one.column] = default
    return found


def _restore(merge: Merge, report: UnmergeReport) -> None:
    """Give changed rows their old values, where they are still as the merge left them; a few statements per table."""
    changed = list(MergeRow.objects.filter(merge=merge, kind=MergeRowKind.CHANGED).order_by("model", "id"))
    later = _taken_over(merge, changed)
    for label, of_table in itertools.groupby(changed, key=lambda row: row.model):
        model = apps.get_model(label)
        rows = list(of_table)
        present = snapshot(model, {row.row_id for row in rows})
        back: dict[uuid.UUID, dict[str, Any]] = {}
        for row in rows:
            if row.pk in later:
                later[row.pk].before = row.before
            elif row.row_id not in present or row.field not in present[row.row_id]:
                report.lost.append(_("%(what)s: there is no such thing any more.") % {"what": _what(row)})
            elif present[row.row_id][row.field] == row.after:
                back.setdefault(row.row_id, {})[row.field] = row.before
            else:
                report.kept.append(_("%(what)s: changed since the merge, stays as it is.") % {"what": _what(row)})
        _write(model, back)
        if model is Patient:
            report.restored += dict.fromkeys(_what(row) for row in rows if row.field in back.get(row.row_id, {}))
    MergeRow.objects.bulk_update(later.values(), ["before"])


def _taken_over(merge: Merge, changed: Sequence[MergeRow]) -> dict[uuid.UUID, MergeRow]:
    """Return, by ours, what a later merge changed from where this one left it: its old value becomes ours instead."""
    rows = MergeRow.objects.filter(
        kind=MergeRowKind.CHANGED,
        row_id__in={row.row_id for row in changed},
        merge__undone_at__isnull=True,
        merge__created_at__gt=merge.created_at,
    )
    first: dict[tuple[str, uuid.UUID, str], MergeRow] = {}
    for row in rows.order_by("merge__created_at"):
        first.setdefault((row.model, row.row_id, row.field), row)
    found = {}
    for row in changed:
        taken = first.get((row.model, row.row_id, row.field))
        if taken is not None and taken.before == row.after:
            found[row.pk] = taken
    return found


def _what(row: MergeRow) -> str:
    """Name a changed field: a patient's by its name, another table's with the table."""
    if row.model == Patient._meta.label:
        name = "birth_date" if row.field == "birth_precision" else row.field
        return str(FIELD_NAMES.get(name, name)).capitalize()
    return f"{apps.get_model(row.model)._meta.verbose_name}, {row.field}".capitalize()


def _write(model: type[models.Model], values: Mapping[uuid.UUID, Mapping[str, Any]]) -> None:
    """Set columns of rows to what to_jsonb had written; one statement per set of columns."""
    table = connection.ops.quote_name(model._meta.db_table)
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for pk, row in values.items():
        alike.setdefault(tuple(sorted(row)), []).append({**row, "id": str(pk)})
    for columns, rows in alike.items():
        settings = ", ".join(f"{name} = old.{name}" for name in map(connection.ops.quote_name, columns))
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} present SET {settings} "  # noqa: S608 - a model's table and columns
                f"FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb) old WHERE present.id = old.id",
                [json.dumps(rows)],
            )

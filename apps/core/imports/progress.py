"""How far imports of files are: their rows counted by state, whatever the rows are of."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count

from apps.core.models import TenantModel


@dataclass(frozen=True, slots=True)
class Progress:
    """How many rows of an import are in which state."""

    waiting: int = 0
    ready: int = 0
    known: int = 0
    refused: int = 0
    done: int = 0

    @property
    def total(self) -> int:
        return self.waiting + self.ready + self.known + self.refused + self.done

    @property
    def checked_percent(self) -> int:
        return 100 * (self.total - self.waiting) // max(self.total, 1)

    @property
    def imported_percent(self) -> int:
        return 100 * self.done // max(self.done + self.ready, 1)


def progress_of(batches: Iterable[TenantModel], rows: type[TenantModel]) -> dict[uuid.UUID, Progress]:
    """Return the progress of imports of one organization by their id; `rows` have `batch` and `state`. One query."""
    chosen = list(batches)
    counts: dict[uuid.UUID, dict[str, int]] = {batch.pk: {} for batch in chosen}
    organizations = {batch.organization_id for batch in chosen}  # type: ignore[attr-defined]
    found = rows.objects.filter(batch__in=chosen, organization_id__in=organizations)  # type: ignore[attr-defined]
    for pk, state, number in found.order_by().values_list("batch_id", "state").annotate(Count("pk")):
        counts[pk][state] = number
    return {pk: Progress(**by_state) for pk, by_state in counts.items()}

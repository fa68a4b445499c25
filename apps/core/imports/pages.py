"""What the pages of imports have in common: the file that is taken, its columns, its refused rows to download."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _

from apps.core.csv_files import guarded, too_large
from apps.core.errors import InvalidInput
from apps.core.imports.models import FileImport, RowState


def content_of(chosen: UploadedFile | None, *, most_bytes: int, none: str) -> bytes:
    """Return the file. Raises InvalidInput for none (saying `none`), and for a large one before it is read."""
    if chosen is not None and (chosen.size or 0) <= most_bytes:
        return bytes(chosen.read())
    message = none if chosen is None else too_large(most_bytes)
    raise InvalidInput(message, errors={"file": [message]})


class ColumnsMixin:
    """A form that asks which column is what: a field per column of the file; `cleaned_data["mapping"]` is the answer."""

    def ask_for_columns(self: Any, batch: FileImport, *, fields: Mapping[str, Any], samples: Sequence[Any]) -> None:
        """Add the fields, with what is known chosen; `samples` are the cells of the first rows."""
        self.header, self.samples = batch.header, samples
        field_at = {position: name for name, position in batch.mapping.items()}
        choices = [("", _("leave out")), *fields.items()]
        for position, name in enumerate(batch.header):
            self.fields[f"column_{position}"] = forms.ChoiceField(
                label=name or _("Column %(n)d") % {"n": position + 1},
                choices=choices,
                required=False,
                initial=field_at.get(position, ""),
            )

    def columns(self: Any) -> list[dict[str, Any]]:
        """Return each column of the file with its first texts, as the page shows it."""
        return [
            {
                "field": self[f"column_{position}"],
                "samples": [sample[position] for sample in self.samples if position < len(sample) and sample[position]],
            }
            for position in range(len(self.header))
        ]

    def clean(self: Any) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}  # type: ignore[misc]
        chosen: dict[str, int] = {}
        for position in range(len(self.header)):
            name = data.get(f"column_{position}")
            if name and name in chosen:
                self.add_error(f"column_{position}", _("Another column is that already. Leave one of them out."))
            elif name:
                chosen[name] = position
        data["mapping"] = chosen
        return data


def refused_rows_file(batch: Any, *, header: Sequence[str]) -> HttpResponse:
    """Give the rows that can't be imported as CSV: what is wrong, then the row as it was, to correct and import again."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="not-imported.csv"'
    response.write("\ufeff")
    writer = csv.writer(response)
    writer.writerow(["problem line", "problem column", "problem", *(guarded(name) for name in header)])
    writer.writerows(_lines(batch.rows.filter(state=RowState.REFUSED).order_by("line")))
    return response


def _lines(rows: QuerySet[Any]) -> Iterator[list[str]]:
    for row in rows.iterator(chunk_size=1000):
        yield [guarded(str(text)) for text in (row.line, row.column, row.message.replace("\n", " "), *row.texts)]

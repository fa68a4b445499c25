"""CSV files that people take: any number of rows from one statement, in the memory of a few."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

IN_MEMORY = 1024 * 1024  # bytes


def write_csv(header: Sequence[str], rows: Iterable[Sequence[str]], *, mark: bool = False) -> IO[bytes]:
    """Return a file with the rows as CSV (RFC 4180, UTF-8); what is longer than a megabyte waits in a nameless one on disk.

    With `mark` the file begins with the byte order mark that Excel needs to read UTF-8. Texts must be `guarded` already.
    """
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the response closes it
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    if mark:
        text.write("\ufeff")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    text.flush()
    text.detach()
    file.seek(0)
    return file


def chunks_of(rows: QuerySet, size: int) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows of a `values_list` so many at a time, through a cursor of the database; as the driver gives them.

    `iterator()` would not: server-side cursors are off, because they break behind a transaction pooler. Within one
    transaction, which must be open here, they don't. One statement sees one moment, however long it takes to read.
    """
    try:
        statement, values = rows.query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        return
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, values)
        while chunk := cursor.fetchmany(size):
            yield chunk

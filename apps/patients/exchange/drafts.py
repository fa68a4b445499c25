"""What a row of a file says about a person, whichever format it came in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.patients.dates import PartialDate
from apps.patients.models import ConsentStatus, Sex

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said for one purpose, with what the file tells of how it came about; `decided_at` has its offset."""

    purpose: str
    status: ConsentStatus
    source: str = ""
    method: str = ""
    evidence: str = ""
    decided_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A person as a file describes them; lists are rows as in `parts.py`.

    `consents` is {purpose: status}; `answers` has more about those of which the file tells more. `columns` says which column of the file a field came from, so that a refusal of
    `phones.1.value` can name it.
    """

    given_name: str = ""
    family_name: str = ""
    preferred_name: str = ""
    name_latin: str = ""
    birth_date: PartialDate | None = None
    sex: str = Sex.UNKNOWN
    gender_identity: str = ""
    language: str = ""
    phones: tuple[Row, ...] = ()
    emails: tuple[Row, ...] = ()
    addresses: tuple[Row, ...] = ()
    identifiers: tuple[Row, ...] = ()
    related_persons: tuple[Row, ...] = ()
    alerts: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    preferred_channel: str = ""
    preferred_times: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    consents: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, Answer] = field(default_factory=dict)
    is_archived: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)

    def fields(self, *, language: str) -> dict[str, Any]:
        """Return what `create_patient` takes; `language` where the file says none."""
        return {
            **{name: getattr(self, name) for name in SINGLE},
            "language": self.language or language,
            **{name: list(getattr(self, name)) for name in LISTS},
        }

    def circumstances(self, purpose: str, *, file_name: str) -> dict[str, Any]:
        """Return what `set_consent` takes beside the answer; the file is the evidence where it names no better one."""
        answer = self.answers.get(purpose)
        if answer is None:
            return {"source": "import", "evidence": file_name}
        return {
            "source": f"import: {answer.source}" if answer.source else "import",
            "method": answer.method,
            "evidence": answer.evidence or file_name,
            "decided_at": answer.decided_at,
        }

    def column(self, name: str) -> str:
        """Return what the file calls a field: `phones.1.value`, else `phones.1`, else `phones`."""
        while name:
            if name in self.columns:
                return self.columns[name]
            name = name.rpartition(".")[0]
        return ""


SINGLE = (
    *("given_name", "family_name", "preferred_name", "name_latin", "birth_date", "sex", "gender_identity"),
    *("preferred_channel", "preferred_times", "note"),
)
LISTS = ("phones", "emails", "addresses", "identifiers", "related_persons", "alerts", "tags")

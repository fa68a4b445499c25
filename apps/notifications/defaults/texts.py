"""The shape of a default text: what it says on phones and by e-mail."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Texts:
    """One message in one language. `sms` is short and names its sender; `subject` names nobody and nothing medical."""

    whatsapp: str
    sms: str
    subject: str
    email: str

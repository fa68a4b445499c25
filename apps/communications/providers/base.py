"""What the dispatcher asks of a provider. A provider never opens a transaction that is not its own."""

from __future__ import annotations

import datetime as dt
import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from apps.communications.models import ChannelAccount


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message as it leaves: no database behind it."""

    id: uuid.UUID
    channel: str
    to_address: str
    body: str
    subject: str = ""
    language: str = "en"
    content_sid: str = ""
    content_variables: Mapping[str, str] = field(default_factory=dict)
    attachments: Sequence[Mapping[str, str]] = ()
    attempt: int = 1
    maybe_accepted: bool = False
    """The last attempt was answered with an error that does not exclude success: look before sending again."""
    attempted_at: dt.datetime | None = None


class OutcomeKind(StrEnum):
    ACCEPTED = "accepted"
    RETRY = "retry"
    """Known not to be sent; the same request may succeed later."""
    REFUSED = "refused"
    """Known not to be sent, and never will be."""
    UNKNOWN = "unknown"
    """The request left, the answer never came."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt. `maybe_accepted`: an error came back that does not exclude success."""

    kind: OutcomeKind
    provider_id: str = ""
    error_code: str = ""
    maybe_accepted: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A message that the provider has a record of. `created_at` is the provider's clock, UTC, whole seconds."""

    provider_id: str
    body: str
    status: str
    created_at: dt.datetime
    error_code: str = ""


class LookUpFailed(Exception):
    """The provider did not answer the question what it has sent; ask again later."""


class BaseProvider(ABC):
    """`batch_size` messages are handed over between two commits: that many are uncertain when a worker dies.

    `lease` is the longest that one batch may take.
    """

    name: str
    batch_size: int = 10
    lease: dt.timedelta = dt.timedelta(seconds=60)
    can_look_up: bool = False

    @abstractmethod
    def send(self, account: ChannelAccount, messages: Sequence[Outgoing]) -> list[Outcome]:
        """Hand over the messages, in order; return one outcome for each. Network: call outside transactions."""

    def find(self, account: ChannelAccount, message: Outgoing) -> list[Found]:
        """Return what the provider lately sent to the same recipient, newest first; raise LookUpFailed."""
        raise LookUpFailed(f"{self.name} keeps no record that can be asked")

"""What the parsers answer with when it isn't one clear thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ambiguous(Generic[T]):
    """Several readings are equally good; ask which. Option keys in list order, or dates, the likelier first."""

    candidates: tuple[T, ...]


@dataclass(frozen=True, slots=True)
class OutOfRange:
    """A number was chosen that the list doesn't have. Falsy, like None: nothing was chosen."""

    number: int
    size: int
    reason: Literal["out_of_range"] = "out_of_range"

    def __bool__(self) -> bool:
        """Nothing was chosen."""
        return False

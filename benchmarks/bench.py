"""What every row is given: the scale, the databases, and a way to tell how far it is."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.databases import Databases, Say
from benchmarks.environment import Scale
from benchmarks.measuring import Side, take_turns


@dataclass(frozen=True, slots=True)
class Bench:
    """One run."""

    scale: Scale
    databases: Databases
    say: Say

    def turns(self, what: str, sides: dict[str, Side], *, rounds: int) -> dict[str, list[float]]:
        """Let the sides take turns, saying which round is done."""
        return take_turns(sides, rounds=rounds, done=lambda done, total: self.say(f"{what}: round {done} of {total}"))

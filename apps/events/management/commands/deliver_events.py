"""Deliver due events now, without a worker."""

from __future__ import annotations

from typing import Any

from apps.core.commands import Command as BaseCommand
from apps.events.services import deliver_due, due_and_dead


class Command(BaseCommand):
    help = "Deliver every event that is due to its handlers. Exits with 1 when deliveries are dead."

    def handle(self, *args: Any, **options: Any) -> None:
        taken = 0
        with self.progress("delivering") as step:
            while count := deliver_due():
                taken += count
                step(taken)
        due, dead = due_and_dead()
        self.stdout.write(f"{taken} deliveries tried, {due} wait for their next attempt, {dead} are dead.")
        if dead:
            self.fail("Look at the dead ones in the admin, mend the cause, then revive them.")

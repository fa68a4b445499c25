"""Ask every outside service whether it answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apps.core.commands import Command as BaseCommand
from apps.core.integrations import ask_all


class Command(BaseCommand):
    help = (
        "Ask every configured outside service whether it answers. Changes nothing there. Exits with 1 when one fails."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        answers = ask_all()
        width = max(map(len, answers))
        styles: dict[str, Callable[[str], str]] = {"ok": self.style.SUCCESS, "off": str, "failed": self.style.ERROR}
        for name, answer in answers.items():
            self.stdout.write(f"{name:<{width}}  {styles[answer.state](answer.state):<6}  {answer.sentence}")
        failed = [name for name, answer in answers.items() if answer.state == "failed"]
        if failed:
            self.fail(f"Not working: {', '.join(failed)}.")

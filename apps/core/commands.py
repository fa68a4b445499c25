"""The base of management commands: refusals as one sentence and a non-zero exit code, progress on long work."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, ProgrammingError
from psycopg.errors import UndefinedColumn, UndefinedFunction, UndefinedTable
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from apps.core.errors import ApplicationError, InvalidInput


class Command(BaseCommand):
    """A command that reports an ApplicationError as its message, on stderr, with exit code 1."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except InvalidInput as error:
            named = "; ".join(f"{field}: {' '.join(map(str, said))}" for field, said in error.errors.items() if field)
            raise CommandError(f"{error.message}{f' ({named})' if named else ''}") from error
        except ApplicationError as error:
            raise CommandError(error.message) from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except OperationalError as error:
            raise CommandError(f"The database does not answer: {str(error).strip().splitlines()[0]}") from error
        except ProgrammingError as error:
            if isinstance(error.__cause__, UndefinedTable | UndefinedColumn | UndefinedFunction):
                raise CommandError("The database is not up to date: run manage.py migrate first.") from error
            raise

    def fail(self, sentence: str) -> NoReturn:
        """End with the sentence on stderr and exit code 1."""
        raise CommandError(sentence)

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[int], None]]:
        """Show a spinner with a count on a terminal, nothing elsewhere; the block calls `step(done_so_far)`."""
        console = Console(stderr=True)
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TextColumn("{task.completed:,}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done: bar.update(task, completed=done)


@contextmanager
def stop_by_signal(sentence: str) -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the block as Ctrl-C does, so that it cleans up; the command ends with the sentence and 130.

    What the caller chose to ignore (`nohup`) stays ignored.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        raise CommandError(sentence, returncode=130) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

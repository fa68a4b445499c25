"""Structured logs without patient data: event names and ids only, never texts, names, numbers, addresses or queries.

Our own lines are `log.info("noun.past", id=…)`. Of other libraries' lines only what their programmer wrote stays (the
template, not what was filled in), because nobody can know what they fill in; so does the type and the place of an
exception, because messages of exceptions quote rows.
"""

import logging
import sys

import structlog

from clinic.sentry import report

_SHARED = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
# What these fill in are names of hosts, processes and queues; without it their lines say nothing.
_FILLED_IN = ("gunicorn.", "celery.apps", "celery.beat", "celery.worker.consumer", "kombu.", "clinic.", "apps.")
_QUIET = (
    "twilio.http_client",
    "urllib3",
    # Sweeps run every few seconds: a line for each would be 300,000 a day.
    "celery.app.trace",
    "celery.beat",
    "celery.worker",
    "httpx",
    "openai",
    "botocore",
    "django.server",
)
_DETAIL = 12


def _only_what_was_written(_logger: object, _name: str, event: dict) -> dict:
    """Take the template of a foreign line instead of the finished text, and the route of a request instead of its path."""
    record: logging.LogRecord | None = event.get("_record")
    if record is None or record.name.startswith(_FILLED_IN):
        return event
    request = getattr(record, "request", None)
    if request is not None:
        match = getattr(request, "resolver_match", None)
        event["event"] = "http.failed" if record.levelno >= logging.ERROR else "http.refused"
        event["route"] = match.view_name if match else ""
        event["method"] = request.method
        event["status"] = getattr(record, "status_code", None)
    else:
        event["event"] = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
    return event


def _report_caught(_logger: object, _name: str, event: dict) -> dict:
    """Let Sentry know of what we caught and logged as an exception."""
    info = event.get("exc_info")
    error = sys.exc_info()[1] if info is True else info
    if isinstance(error, BaseException):
        report(error)
    return event


def _drop_exception_values(_logger: object, _name: str, event: dict) -> dict:
    """Keep the type and the place of an exception, drop its message."""
    info = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if info is True:
        info = sys.exc_info()
    if isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if info and info[0] is not None:
        frames = []
        trace = info[2]
        while trace is not None:
            code = trace.tb_frame.f_code
            frames.append(f"{code.co_filename.rsplit('site-packages/', 1)[-1]}:{trace.tb_lineno} {code.co_name}")
            trace = trace.tb_next
        event["exception"] = info[0].__name__
        event["trace"] = frames[-_DETAIL:]
    return event


def configure_logging(log_format: str, *, quiet: bool = False) -> None:
    """Send the standard library's and structlog's records through one pipeline to stderr, as JSON or for a terminal."""
    renderer = (
        structlog.processors.JSONRenderer(default=lambda value: type(value).__name__)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_SHARED, _only_what_was_written],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _drop_exception_values, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING if quiet else logging.INFO)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # 404 and 403 are answers; what fails is an error.
    logging.getLogger("django.request").setLevel(logging.ERROR)
    structlog.configure(
        processors=[*_SHARED, _report_caught, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )

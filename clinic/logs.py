"""Structured logs without patient data: event names and ids only, never texts, names, numbers or query strings."""

import logging
import sys

import structlog

_SHARED = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def _drop_exception_values(_logger: object, _name: str, event: dict) -> dict:
    """Keep the type and the place of an exception, drop its message: messages quote rows and rows are PHI."""
    info = event.pop("exc_info", None)
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
        event["trace"] = frames[-12:]
    return event


def configure_logging(log_format: str, *, quiet: bool = False) -> None:
    """Send the standard library's and structlog's records through one pipeline to stderr, as JSON or for a terminal."""
    renderer = (
        structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_SHARED, structlog.stdlib.ExtraAdder()] if log_format == "json" else _SHARED,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _drop_exception_values, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING if quiet else logging.INFO)
    for noisy in (
        "twilio.http_client",
        "urllib3",
        "celery.app.trace",
        "celery.worker.strategy",
        "httpx",
        "django.request",
    ):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )

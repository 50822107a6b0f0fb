"""Structured logs: one line per event, as JSON or for a console, carrying the ids of the request and of the run."""

from __future__ import annotations

import logging.config
import re
import sys
import uuid
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from ductape_site.log_addresses import MASK, address_to_log
from ductape_site.log_records import one_record, with_margin

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
SECRET_NAME = re.compile(
    r"pass(word|wd)|secret|token|authorization|cookie|api_?key|access_?key|credential", re.IGNORECASE
)
QUIET = (
    "asyncio",
    "urllib3",
    "httpcore",
    "kombu",
    "amqp",
    "websockets",
    "celery.utils.functional",
    "django.db.backends",
)


def mask_secrets(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the values of fields whose name says that they are secret, and what is secret in addresses."""
    for name, value in event.items():
        if SECRET_NAME.search(name) and value:
            event[name] = MASK
        elif isinstance(value, str):
            event[name] = address_to_log(value)
    return event


SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    mask_secrets,
]


def configure(_setting: dict[str, Any] | None = None) -> None:
    """Set up structlog and the standard library's logging alike; Django calls this with its LOGGING setting."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(description(level=settings.LOG_LEVEL, form=settings.LOG_FORMAT))


def description(*, level: str, form: str) -> dict[str, Any]:
    """The standard library's configuration: everything goes to one handler on standard error."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(form)],
            }
        },
        "handlers": {"standard": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["standard"], "level": level.upper()},
        "loggers": {
            **{name: {"level": "WARNING"} for name in QUIET},
            # Django adds handlers of its own to these, and uvicorn to its own.
            **{
                name: {"handlers": [], "propagate": True}
                for name in ("django", "django.server", "uvicorn", "uvicorn.error", "celery")
            },
            # Every request is in the log already, with its id.
            "uvicorn.access": {"handlers": [], "propagate": False},
        },
    }


def _rendering(form: str) -> list[structlog.typing.Processor]:
    """Tracebacks are plain: what local variables held when something failed is never shown."""
    if form != "console":
        return [structlog.processors.format_exc_info, one_record, structlog.processors.JSONRenderer()]
    console = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    return [structlog.processors.format_exc_info, one_record, with_margin, console]


@contextmanager
def said_with(**values: str) -> Iterator[None]:
    """Everything logged inside the block carries these. structlog's own goes through every variable of the context."""
    tokens = structlog.contextvars.bind_contextvars(**values)
    try:
        yield
    finally:
        structlog.contextvars.reset_contextvars(**tokens)


@contextmanager
def about_run(run_id: str) -> Iterator[None]:
    """Everything logged inside the block carries the run's id."""
    with structlog.contextvars.bound_contextvars(run_id=run_id):
        yield


def acceptable_request_id(given: str | None) -> str:
    """The caller's id when it is harmless to log and echo, else a new one."""
    return given if given and REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


class RequestIdMiddleware:
    """Gives every request an id, which its log lines, its errors and its answer's X-Request-ID carry."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = acceptable_request_id(request.META.get("HTTP_X_REQUEST_ID"))
        request.META["HTTP_X_REQUEST_ID"] = request_id  # before anybody looks: `request.headers` is made once
        request.request_id = request_id  # type: ignore[attr-defined]
        with said_with(request_id=request_id):
            response = self.get_response(request)
        response.headers["X-Request-ID"] = request_id
        return response

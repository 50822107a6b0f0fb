"""Serves built files, in an asynchronous chain of their own: the one of pages is synchronous."""

from __future__ import annotations

from typing import Any

from django.core.handlers.asgi import ASGIHandler
from django.middleware.security import SecurityMiddleware
from servestatic.middleware import ServeStaticMiddleware

from ductape_site.middleware import safe_headers


class FilesHandler(ASGIHandler):
    """Django's handler with ServeStatic at its top.

    Not in MIDDLEWARE: Django makes whatever stands above a synchronous middleware synchronous, which ServeStatic is
    not. What it does not know goes on to the ordinary chain, and is not found there.
    """

    _middleware_chain: Any

    def load_middleware(self, is_async: bool = False) -> None:
        """The ordinary chain, below the files and the headers that every answer carries."""
        super().load_middleware(is_async)
        self._middleware_chain = safe_headers(SecurityMiddleware(ServeStaticMiddleware(self._middleware_chain)))

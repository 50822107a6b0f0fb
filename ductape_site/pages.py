"""Answers every request in one thread from beginning to end.

Django's own ASGI handler carries a synchronous view through several threads and the event loop, and makes a thread for
every request; here middleware, view and signals run one after the other in a thread of one pool. Files are left to the
asynchronous chain.
"""

from __future__ import annotations

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.urls import set_script_prefix

from ductape_site.static_files import FilesHandler

# More than may wait for the end of a run at once (`RUN_WAITERS_MAX`), so that waiting never keeps pages waiting.
THREADS = 256


class PagesHandler(ASGIHandler):
    """Django's handler with one hop to a thread and one back.

    A caller who hangs up is noticed when it is answered, and while a stream is sent.
    """

    def __init__(self) -> None:
        BaseHandler.__init__(self)
        self.load_middleware(is_async=False)
        self._files = FilesHandler()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="page")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Files by the asynchronous chain, everything else by ours."""
        if scope["path"].startswith(settings.STATIC_URL):
            await self._files(scope, receive, send)
        else:
            await self.handle(scope, receive, send)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """Reads, answers, sends."""
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        loop, context = asyncio.get_running_loop(), contextvars.copy_context()
        response = await loop.run_in_executor(self._threads, context.run, self._answer, scope, body)
        if not response.streaming:
            await self.send_response(response, send)
            return
        try:
            await self._stream(response, receive, send)
        finally:
            await sync_to_async(response.close)()

    async def _stream(self, response: Any, receive: Any, send: Any) -> None:
        """Sends for as long as somebody takes it: the rest of a file that nobody wants is not fetched."""
        sending = asyncio.ensure_future(self.send_response(response, send))
        leaving = asyncio.ensure_future(_hung_up(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            is_sent = sending.done()
            sending.cancel()
            leaving.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
        if is_sent:
            sending.result()

    def _answer(self, scope: Any, body: Any) -> Any:
        """The answer, closed already unless it streams: closing it gives the thread's database connection back."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        with body:
            request, refusal = self.create_request(scope, body)
            response: Any = refusal if request is None else self.get_response(request)
            response._handler_class = self.__class__
            if not response.streaming:
                response.close()
        return response


async def _hung_up(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

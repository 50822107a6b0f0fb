"""Files of this installation's disk by signed URL: no sign-in, no cookies, nothing a browser would show or run."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from processors.services.file_answers import file_answer
from processors.services.signed_files import replace_signed, signed_content
from products.lib.errors import DomainError
from products.lib.signed_files import FileLink, Method


@method_decorator(csrf_exempt, name="dispatch")  # the signature is the right; no cookie gives any
class SignedFile(View):
    """`/files/signed/<place>/<key>?expires=&signature=`"""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Refusals in a line of text: programs read them."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except DomainError as error:
            return HttpResponse(f"{error.message}\n", status=error.status, content_type="text/plain; charset=utf-8")

    def get(self, request: HttpRequest, place: UUID, key: str) -> HttpResponseBase:
        """The file, or a range of it, to be saved; HEAD too."""
        return file_answer(request, signed_content(_link(request, "GET", place, key), _signature(request)))

    def put(self, request: HttpRequest, place: UUID, key: str) -> HttpResponse:
        """Replaces the file by the body."""
        link, content_type = _link(request, "PUT", place, key), request.content_type or ""
        replace_signed(link, _signature(request), request, content_type=content_type)
        return HttpResponse(status=204)


def _link(request: HttpRequest, method: Method, place: UUID, key: str) -> FileLink:
    expires = request.GET.get("expires", "")
    moment = int(expires) if expires.isascii() and expires.isdigit() and len(expires) < 12 else 0
    return FileLink(place, key, method, moment)


def _signature(request: HttpRequest) -> str:
    return request.GET.get("signature", "")[:200]

"""What every REST view of a workspace shares: the actor, strict input, keyset pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from products import access
from products.access import Actor
from products.api import etags, idempotency, throttling
from products.api.errors import MAX_PROBLEMS, request_id_of
from products.api.filters import NoFilters, filters
from products.api.paging import KeysetPagination
from products.lib.errors import DomainError, FieldProblem, Invalid
from products.lib.jsontypes import escape_pointer
from products.models import AccessKey, Workspace
from products.services.counting import Count


class ApiView(APIView):
    """What every answer of the REST API has: limits, ETags, and POSTs that can be repeated."""

    home: Workspace | None = None  # whose limit counts
    counts: Sequence[Count] = ()
    moves: frozenset[str] = frozenset()  # fields of a GET that change by themselves, and so by no edit
    remembers_posts = True  # False: the view has its own meaning of Idempotency-Key

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """Finds out who asks, counts it, and refuses what is too much. Raises TooMany."""
        super().initial(request, *args, **kwargs)
        try:
            self.home = self.enter(request, **kwargs)
        except DomainError:
            self.counts = throttling.spend(request)
            raise
        self.counts = throttling.spend(request, self.home)
        throttling.refuse_too_many(self.counts)

    def enter(self, request: Any, **kwargs: Any) -> Workspace | None:
        """The workspace that this is about, if it is about one. Raises NotFound for strangers."""
        return None

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """As REST framework's own, with the handler inside the manners."""
        self.args, self.kwargs = args, kwargs
        self.request = asked = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        try:
            self.initial(asked, *args, **kwargs)
            response = self.answered(asked, self.handler_of(asked), *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - REST framework's way: the handler raises again what it does not know
            response = self.handle_exception(error)
        self.response = self.finalize_response(asked, response, *args, **kwargs)
        return self.response

    def handler_of(self, request: Any) -> Callable[..., Response]:
        """The method that answers this request."""
        name = str(request.method).lower()
        known = getattr(self, name, None) if name in self.http_method_names else None
        return known or self.http_method_not_allowed

    def answered(self, request: Any, handler: Callable[..., Response], *args: Any, **kwargs: Any) -> Response:
        """What the handler says, once for each Idempotency-Key and only where If-Match holds."""
        match = request.headers.get("If-Match", "")
        if match and request.method in {"PUT", "PATCH", "DELETE"}:
            return etags.if_it_matches(match, self.current_tag, lambda: handler(request, *args, **kwargs))
        if request.method == "POST" and self.remembers_posts and idempotency.key_of(request):
            return idempotency.once(request, self.home, lambda: handler(request, *args, **kwargs))
        return handler(request, *args, **kwargs)

    def current_tag(self) -> str:
        """The ETag that a GET of this address would have now; none where there is no GET."""
        get = getattr(self, "get", None)
        return self._tag(get(self.request, *self.args, **self.kwargs)) if get else ""

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Adds ETag and limits; 304 instead of what the caller has already."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if request.method in {"GET", "HEAD"} and response.status_code == 200 and isinstance(response, Response):
            tag = response["ETag"] = etags.tag_of(response.render().content, response.data, moves=self.moves)
            if etags.has_it_already(request, tag):
                response = etags.not_modified(response)
        for name, value in throttling.headers(self.counts).items():
            response[name] = value
        return response

    def _tag(self, response: Response) -> str:
        response.accepted_renderer = self.request.accepted_renderer
        response.accepted_media_type = self.request.accepted_media_type
        response.renderer_context = self.get_renderer_context()  # type: ignore[attr-defined]  # read by render
        return etags.tag_of(response.render().content, response.data, moves=self.moves)


class WorkspaceView(ApiView):
    """A view below `/api/v1/workspaces/{workspace}/`."""

    actor: Actor
    keyset: tuple[str, ...] = ("-id",)
    search: type[serializers.Serializer[Any]] | None = None  # the filters of its list

    def enter(self, request: Any, **kwargs: Any) -> Workspace:
        """Finds out who asks before any method runs; strangers get a 404."""
        self.actor = actor_of(request, kwargs["workspace"])
        return self.actor.workspace

    def read(self, shape: Any, **options: Any) -> Any:
        """The validated body. Raises Invalid for fields that the shape does not know."""
        return read(shape, self.request.data, **options)

    def chosen(self) -> dict[str, Any]:
        """What the query string asks of the list. Raises Invalid for a filter that it does not have."""
        return filters(self.search or NoFilters, self.request)

    def page(self, rows: QuerySet[Any], shape: type[serializers.BaseSerializer[Any]], **context: Any) -> Response:
        """One page of rows by the view's `keyset`. Raises Invalid for a filter where there are none."""
        if self.search is None:
            self.chosen()
        pages = KeysetPagination()
        found = pages.paginate_queryset(rows, self.request, view=self)
        return pages.get_paginated_response(shape(found, many=True, context={"actor": self.actor, **context}).data)


def actor_of(request: Any, workspace_tag: str) -> Actor:
    """The person or the key behind a REST request, in this workspace. Raises NotFound for strangers."""
    if isinstance(request.auth, AccessKey):
        return access.client(request.auth, workspace_tag, now=timezone.now(), request_id=request_id_of(request))
    return access.member(request.user, workspace_tag, request_id=request_id_of(request))


def read(shape: type[serializers.Serializer[Any]], data: Any, **options: Any) -> dict[str, Any]:
    """Validates `data` by `shape`; unknown fields are an error that names them."""
    serializer = shape(data=data, **options)
    unknown = [key for key in data if key not in serializer.fields or serializer.fields[key].read_only]
    if unknown:
        raise Invalid(
            errors=tuple(
                FieldProblem(f"/{escape_pointer(key[:200])}", "unknown", f"There is no field “{key[:100]}” here.")
                for key in unknown[:MAX_PROBLEMS]
            )
        )
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)

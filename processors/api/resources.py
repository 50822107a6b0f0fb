"""REST of what is done with resources: database actions, migrations, files, caches; and looks at what they hold."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.response import Response

from processors.api.runs import RUN_STARTED, RunView
from processors.services import migrating
from processors.services import runs as run_services
from processors.services.looking import look
from processors.services.operations import OperationRequest, start_operation
from products.api.base import WorkspaceView
from products.api.fields import Number, Text, Whole
from products.api.idempotency import key_of
from products.api.schema import answers
from products.catalog.resources import KINDS
from products.lib.tries import LEAST_TRY_S, MAX_TRY_S, TIMEOUT_WORDS
from products.queries.callable_resources import Wanted

_KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, description="Instead of the field.")
_TAGS = ["processor"]


class CallShape(serializers.Serializer[Any]):
    """What every call names."""

    product = Text(max_length=63)
    environment = Text(max_length=63)
    input = serializers.JSONField(default=dict)
    idempotency_key = Text(
        max_length=200, default="", allow_blank=True, help_text="The same key within 24 hours returns the first run."
    )
    retries = Whole(min_value=0, max_value=10, default=0)
    timeout = Number(min_value=LEAST_TRY_S, max_value=MAX_TRY_S, default=60, help_text=TIMEOUT_WORDS)
    cache = Text(max_length=63, default="", allow_blank=True, help_text="The tag of a cache that may have the result.")
    wait = Number(min_value=0, max_value=60, default=0, help_text="Seconds to wait for the result.")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "By primary key",
            {"product": "storefront", "environment": "dev", "database": "orders-db", "action": "order-by-id",
             "input": {"id": 42}, "wait": 10},
            request_only=True,
        )
    ]
)  # fmt: skip
class RunDatabaseActionShape(CallShape):
    """A database action to run."""

    database = Text(max_length=63)
    action = Text(max_length=63)

    class Meta:
        ref_name = "RunDatabaseAction"


class UseStorageShape(CallShape):
    """What to do with a file; `input` are the fields of the operation."""

    storage = Text(max_length=63)

    class Meta:
        ref_name = "UseStorage"


class UseCacheShape(CallShape):
    """What to do with a value; `input` are the fields of the operation."""

    cache = Text(max_length=63)

    class Meta:
        ref_name = "UseCache"


class MigrateShape(serializers.Serializer[Any]):
    """How far to go."""

    product = Text(max_length=63)
    environment = Text(max_length=63)
    database = Text(max_length=63)
    to = Text(
        max_length=63, default="", allow_blank=True,
        help_text="Up: the last that is run; without it all. Down: the last that stays; without it one is taken back, "
        "with * all. With `repair`: which one.",
    )  # fmt: skip
    repair = serializers.ChoiceField(
        choices=["", "retry", "skip", "forget"], default="",
        help_text="What becomes of one that failed half-way, was changed since (skip, forget) or is missing (forget). "
        "Nothing else is run then.",
    )  # fmt: skip
    wait = Number(min_value=0, max_value=60, default=0, help_text="Seconds to wait for the result.")

    class Meta:
        ref_name = "Migrate"


class LookShape(serializers.Serializer[Any]):
    """What to look at."""

    operation = Text(
        max_length=40, help_text="One that reads: `check`, `tables`, `rows`, `keys` … Or `query`, or a cache's `purge`."
    )
    input = serializers.JSONField(
        default=dict, help_text="Its fields. `explain` takes an `action` and an `input`; `migrations` needs none."
    )

    class Meta:
        ref_name = "Look"


class SeenShape(serializers.Serializer[Any]):
    """What there was to see, or why nothing."""

    output = serializers.JSONField(allow_null=True)
    error = serializers.JSONField(allow_null=True, help_text="`code`, `message` and what else is known of it.")

    class Meta:
        ref_name = "Seen"


class OperationView(RunView):
    """Starts runs of operations."""

    remembers_posts = False  # the run itself is what is remembered

    def start(self, request: Any, given: dict[str, Any], wanted: Wanted) -> Response:
        """201 with the result, 202 and where it will be."""
        run_services.listen()
        wait = given.pop("wait")
        asked = OperationRequest(
            given["product"], given["environment"], wanted, given["input"],
            idempotency_key=given["idempotency_key"] or key_of(request),
            retries=given["retries"], timeout_s=given["timeout"], cache=given["cache"],
        )  # fmt: skip
        return self.started(start_operation(self.actor, asked), wait)


class RunDatabaseActionView(OperationView):
    """`…/processor/db/run` and `…/processor/db/execute`"""

    @extend_schema(tags=_TAGS, request=RunDatabaseActionShape, parameters=[_KEY], responses=RUN_STARTED)
    def post(self, request: Any, workspace: str) -> Response:
        """Runs a database action: 201 with the result, or 202 and where it will be."""
        given = self.read(RunDatabaseActionShape)
        return self.start(request, given, Wanted("database", given["database"], given["action"]))


class MigrateView(RunView):
    """`…/processor/db/migration/run` and `…/rollback`"""

    remembers_posts = False
    direction: migrating.Direction = "up"

    @extend_schema(tags=_TAGS, request=MigrateShape, responses=RUN_STARTED)
    def post(self, request: Any, workspace: str) -> Response:
        """Runs the migrations that an environment's database lacks, or takes back those that it has."""
        run_services.listen()
        given = self.read(MigrateShape)
        wait = given.pop("wait")
        started = migrating.migrate(self.actor, direction=self.direction, idempotency_key=key_of(request), **given)
        return self.started(started, wait)


class LookView(WorkspaceView):
    """`…/products/{product}/resources/{kind}/{resource}/environments/{environment}/look/`"""

    remembers_posts = False  # it changes nothing that is remembered here

    @extend_schema(
        operation_id="resources_look", tags=["resources"], request=LookShape,
        responses=answers(SeenShape, errors=(400, 409)),
    )  # fmt: skip
    def post(self, request: Any, workspace: str, product: str, kind: str, resource: str, environment: str) -> Response:
        """Makes an operation that reads and waits for it, without a run. What changes something is a run: 404."""
        given = self.read(LookShape)
        wanted = Wanted(kind, resource, given["operation"])
        return Response(asdict(look(self.actor, product, environment, wanted, given["input"])))


def operation_views(kind: str, shape: type[CallShape]) -> dict[str, type[OperationView]]:
    """A view for each operation of a kind that calls may name, by its name."""
    return {
        operation.name: _view(kind, operation.name, operation.summary, shape)
        for operation in KINDS[kind].operations
        if not operation.inner
    }


def _view(kind: str, name: str, summary: str, shape: type[CallShape]) -> type[OperationView]:
    class View(OperationView):
        @extend_schema(
            operation_id=f"processor_{kind}_{name}", summary=summary, tags=_TAGS, request=shape, parameters=[_KEY],
            responses=RUN_STARTED,
        )  # fmt: skip
        def post(self, request: Any, workspace: str) -> Response:
            """201 with the result, or 202 and where it will be."""
            given = self.read(shape)
            wanted = Wanted(kind, given[kind], name)
            return self.start(request, {**given, "cache": ""} if kind == "cache" else given, wanted)

    View.__name__ = View.__qualname__ = f"{kind.title()}{name.title()}View"
    return View


STORAGE_VIEWS = operation_views("storage", UseStorageShape)
CACHE_VIEWS = operation_views("cache", UseCacheShape)

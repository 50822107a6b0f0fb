"""REST of runs: start, list, read, follow, cancel, replay."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.response import Response

from processors.api.plain import plain_call
from processors.api.shapes import LogShape, RunShape, RunSummaryShape, StepsShape, run_json, run_path
from processors.models import Asks, Run, RunState
from processors.queries import runs as run_queries
from processors.queries.endings import look_again
from processors.queries.serving import why_it_waits
from processors.services import runs as run_services
from products.api.base import WorkspaceView
from products.api.fields import Number, Text, Whole
from products.api.idempotency import key_of
from products.api.schema import answers, reading
from products.lib.tries import LEAST_TRY_S, MAX_TRY_S, TIMEOUT_WORDS

TAGS = ["runs"]
_EXAMPLE = {
    "product": "storefront",
    "environment": "dev",
    "app": "shop",
    "action": "list-products",
    "input": {"query": {"category": "tape"}},
    "wait": 10,
}


@extend_schema_serializer(examples=[OpenApiExample("With a query parameter", _EXAMPLE, request_only=True)])
class RunInputShape(serializers.Serializer[Any]):
    """An action to run."""

    product = Text(max_length=63)
    environment = Text(max_length=63)
    app = Text(max_length=63, help_text="The access tag of the connection.")
    action = Text(max_length=63)
    input = serializers.JSONField(
        default=dict, help_text="Structured (`params`, `query`, `headers`, `cookies`, `body`) or flat."
    )
    idempotency_key = Text(
        max_length=200, default="", allow_blank=True, help_text="The same key within 24 hours returns the first run."
    )
    retries = Whole(
        min_value=0, max_value=10, allow_null=True, default=None, help_text="As the action says, if it is not given."
    )
    timeout = Number(min_value=LEAST_TRY_S, max_value=MAX_TRY_S, allow_null=True, default=None, help_text=TIMEOUT_WORDS)
    cache = Text(max_length=63, default="", allow_blank=True, help_text="The tag of a cache that may have the result.")
    wait = Number(min_value=0, max_value=60, default=0, help_text="Seconds to wait for the result.")

    class Meta:
        ref_name = "RunAction"


class WaitShape(serializers.Serializer[Any]):
    """How long to wait for the result."""

    wait = Number(min_value=0, max_value=60, default=0, help_text="Seconds to wait for the result.")

    class Meta:
        ref_name = "Wait"


class RunSearch(serializers.Serializer[Any]):
    """Filters of the list."""

    product = serializers.CharField(max_length=63, required=False, help_text="Tag of the product.")
    environment = serializers.CharField(max_length=63, required=False, help_text="Slug of the environment.")
    state = serializers.ChoiceField(choices=RunState.choices, required=False)
    asks = serializers.ChoiceField(
        choices=Asks.choices, required=False, help_text="What it wants of a person; with `state` `waiting` or `failed`."
    )
    kind = serializers.CharField(max_length=20, required=False, help_text="Such as `action`.")
    target = serializers.CharField(
        max_length=130, required=False, help_text="What ran: `connection:action`, both by their tags."
    )
    trigger = serializers.CharField(max_length=20, required=False, help_text="What started it, such as `rest`.")
    idempotency_key = serializers.CharField(max_length=200, required=False, help_text="The one it was started with.")
    created_at__gte = serializers.DateTimeField(required=False, help_text="Asked for at this moment or later.")
    created_at__lte = serializers.DateTimeField(required=False, help_text="Asked for at this moment or earlier.")


class LogSearch(serializers.Serializer[Any]):
    """Which part of a log."""

    after = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, default=0, help_text="Lines with a higher number than this."
    )


class LogLimit(serializers.Serializer[Any]):
    """How much of a log."""

    limit = serializers.IntegerField(min_value=1, max_value=1000, default=500, help_text="How many lines at most.")


class StepSearch(serializers.Serializer[Any]):
    """Which part of the steps."""

    after = serializers.UUIDField(default=None, help_text="Steps that follow the one with this id.")


class StepLimit(serializers.Serializer[Any]):
    """How many of the steps."""

    limit = serializers.IntegerField(
        min_value=1,
        max_value=run_queries.STEPS_MOST,
        default=run_queries.STEPS_MOST,
        help_text="How many steps at most.",
    )


class WaitSearch(serializers.Serializer[Any]):
    """Wait for the end before answering."""

    wait = serializers.FloatField(min_value=0, max_value=60, default=0, help_text="Seconds to wait for the end.")


class RunView(WorkspaceView):
    """A view that answers with runs."""

    def answer(self, run: Run, status: int = 200) -> Response:
        """The run with its output."""
        shown = run_json(run, self.actor)
        headers = {"Location": run_path(self.actor.workspace, run)} if status in {201, 202} else {}
        return Response(shown, status=status, headers=headers)

    def started(self, started: run_services.Started, wait: float) -> Response:
        """201 when it ended within `wait` seconds, 202 while it goes on; 200 for a run that was there already."""
        run = started.run
        if wait and not run.ended:
            run_services.wait_for(run.pk, wait)
            run = look_again(run)  # one that has not ended may have begun, or wait for somebody
        if not started.created:
            return self.answer(run, 200)
        return self.answer(run, 201 if run.ended else 202)


RUN_STARTED = {
    **answers(RunShape, status=201, errors=(400, 409, 413)),
    200: RunShape,
    202: RunShape,
}


class RunActionView(RunView):
    """`…/processor/action/run`"""

    remembers_posts = False  # the run itself is what is remembered

    @extend_schema(
        operation_id="processor_action_run",
        tags=["processor"],
        request=RunInputShape,
        parameters=[
            OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, description="Instead of the field.")
        ],
        responses=RUN_STARTED,
    )
    def post(self, request: Any, workspace: str) -> Response:
        """Runs an action of a connected app: 201 with the result, or 202 and where it will be."""
        run_services.listen()
        given = plain_call(self.request.data) or self.read(RunInputShape)
        wait = given.pop("wait")
        key = given.pop("idempotency_key") or key_of(request)
        wanted = run_services.RunRequest(timeout_s=given.pop("timeout"), idempotency_key=key, **given)
        return self.started(run_services.start_run(self.actor, wanted), wait)


class RunsView(WorkspaceView):
    """`…/runs/`"""

    search = RunSearch

    @extend_schema(
        operation_id="runs_list", tags=TAGS, parameters=[RunSearch], responses=reading(RunSummaryShape(many=True))
    )
    def get(self, request: Any, workspace: str) -> Response:
        """Newest first, without input and output."""
        return self.page(run_queries.runs_list(self.actor, self.chosen()), RunSummaryShape)


class OneRunView(RunView):
    """`…/runs/{run}/`"""

    search = WaitSearch

    @extend_schema(operation_id="runs_read", tags=TAGS, parameters=[WaitSearch], responses=reading(RunShape))
    def get(self, request: Any, workspace: str, run: UUID) -> Response:
        """One run; with `wait` the answer comes when it has ended, or then at the latest."""
        wait = self.chosen()["wait"]
        found = run_queries.run(self.actor, run)
        if wait and not found.ended and run_services.wait_for(found.pk, wait):
            found = run_queries.run(self.actor, run)
        found.reason = why_it_waits(found) or found.reason
        return self.answer(found)


class RunStepsView(WorkspaceView):
    """`…/runs/{run}/steps/`"""

    search = StepSearch

    @extend_schema(
        operation_id="runs_steps", tags=TAGS, parameters=[StepSearch, StepLimit], responses=reading(StepsShape)
    )
    def get(self, request: Any, workspace: str, run: UUID) -> Response:
        """The steps with every try: request and response, masked. A long run has them page by page."""
        after, found = self.chosen()["after"], run_queries.run(self.actor, run)
        steps, more = run_queries.steps_of(found, after, _limit(StepLimit, request))
        shown = {"shown": run_queries.shown_to(self.actor, found)}
        answer = {"results": steps, "last": steps[-1].pk if steps else after, "more": more}
        return Response(StepsShape(answer, context=shown).data)


class RunLogView(WorkspaceView):
    """`…/runs/{run}/log/`"""

    search = LogSearch

    @extend_schema(operation_id="runs_log", tags=TAGS, parameters=[LogSearch, LogLimit], responses=reading(LogShape))
    def get(self, request: Any, workspace: str, run: UUID) -> Response:
        """Lines after a number."""
        after = self.chosen()["after"]
        limit = _limit(LogLimit, request)
        lines = run_queries.log_after(run_queries.run(self.actor, run), after, limit)
        last = lines[-1].seq if lines else after
        return Response(LogShape({"results": lines, "last": last, "more": len(lines) == limit}).data)


class CancelRunView(RunView):
    """`…/runs/{run}/cancel/`"""

    @extend_schema(operation_id="runs_cancel", tags=TAGS, request=None, responses=answers(RunShape, status=202))
    def post(self, request: Any, workspace: str, run: UUID) -> Response:
        """A run that waits ends at once; one that runs is stopped by its worker within moments."""
        return self.answer(run_services.cancel_run(self.actor, run_queries.run(self.actor, run)), 202)


class ReplayRunView(RunView):
    """`…/runs/{run}/replay/`"""

    remembers_posts = False  # the run itself is what is remembered

    @extend_schema(operation_id="runs_replay", tags=TAGS, request=WaitShape, responses=RUN_STARTED)
    def post(self, request: Any, workspace: str, run: UUID) -> Response:
        """The same input afresh, as a new run."""
        run_services.listen()
        wait = self.read(WaitShape)["wait"]
        old = run_queries.run(self.actor, run)
        return self.started(run_services.replay_run(self.actor, old, idempotency_key=key_of(request)), wait)


def _limit(shape: type[serializers.Serializer[Any]], request: Any) -> int:
    size = shape(data=request.query_params)
    size.is_valid(raise_exception=True)
    limit: int = size.validated_data["limit"]
    return limit

"""REST of runs of features: start, signal, resolve, restart, resume, try an undo again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.response import Response

from processors.api.runs import RUN_STARTED, TAGS, RunView
from processors.api.shapes import RunPairShape, RunShape, SignalShape
from processors.queries import run_pairs
from processors.queries import runs as run_queries
from processors.services import repair, signals
from processors.services import runs as run_services
from processors.services.features import FeatureRequest, start_feature
from products.api.base import WorkspaceView
from products.api.fields import Flag, Id, Number, Text
from products.api.idempotency import key_of
from products.api.schema import answers, reading

_RUN = {
    "product": "storefront",
    "environment": "dev",
    "feature": "fulfil-order",
    "input": {"order_id": "5f1c8f0e-6a5e-4a39-9d6a-0c9a4e5f9f10", "amount": 12.5},
    "wait": 10,
}
_KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, description="Instead of the field.")
_WAIT = "Seconds to wait for the result."


@extend_schema_serializer(examples=[OpenApiExample("An order", _RUN, request_only=True)])
class RunFeatureShape(serializers.Serializer[Any]):
    """A feature to run."""

    product = Text(max_length=63)
    environment = Text(max_length=63)
    feature = Text(max_length=63, help_text="Its tag.")
    input = serializers.JSONField(default=dict, help_text="By the fields that the feature declares.")
    idempotency_key = Text(
        max_length=200, default="", allow_blank=True, help_text="The same key within 24 hours returns the first run."
    )
    until = Text(
        max_length=130, default="", allow_blank=True,
        help_text="`sequence/event` after which it ends: what comes later, or runs beside it, is not run.",
    )  # fmt: skip
    cache = Text(max_length=63, default="", allow_blank=True, help_text="The tag of a cache that may have the result.")
    wait = Number(min_value=0, max_value=60, default=0, help_text=_WAIT)

    class Meta:
        ref_name = "RunFeature"


class SignalInputShape(serializers.Serializer[Any]):
    """What to tell a run."""

    name = Text(max_length=200, help_text="Of the signal, as the event that waits for it names it.")
    payload = serializers.JSONField(
        default=None, allow_null=True, help_text="By the fields of the event; an approval is `{approved: true}`."
    )
    comment = Text(max_length=2000, default="", allow_blank=True, help_text="Stored with an approval.")

    class Meta:
        ref_name = "SignalInput"


class ResolveShape(serializers.Serializer[Any]):
    """What came of a call of which nobody knows whether it had its effect."""

    step = Id(help_text="The id of the step.")
    outcome = serializers.ChoiceField(
        choices=["done", "retry", "failed"], help_text="It was done; try it again; give it up."
    )
    output = serializers.JSONField(default=None, allow_null=True, help_text="The result of a step that was done.")

    class Meta:
        ref_name = "ResolveStep"


class RestartShape(serializers.Serializer[Any]):
    """The input with which to run once more."""

    input = serializers.JSONField(default=dict)
    merge = Flag(default=False, help_text="Keep the fields of the old input that are not given.")
    wait = Number(min_value=0, max_value=60, default=0, help_text=_WAIT)

    class Meta:
        ref_name = "RestartRun"


class ResumeShape(serializers.Serializer[Any]):
    """Where to go on, and with what."""

    from_step = Text(
        max_length=130, default="", allow_blank=True, help_text="`sequence/event`; without it, where the run failed."
    )
    results = serializers.DictField(
        child=serializers.JSONField(allow_null=True), default=dict,
        help_text="Corrected results by `sequence/event`, of events that are not made again.",
    )  # fmt: skip
    wait = Number(min_value=0, max_value=60, default=0, help_text=_WAIT)

    class Meta:
        ref_name = "ResumeRun"


class UndoShape(serializers.Serializer[Any]):
    """An undo that failed."""

    step = Id(help_text="The id of the undo's step.")

    class Meta:
        ref_name = "RetryUndo"


class ByHandShape(UndoShape):
    """An undo that failed and that a person has done."""

    note = Text(max_length=2_000, default="", allow_blank=True, help_text="How, for whoever looks at the run later.")

    class Meta:
        ref_name = "UndoByHand"


class RunFeatureView(RunView):
    """`…/processor/feature/run`"""

    remembers_posts = False  # the run itself is what is remembered

    @extend_schema(
        operation_id="processor_feature_run",
        tags=["processor"],
        request=RunFeatureShape,
        parameters=[_KEY],
        responses=RUN_STARTED,
    )
    def post(self, request: Any, workspace: str) -> Response:
        """Runs a feature: 201 with the result, or 202 and where it will be."""
        run_services.listen()
        given = self.read(RunFeatureShape)
        wait = given.pop("wait")
        key = given.pop("idempotency_key") or key_of(request)
        return self.started(start_feature(self.actor, FeatureRequest(**given, idempotency_key=key)), wait)


class SignalView(WorkspaceView):
    """`…/runs/{run}/signals/`"""

    @extend_schema(
        operation_id="runs_signal", tags=TAGS, request=SignalInputShape,
        responses=answers(SignalShape, status=201, errors=(400, 409)),
    )  # fmt: skip
    def post(self, request: Any, workspace: str, run: UUID) -> Response:
        """Tells a run of a feature what it waits for, or will wait for; approvals too."""
        given = self.read(SignalInputShape)
        found = run_queries.run(self.actor, run)
        signal = signals.send_signal(self.actor, found, given["name"], given["payload"], comment=given["comment"])
        return Response(SignalShape(signal).data, status=201)


class ResolveView(WorkspaceView):
    """`…/runs/{run}/resolve/`"""

    @extend_schema(
        operation_id="runs_resolve", tags=TAGS, request=ResolveShape,
        responses=answers(SignalShape, status=201, errors=(400, 409)),
    )  # fmt: skip
    def post(self, request: Any, workspace: str, run: UUID) -> Response:
        """Says what came of a call of which nobody knows whether it had its effect; the run goes on."""
        given = self.read(ResolveShape)
        found = run_queries.run(self.actor, run)
        signal = signals.resolve_step(self.actor, found, given["step"], given["outcome"], output=given["output"])
        return Response(SignalShape(signal).data, status=201)


class RestartRunView(RunView):
    """`…/runs/{run}/restart/`"""

    remembers_posts = False

    @extend_schema(operation_id="runs_restart", tags=TAGS, request=RestartShape, responses=RUN_STARTED)
    def post(self, request: Any, workspace: str, run: UUID) -> Response:
        """Once more by today's configuration, with another input or some fields of it changed."""
        run_services.listen()
        given = self.read(RestartShape)
        old = run_queries.run(self.actor, run)
        started = repair.restart_run(
            self.actor, old, given["input"], merge=given["merge"], idempotency_key=key_of(request)
        )
        return self.started(started, given["wait"])


class ResumeRunView(RunView):
    """`…/runs/{run}/resume/`"""

    remembers_posts = False

    @extend_schema(operation_id="runs_resume", tags=TAGS, request=ResumeShape, responses=RUN_STARTED)
    def post(self, request: Any, workspace: str, run: UUID) -> Response:
        """A new run of the same definition that keeps the results of what does not depend on the chosen step."""
        run_services.listen()
        given = self.read(ResumeShape)
        old = run_queries.run(self.actor, run)
        started = repair.resume_run(
            self.actor, old, from_step=given["from_step"], results=given["results"], idempotency_key=key_of(request)
        )
        return self.started(started, given["wait"])


class CompareSearch(serializers.Serializer[Any]):
    """The other run."""

    other = serializers.UUIDField(help_text="The id of the run to compare with.")


class CompareView(WorkspaceView):
    """`…/runs/{run}/compare/`"""

    search = CompareSearch

    @extend_schema(operation_id="runs_compare", tags=TAGS, parameters=[CompareSearch], responses=reading(RunPairShape))
    def get(self, request: Any, workspace: str, run: UUID) -> Response:
        """Two runs of one product step by step: which steps ended otherwise, took longer, gave something else."""
        found = run_queries.run(self.actor, run)
        pair = run_pairs.pair_of(self.actor, found.product, [str(run), str(self.chosen()["other"])])
        return Response(RunPairShape(pair, context={"actor": self.actor}).data)


class RetryUndoView(RunView):
    """`…/runs/{run}/retry-undo/`"""

    @extend_schema(
        operation_id="runs_retry_undo", tags=TAGS, request=UndoShape,
        responses=answers(RunShape, status=202, errors=(400, 409)),
    )  # fmt: skip
    def post(self, request: Any, workspace: str, run: UUID) -> Response:
        """Has an undo that failed tried again."""
        found = run_queries.run(self.actor, run)
        return self.answer(repair.retry_undo(self.actor, found, self.read(UndoShape)["step"]), 202)


class UndoByHandView(RunView):
    """`…/runs/{run}/undo-by-hand/`"""

    @extend_schema(
        operation_id="runs_undo_by_hand", tags=TAGS, request=ByHandShape,
        responses=answers(RunShape, status=202, errors=(400, 409)),
    )  # fmt: skip
    def post(self, request: Any, workspace: str, run: UUID) -> Response:
        """Says that a person has taken back what an undo could not; the run waits for nobody because of it."""
        given = self.read(ByHandShape)
        found = run_queries.run(self.actor, run)
        return self.answer(repair.undo_by_hand(self.actor, found, given["step"], note=given["note"]), 202)

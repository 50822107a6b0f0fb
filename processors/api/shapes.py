"""How runs look over REST."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.urls import get_script_prefix, reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from processors.models import NEVER, Asks, Attempt, LogLine, Run, RunSignal, RunState, Step
from processors.queries.runs import output_for
from products.access import Actor
from products.models import Workspace

FAULTS = ["caller", "configuration", "remote", "network", "platform"]
ANY = {"nullable": True}  # any JSON value


class RunErrorShape(serializers.Serializer[Any]):
    """Why a run, step or attempt failed, and whose fault it is."""

    code = serializers.CharField(help_text="For machines, stable.")
    message = serializers.CharField(help_text="For people.")
    fault = serializers.ChoiceField(choices=FAULTS)
    retryable = serializers.BooleanField()
    outcome_unknown = serializers.BooleanField(help_text="The remote side may have acted all the same.")
    details = serializers.DictField()

    class Meta:
        ref_name = "RunError"


class TimingsShape(serializers.Serializer[Any]):
    """Milliseconds: from the request to the first try, from there to the end, and both together."""

    queued_ms = serializers.FloatField(allow_null=True)
    running_ms = serializers.FloatField(allow_null=True)
    total_ms = serializers.FloatField(allow_null=True)

    class Meta:
        ref_name = "RunTimings"


class LinksShape(serializers.Serializer[Any]):
    """Where the parts of a run are."""

    self = serializers.CharField()
    steps = serializers.CharField()
    log = serializers.CharField()
    cancel = serializers.CharField()
    replay = serializers.CharField()

    class Meta:
        ref_name = "RunLinks"


class RunSummaryShape(serializers.ModelSerializer[Run]):
    """A run without its input and output."""

    product = serializers.CharField(source="product.tag")
    environment = serializers.CharField(source="environment.slug")
    state = serializers.ChoiceField(choices=RunState.choices)
    asks = serializers.ChoiceField(
        choices=Asks.choices, allow_blank=True, help_text="What it wants of a person; empty: nothing."
    )
    processor = serializers.CharField(source="processor_tag")
    error = RunErrorShape(allow_null=True)
    timeout = serializers.FloatField(source="timeout_s")
    parent_run = serializers.UUIDField(source="parent_id", allow_null=True, help_text="The run that started this one.")
    wake_at = serializers.SerializerMethodField(help_text="Of a run that waits: not before.")
    timings = serializers.SerializerMethodField()
    links = serializers.SerializerMethodField()

    class Meta:
        model = Run
        fields = [
            "id", "state", "reason", "asks", "kind", "target", "product", "environment", "processor", "trigger",
            "actor", "idempotency_key", "replay_of", "parent_run", "release", "retries", "timeout", "error",
            "created_at", "started_at", "finished_at", "wake_at", "timings", "seq", "links",
        ]  # fmt: skip
        read_only_fields = fields
        ref_name = "RunSummary"

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_wake_at(self, run: Run) -> datetime | None:
        """None of a run that waits for its turn: nobody knows when that is."""
        return due_at(run)

    @extend_schema_field(TimingsShape)
    def get_timings(self, run: Run) -> dict[str, float | None]:
        """From the run's own times."""
        return _timings(run)

    @extend_schema_field(LinksShape)
    def get_links(self, run: Run) -> dict[str, str]:
        """Paths on this server."""
        return _links(self.context["actor"].workspace, run)


class RunShape(RunSummaryShape):
    """A run with its input, masked, and its output."""

    output = serializers.SerializerMethodField()

    class Meta(RunSummaryShape.Meta):
        fields = [*RunSummaryShape.Meta.fields, "input", "output"]
        read_only_fields = fields
        ref_name = "Run"

    @extend_schema_field(ANY)
    def get_output(self, run: Run) -> Any:
        """What the action answered; null while there is nothing."""
        return output_for(self.context["actor"], run)


class AttemptShape(serializers.ModelSerializer[Attempt]):
    """One try: what was sent and what came back, masked and cut."""

    error = RunErrorShape(allow_null=True)

    class Meta:
        model = Attempt
        fields = ["number", "state", "request", "response", "error", "started_at", "finished_at", "next_at"]
        read_only_fields = fields
        ref_name = "Attempt"


class StepShape(serializers.ModelSerializer[Step]):
    """One step with its tries. Of a feature: `tag` is `sequence/event`, of its undo `sequence/event~undo`."""

    index = serializers.IntegerField(help_text="0, or the number of an item of a loop, from 1.")
    input = serializers.SerializerMethodField(help_text="Masked.")
    output = serializers.SerializerMethodField()
    error = RunErrorShape(allow_null=True)
    child = serializers.UUIDField(allow_null=True, help_text="The run that it started.")
    tries = AttemptShape(many=True)

    class Meta:
        model = Step
        fields = ["id", "tag", "kind", "index", "state", "idempotency_key", "input", "output", "error", "wake_at",
                  "child", "started_at", "finished_at", "tries"]  # fmt: skip
        read_only_fields = fields
        ref_name = "Step"

    @extend_schema_field(ANY)
    def get_input(self, step: Step) -> Any:
        """With what it was called."""
        return self.context["shown"](step.input)

    @extend_schema_field(ANY)
    def get_output(self, step: Step) -> Any:
        """What came of it."""
        return self.context["shown"](step.output)


class SignalShape(serializers.ModelSerializer[RunSignal]):
    """What a run was told."""

    taken = serializers.SerializerMethodField(help_text="Whether an event has taken it.")

    class Meta:
        model = RunSignal
        fields = ["id", "name", "payload", "by", "at", "taken"]
        read_only_fields = fields
        ref_name = "Signal"

    def get_taken(self, signal: RunSignal) -> bool:
        """Used up."""
        return signal.step_id is not None


class StepsShape(serializers.Serializer[Any]):
    """Steps of a run, in the order in which they were made. Ask again with `after` = `last` for those that follow."""

    results = StepShape(many=True)
    last = serializers.UUIDField(allow_null=True, help_text="The id of the last one, or what was asked for.")
    more = serializers.BooleanField(help_text="There are steps beyond these already.")

    class Meta:
        ref_name = "Steps"


class LogLineShape(serializers.ModelSerializer[LogLine]):
    """One line; `seq` counts within the run without a gap."""

    class Meta:
        model = LogLine
        fields = ["seq", "at", "level", "step", "message", "data"]
        read_only_fields = fields
        ref_name = "LogLine"


class LogShape(serializers.Serializer[Any]):
    """Lines of a log. Ask again with `after` = `last` for what came since."""

    results = LogLineShape(many=True)
    last = serializers.IntegerField(help_text="The highest number in the answer, or what was asked for.")
    more = serializers.BooleanField(help_text="There are lines beyond these already.")

    class Meta:
        ref_name = "Log"


def run_path(workspace: Workspace, run: Run) -> str:
    """Where a run is."""
    return f"{_runs_path(workspace.tag, get_script_prefix())}{run.pk}/"


@lru_cache(maxsize=1_000)
def _runs_path(workspace_tag: str, _prefix: str) -> str:
    """Under the prefix that the thread answers for."""
    return reverse("api-runs", args=[workspace_tag])


def run_json(run: Run, actor: Actor) -> dict[str, Any]:
    """The same as `RunShape` gives, ten times as fast: this is the answer to every call of an action."""
    return {
        "id": str(run.pk),
        "state": run.state,
        "reason": run.reason,
        "asks": run.asks,
        "kind": run.kind,
        "target": run.target,
        "product": run.product.tag,
        "environment": run.environment.slug,
        "processor": run.processor_tag,
        "trigger": run.trigger,
        "actor": run.actor,
        "idempotency_key": run.idempotency_key,
        "replay_of": None if run.replay_of is None else str(run.replay_of),
        "parent_run": None if run.parent_id is None else str(run.parent_id),
        "release": run.release,
        "retries": run.retries,
        "timeout": run.timeout_s,
        "error": run.error,
        "created_at": _time(run.created_at),
        "started_at": _time(run.started_at),
        "finished_at": _time(run.finished_at),
        "wake_at": _time(due_at(run)),
        "timings": _timings(run),
        "seq": run.seq,
        "links": _links(actor.workspace, run),
        "input": run.input,
        "output": output_for(actor, run),
    }


def due_at(run: Run) -> datetime | None:
    """When a run that waits goes on, as far as it is known."""
    return None if run.wake_at == NEVER else run.wake_at


def _timings(run: Run) -> dict[str, float | None]:
    return {
        "queued_ms": _ms(run.created_at, run.started_at),
        "running_ms": _ms(run.started_at, run.finished_at),
        "total_ms": _ms(run.created_at, run.finished_at),
    }


def _links(workspace: Workspace, run: Run) -> dict[str, str]:
    base = run_path(workspace, run)
    return {"self": base, **{part: f"{base}{part}/" for part in ("steps", "log", "cancel", "replay")}}


def _time(moment: datetime | None) -> str | None:
    """As DRF writes it."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _ms(start: Any, end: Any) -> float | None:
    return None if start is None or end is None else round((end - start).total_seconds() * 1_000, 3)


class StepPairShape(serializers.Serializer[Any]):
    """A step in both runs; a state is empty where a run has not come to it."""

    tag = serializers.CharField()
    kind = serializers.CharField()
    a_state = serializers.CharField(allow_blank=True)
    b_state = serializers.CharField(allow_blank=True)
    a_took = serializers.FloatField(allow_null=True, help_text="Milliseconds.")
    b_took = serializers.FloatField(allow_null=True, help_text="Milliseconds.")
    other_input = serializers.BooleanField(help_text="The inputs differ.")
    other_output = serializers.BooleanField(help_text="The outputs differ.")
    other_items = serializers.IntegerField(help_text="How many items of the loop differ.")

    class Meta:
        ref_name = "StepPair"


class RunPairShape(serializers.Serializer[Any]):
    """Two runs, and their steps in the order of the feature."""

    a = RunSummaryShape()
    b = RunSummaryShape()
    differing = serializers.IntegerField(help_text="How many steps differ.")
    steps = StepPairShape(many=True)

    class Meta:
        ref_name = "RunPair"

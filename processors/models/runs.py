"""A run, the immutable definition it executes, its steps and their attempts.

The rows below a run carry its id without a database constraint: they are written in groups by the journal, and
the tables are meant to be partitioned by day.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from django.db import models

from products.models import Environment, Product, Row, Workspace, new_id


class RunState(models.TextChoices):
    """The allowed changes are in `processors.engine.states`."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    WAITING = "waiting", "Waiting"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    ROLLED_BACK = "rolled_back", "Rolled back"


class Asks(models.TextChoices):
    """What a run can want of a person."""

    APPROVAL = "approval", "An approval"
    SIGNAL = "signal", "A signal"
    DOUBT = "doubt", "What came of a call"
    UNDO = "undo", "An undo that failed"


NEVER = datetime(9000, 1, 1, tzinfo=UTC)  # `wake_at` of a run that waits for its turn under a concurrency limit
ENDED_STATES = (RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED, RunState.ROLLED_BACK)


class RunDefinition(models.Model):
    """What a run executes, addressed by the hash of its content; secrets by reference, never by value."""

    hash = models.CharField(primary_key=True, max_length=64)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    content = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.hash


class Run(models.Model):
    """One execution. `fence` counts the claims: every write of a worker carries it, and a stale one is refused."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="runs")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="runs")
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="runs")
    kind = models.CharField(max_length=20)  # action; later features, jobs, …
    target = models.CharField(max_length=130)  # access tag : action tag
    definition = models.ForeignKey(RunDefinition, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    processor_tag = models.CharField(max_length=63, default="default")
    trigger = models.CharField(max_length=20)  # page, rest, replay, schedule …
    actor = models.CharField(max_length=254, blank=True)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    request_id = models.CharField(max_length=64, blank=True)
    idempotency_key = models.CharField(max_length=200, blank=True)
    replay_of = models.UUIDField(null=True, blank=True)

    state = models.CharField(max_length=12, choices=RunState, default=RunState.QUEUED)
    reason = models.CharField(max_length=300, blank=True)  # why it waits or does not run, in words
    input = models.JSONField(default=dict)  # as given, masked
    output = models.JSONField(null=True, blank=True)
    error = models.JSONField(null=True, blank=True)
    retries = models.PositiveSmallIntegerField(default=0)
    timeout_s = models.FloatField(default=60)

    fence = models.PositiveIntegerField(default=0)
    lost = models.PositiveSmallIntegerField(default=0)  # claims that ended with the death of the worker
    lease_until = models.DateTimeField(null=True, blank=True)
    worker_id = models.UUIDField(null=True, blank=True)
    wake_at = models.DateTimeField(null=True, blank=True)  # not before; none: queued at once, waiting for news alone
    rang_at = models.DateTimeField(null=True, blank=True)  # when the doorbell was last rung
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    seq = models.PositiveIntegerField(default=0)  # number of the last journal entry; the socket says "up to seq"

    # Of runs of features; what the statements that know nothing of them leave out has its default in the database.
    release = models.PositiveIntegerField(null=True, blank=True)  # number; none: the draft as it stood at the start
    parent_id = models.UUIDField(null=True, blank=True)  # the run whose step started this one
    parent_step = models.UUIDField(null=True, blank=True)
    depth = models.PositiveSmallIntegerField(db_default=0)  # of children of children
    news = models.PositiveIntegerField(db_default=0)  # counts what it was told from outside: signals, ends of children
    asks = models.CharField(max_length=12, choices=Asks, blank=True, default="", db_default="")  # of a person
    concurrency_key = models.CharField(max_length=200, blank=True, db_default="")  # those that share a limit
    concurrency_limit = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["workspace", "-id"], name="run_newest"),
            models.Index(fields=["product", "environment", "-id"], name="run_of_product"),
            models.Index(fields=["product", "environment", "state", "-id"], name="run_by_state"),
            models.Index(fields=["product", "target", "-id"], name="run_of_target"),
            models.Index(
                fields=["wake_at"],
                condition=models.Q(state__in=["queued", "waiting"]),
                name="run_due",
            ),
            models.Index(fields=["lease_until"], condition=models.Q(state="running"), name="run_leased"),
            models.Index(fields=["workspace", "-id"], condition=models.Q(state="failed"), name="run_failed"),
            models.Index(
                fields=["workspace", "environment", "processor_tag", "state"],
                condition=models.Q(state__in=["queued", "running", "waiting"]),
                name="run_open",
            ),
            models.Index(
                fields=["workspace", "idempotency_key", "-id"],
                condition=~models.Q(idempotency_key=""),
                name="run_of_key",
            ),
            # Nearly all are started by REST: who looks for others must not go through those.
            models.Index(
                fields=["workspace", "trigger", "-id"], condition=~models.Q(trigger="rest"), name="run_by_trigger"
            ),
            models.Index(fields=["workspace", "-id"], condition=~models.Q(asks=""), name="run_asking"),
            models.Index(fields=["environment", "-id"], condition=~models.Q(asks=""), name="run_asking_here"),
            models.Index(fields=["parent_id"], condition=models.Q(parent_id__isnull=False), name="run_children"),
            models.Index(
                fields=["environment", "concurrency_key", "id"],
                condition=models.Q(state__in=["queued", "running", "waiting"]) & ~models.Q(concurrency_key=""),
                name="run_sharing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.target} {self.id}"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ENDED_STATES

    @property
    def took_ms(self) -> float | None:
        """From its start to its end, in milliseconds; None until then."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds() * 1000


class RunInput(models.Model):
    """The input of a run as the worker needs it, sealed: what pages and answers show is `Run.input`, masked."""

    run = models.OneToOneField(
        Run, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="sealed_input"
    )
    sealed = models.BinaryField(editable=False)

    def __str__(self) -> str:
        return str(self.run_id)


class Step(models.Model):
    """One step of a run; a run of an action has exactly one."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(Run, on_delete=models.DO_NOTHING, db_constraint=False, related_name="steps")
    tag = models.CharField(max_length=130)
    kind = models.CharField(max_length=20)
    index = models.PositiveIntegerField(default=0)  # position inside for_each
    state = models.CharField(max_length=12)
    idempotency_key = models.CharField(max_length=64)
    attempts = models.PositiveSmallIntegerField(default=0)
    input = models.JSONField(null=True, blank=True)  # of a feature's step, masked; a run of an action has its own
    output = models.JSONField(null=True, blank=True)
    error = models.JSONField(null=True, blank=True)
    wake_at = models.DateTimeField(null=True, blank=True)  # of one that sleeps, waits for a signal, or for its next try
    child = models.UUIDField(null=True, blank=True)  # the run of the feature that it started
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["run", "tag", "index"], name="step_unique")]

    def __str__(self) -> str:
        return self.tag


class Attempt(models.Model):
    """One try of a step: what was sent, what came back (masked and bounded), and when the next try is due."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(Run, on_delete=models.DO_NOTHING, db_constraint=False, related_name="attempts")
    step = models.ForeignKey(Step, on_delete=models.DO_NOTHING, db_constraint=False, related_name="tries")
    number = models.PositiveSmallIntegerField()
    fence = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=12)  # running, completed, failed, lost
    request = models.JSONField(null=True, blank=True)
    response = models.JSONField(null=True, blank=True)
    error = models.JSONField(null=True, blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    next_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["run", "step", "number"], name="attempt_unique")]

    def __str__(self) -> str:
        return f"attempt {self.number}"

    @property
    def took_ms(self) -> float | None:
        """From its start to its end, in milliseconds; None until then."""
        if self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds() * 1000


class LogLine(models.Model):
    """What a run says while it runs; `seq` counts 1, 2, 3 … within the run without a gap."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Run, on_delete=models.DO_NOTHING, db_constraint=False, related_name="log_lines")
    seq = models.PositiveIntegerField()
    at = models.DateTimeField()
    level = models.CharField(max_length=8)  # debug, info, warn, error
    step = models.CharField(max_length=130, blank=True)
    message = models.TextField()
    data = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ["seq"]
        constraints = [models.UniqueConstraint(fields=["run", "seq"], name="log_line_unique")]

    def __str__(self) -> str:
        return self.message


class RunSignal(models.Model):
    """What a run was told: by whom, when, and which step took it. What it carries is sealed; `payload` is masked."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(Run, on_delete=models.DO_NOTHING, db_constraint=False, related_name="signals")
    name = models.CharField(max_length=200)
    payload = models.JSONField(null=True, blank=True)
    sealed = models.BinaryField(editable=False)
    by = models.CharField(max_length=254, blank=True)
    at = models.DateTimeField(auto_now_add=True)
    step_id = models.UUIDField(null=True, blank=True)  # that took it; none yet: it waits to be taken

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class KeptResult(models.Model):
    """The result of an event with `cache`, kept for the same call made again in the same environment."""

    id = models.BigAutoField(primary_key=True)
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=64)
    value = models.JSONField(null=True, blank=True)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["environment", "key"], name="kept_result_unique")]
        indexes = [models.Index(fields=["expires_at"], name="kept_result_expiry")]

    def __str__(self) -> str:
        return self.key


class IdempotencyRecord(models.Model):
    """The first run of a key within its life; the same key with another input is a conflict."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    scope = models.CharField(max_length=200)  # product : environment : kind : target
    key = models.CharField(max_length=200)
    body_hash = models.CharField(max_length=64)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "scope", "key"], name="idempotency_key_unique")]
        indexes = [models.Index(fields=["expires_at"], name="idempotency_expiry")]

    def __str__(self) -> str:
        return self.key


class AuthToken(Row):
    """The token a `credential` auth got by logging in, kept for its expiry; one worker at a time refreshes it."""

    connection_environment = models.OneToOneField(
        "products.ConnectionEnvironment", on_delete=models.CASCADE, related_name="token"
    )
    fingerprint = models.CharField(max_length=64)  # of auth and credentials: other ones mean another token
    sealed = models.BinaryField(null=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    refreshing_until = models.DateTimeField(null=True, blank=True)
    generation = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.connection_environment)

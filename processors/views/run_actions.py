"""What a person does to a feature's run: answer what it waits for, run it again otherwise, take up an undo again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from processors.forms.answers import AnswerForm, ResolveForm
from processors.forms.feature_run import RestartForm, ResumeForm
from processors.forms.parameters import ParameterForm
from processors.models import Step
from processors.queries import feature_runs, resuming
from processors.services import repair, signals
from processors.services.operations import RUN_KINDS
from processors.views.run_asks import may_not_answer
from processors.views.runs import RunBase
from products.features.definition import Wait
from products.lib.errors import Conflict, FieldProblem, Forbidden, Invalid, NotFound
from products.views.saving import saved


class RunActionPage(RunBase):
    """A page with one form that does something to a run; whoever may not run in its environment gets a 403."""

    kinds: tuple[str, ...] = ("feature",)  # of runs that it is for

    def prepare(self, request: HttpRequest, **kwargs: Any) -> None:
        """Raises NotFound, Forbidden."""
        super().prepare(request, **kwargs)
        if self.run.kind not in self.kinds:
            raise NotFound("This is not for runs of this kind.")
        self.actor.need_run_in(self.run.environment)

    def form_page(self, request: HttpRequest, form: forms.Form, *, status: int = 200, **extra: Any) -> HttpResponse:
        """The form, with the run beside it."""
        return self.show(request, status=status, run=self.run, form=form, **extra)


class StepActionPage(RunActionPage):
    """The same of one step."""

    step: Step

    def prepare(self, request: HttpRequest, **kwargs: Any) -> None:
        """Raises NotFound, Forbidden."""
        super().prepare(request, **kwargs)
        self.step = feature_runs.step_by_id(self.run, kwargs["step"])

    def form_page(self, request: HttpRequest, form: forms.Form, *, status: int = 200, **extra: Any) -> HttpResponse:
        """With the step: what it got, its tries, what its error says."""
        detail = feature_runs.step_detail(self.run, self.step)
        return super().form_page(request, form, status=status, step=self.step, detail=detail, **extra)


class SendSignal(StepActionPage):
    """Answers a step that waits for a signal or an approval."""

    template = "processors/runs/feature/signal.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The fields of the signal."""
        wait = self._wait()
        return self.form_page(request, AnswerForm(wait), wait=wait, why_not=may_not_answer(self.actor, wait))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Back to the run, which goes on; 422 with what is wrong beside its field."""
        wait = self._wait()
        form = AnswerForm(wait, request.POST)
        if form.is_valid() and _told(form, lambda: self._send(form, wait)):
            messages.success(request, "The run has been told.")
            return self.back(self.run.pk)
        return self.form_page(request, form, status=422, wait=wait)

    def _send(self, form: AnswerForm, wait: Wait) -> object:
        return signals.send_signal(
            self.actor, self.run, wait.signal, form.carried(), comment=form.cleaned_data["comment"]
        )

    def _wait(self) -> Wait:
        event = feature_runs.event_of(self.run, self.step)
        if event is None or event.wait is None:
            raise NotFound("This step waits for no signal.")
        return event.wait


class ResolveStep(StepActionPage):
    """Says what came of a call of which nobody knows."""

    template = "processors/runs/feature/resolve.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Everything that helps to decide."""
        return self.form_page(request, ResolveForm())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Back to the run, which goes on."""
        form = ResolveForm(request.POST)
        if saved(form, lambda data: self._resolve(data)) is None:
            return self.form_page(request, form, status=422)
        messages.success(request, "The run goes on with your answer.")
        return self.back(self.run.pk)

    def _resolve(self, data: dict[str, Any]) -> bool:
        signals.resolve_step(self.actor, self.run, self.step.pk, as_=data["outcome"], output=data["output"])
        return True


class RestartRun(RunActionPage):
    """The same feature from its beginning, or operation of a resource, with another input."""

    kinds = ("feature", *RUN_KINDS)
    template = "processors/runs/feature/restart.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The input of this run, to edit."""
        return self.form_page(request, RestartForm(self.run.input))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Leads to the new run."""
        form = RestartForm(self.run.input, request.POST)
        started = saved(form, self._restart)
        return self.form_page(request, form, status=422) if started is None else self.back(started.run.pk)

    def _restart(self, data: dict[str, Any]) -> Any:
        with naming_places("input"):
            return repair.restart_run(self.actor, self.run, data["input"], merge=data["merge"] == "yes")


class ResumeRun(RunActionPage):
    """A new run that keeps the results before a step and goes on from there."""

    template = "processors/runs/feature/resume.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """`?from=` chooses the step; without it, the one that failed."""
        points = resuming.points(self.run)
        chosen = request.GET.get("from", "") or points.failed
        form = ResumeForm(points.choices, points.results, initial={"from_step": chosen})
        return self.form_page(request, form, points=points)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Leads to the new run."""
        points = resuming.points(self.run)
        form = ResumeForm(points.choices, points.results, request.POST)
        started = saved(form, self._resume)
        if started is not None:
            return self.back(started.run.pk)
        return self.form_page(request, form, status=422, points=points)

    def _resume(self, data: dict[str, Any]) -> Any:
        with naming_places("results"):
            return repair.resume_run(self.actor, self.run, from_step=data["from_step"], results=data["results"])


class RetryUndo(StepActionPage):
    """The button beside an undo that failed."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Back to the run, where the undo is tried."""
        repair.retry_undo(self.actor, self.run, self.step.pk)
        messages.success(request, "The undo is being tried again.")
        return self.back(self.run.pk)


class UndoByHand(StepActionPage):
    """The other button beside it: a person has taken it back."""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Back to the run, which no longer waits for anybody because of it."""
        repair.undo_by_hand(self.actor, self.run, self.step.pk, note=request.POST.get("note", "").strip())
        messages.success(request, "Noted: this was taken back by hand.")
        return self.back(self.run.pk)


@contextmanager
def naming_places(field: str) -> Iterator[None]:
    """Where one editor holds many values, a problem says which of them it is about."""
    try:
        yield
    except Invalid as error:
        raise Invalid(
            error.message, code=error.code, errors=tuple(_named(one, field) for one in error.errors)
        ) from None


def _named(problem: FieldProblem, field: str) -> FieldProblem:
    place = problem.pointer.removeprefix(f"/{field}").strip("/")
    if place == problem.pointer.strip("/") or not place:
        return problem
    words = ".".join(part.replace("~1", "/").replace("~0", "~") for part in place.split("/"))
    return replace(problem, pointer=f"/{field}", detail=f"{words}: {problem.detail}")


def _told(form: ParameterForm, act: Callable[[], object]) -> bool:
    try:
        act()
    except Invalid as error:
        form.add_problems(error.errors, below="/payload")
        if not error.errors:
            form.add_error(None, error.message)
    except (Conflict, Forbidden) as error:
        form.add_error(None, error.message)
    else:
        return True
    return False

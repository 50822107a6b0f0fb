"""What people do to the files of a storage: each is a run, except a signed URL, which nothing should write down."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from processors.models import Run, RunState
from processors.queries import run_pages
from processors.services import files
from processors.services import runs as run_services
from processors.services.operations import OperationRequest, start_operation
from processors.views.resource_files import LONGEST_KEY, StorageBase
from products.access import Permission
from products.lib.errors import NotFound
from products.lib.jsontypes import JsonObject
from products.queries.callable_resources import Wanted

WAIT_S = 2.0
MOST_FILES = 20
LIFETIMES = (("300", "5 minutes"), ("3600", "1 hour"), ("86400", "1 day"), ("604800", "1 week"))


class StorageAct(StorageBase):
    """A change of one file, by a run that is waited for."""

    def done(self, operation: str, given: JsonObject) -> Run:
        """The run, ended or not. Raises Invalid, Conflict, Forbidden."""
        self.actor.need(Permission.RUN)
        run_services.listen()
        slug = self.environment.slug if self.environment else ""
        wanted = Wanted("storage", self.found.row.tag, operation)
        started = start_operation(self.actor, OperationRequest(self.product.tag, slug, wanted, given, trigger="page"))
        run_services.wait_for(started.run.pk, WAIT_S)
        return run_pages.find_run(self.actor, self.product, started.run.pk)

    def say(self, request: HttpRequest, run: Run, done: str) -> bool:
        """Tells the person how it ended; whether it went well."""
        if run.state == RunState.COMPLETED:
            messages.success(request, done)
        elif run.ended:
            messages.error(request, str((run.error or {}).get("message", "")) or f"The run is {run.state}.")
        else:
            messages.info(request, "It still goes on: the run tells when it has ended.")
        return bool(run.state == RunState.COMPLETED)

    def to(self, name: str, **query: str) -> HttpResponse:
        """To a page of this storage."""
        where = [self.actor.workspace.tag, self.product.tag, self.found.row.tag]
        slug = {"env": self.environment.slug} if self.environment else {}
        return redirect(f"{reverse(name, args=where)}?{urlencode({**slug, **query})}")


class StorageSave(StorageAct):
    """`…/resources/storage/<resource>/save/`: uploaded contents, or by `file` one that is there already."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """How the run `?run=` goes on, for the script that waits; nothing without one. Raises NotFound."""
        if "run" not in request.GET:
            return JsonResponse({})
        return _told(run_pages.find_run(self.actor, self.product, _id(request.GET["run"])))

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Answers scripts with the run, people with the folder."""
        folder = request.POST.get("prefix", "").strip().rstrip("/")[:LONGEST_KEY]
        prefix = f"{folder}/" if folder else ""
        if "file" in request.POST:
            return _told(self.done("save", {"key": request.POST.get("key", ""), "file": request.POST["file"]}))
        self.actor.need(Permission.RUN)
        for content in request.FILES.getlist("content")[:MOST_FILES]:
            name = str(content.name)
            content_type = content.content_type or ""
            kept = files.take_in(self.actor, self.product.tag, content, name=name, content_type=content_type)
            run = self.done("save", {"key": f"{prefix}{name}", "file": str(kept.pk)})
            self.say(request, run, f"{name} is saved.")
        return self.to("storage-files", prefix=prefix)


class StorageDelete(StorageAct):
    """`…/resources/storage/<resource>/file/delete/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Back to the folder."""
        key = request.POST.get("key", "")
        self.say(request, self.done("delete", {"key": key}), f"{key[:200]} is deleted.")
        folder = key.rpartition("/")[0]
        return self.to("storage-files", prefix=f"{folder}/" if folder else "")


class StorageCopy(StorageAct):
    """`…/resources/storage/<resource>/file/copy/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """To the copy."""
        key, to = request.POST.get("key", ""), request.POST.get("to", "")
        is_there = self.say(request, self.done("copy", {"key": key, "to": to}), f"Copied to {to[:200]}.")
        return self.to("storage-file", key=to if is_there else key)


class StorageSign(StorageAct):
    """`…/resources/storage/<resource>/file/sign/`"""

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Shows the URL once. Whoever has it needs no account, so that who may only look makes none."""
        self.actor.need(Permission.RUN)
        chosen = dict(LIFETIMES).keys() & {request.POST.get("seconds", "")}
        method = "PUT" if request.POST.get("method") == "PUT" else "GET"
        key = request.POST.get("key", "")
        seen = self.seen("sign", {"key": key, "method": method, "seconds": int(min(chosen, default="3600"))})
        context = self.context(key=key, seen=seen, signed=seen.output, method=method)
        return render(request, "processors/resources/storage/signed.html", context)


def _told(run: Run) -> JsonResponse:
    message = str((run.error or {}).get("message", ""))
    return JsonResponse({"state": run.state, "ended": run.ended, "message": message, "run": str(run.pk)})


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("There is no such run.") from None

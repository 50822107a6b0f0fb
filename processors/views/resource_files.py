"""The files of a storage: folders and files, one file with what may be shown of it, and its content to save."""

from __future__ import annotations

import mimetypes
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime

from processors.queries.stored_files import Stored, stored_by
from processors.services.file_answers import file_answer
from processors.services.file_streams import StoredContent, stored_content
from processors.views.asking import LookingPage
from processors.views.snippets import operation_snippets
from products.lib.errors import DomainError, Forbidden, NotFound
from products.lib.jsontypes import JsonObject

PAGE = 100
LONGEST_KEY = 1_024
# What a browser draws or plays without ever running anything of it.
SHOWN: Final = frozenset({
    "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "video/mp4", "video/webm", "audio/mpeg",
    "audio/mp4", "audio/ogg", "audio/wav", "audio/x-wav", "audio/flac",
})  # fmt: skip


class StorageBase(LookingPage):
    """A page about the files of a storage in one environment."""

    kind_name = "storage"
    tab = "storage-files"

    def stored(self, modified: dict[str, datetime | None]) -> dict[str, Stored]:
        """Who stored these files, by key."""
        config = self.config.config if self.config else None
        return stored_by(config, modified) if config else {}


class StorageFiles(StorageBase):
    """`…/resources/storage/<resource>/files/?prefix=`"""

    template = "processors/resources/storage/files.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The frame at once; `?part=list`, or `?plain=1` without scripts, asks the storage."""
        prefix = _text(request, "prefix")
        around: dict[str, Any] = {"prefix": prefix, "crumbs": crumbs_of(prefix), "after": _text(request, "after")}
        if request.GET.get("part") == "list":
            context = self.context(**{**around, **self._listed(request, prefix)})
            return render(request, "processors/resources/storage/_files.html", context)
        if request.GET.get("plain") and self.config and self.config.complete:
            around |= {"plain": True, **self._listed(request, prefix)}
        return self.show(request, **around)

    def _listed(self, request: HttpRequest, prefix: str) -> dict[str, Any]:
        given: JsonObject = {"prefix": prefix, "limit": PAGE}
        after = _text(request, "after")
        seen = self.seen("list", {**given, "after": after} if after else given)
        output = seen.output or {"files": [], "folders": [], "next": None}
        files = [{**each, "modified": _moment(each.get("modified_at"))} for each in output["files"]]
        stored = self.stored({each["key"]: each["modified"] for each in files})
        return {
            "seen": seen,
            "after": after,
            "next": output["next"],
            "folders": [{"key": key, "name": key.removeprefix(prefix)} for key in output["folders"]],
            "files": [
                {**each, "name": each["key"].removeprefix(prefix), "stored": stored.get(each["key"])} for each in files
            ],
        }


class FileBase(StorageBase):
    """A page about one file, named by `?key=`: keys are longer and freer than an address's path may be."""

    key = ""

    def prepare(self, request: HttpRequest, **kwargs: Any) -> None:
        """Raises NotFound."""
        super().prepare(request, **kwargs)
        self.key = _text(request, "key")
        if not self.key:
            raise NotFound("Which file?")

    def content(self) -> StoredContent:
        """The file as it is now. Raises DomainError."""
        slug = self.environment.slug if self.environment else ""
        return stored_content(self.actor, self.product.tag, slug, self.found.row.tag, self.key)


class StorageFile(FileBase):
    """`…/resources/storage/<resource>/file/?key=`; `?part=preview` what may be shown of its content."""

    template = "processors/resources/storage/file.html"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The page; its preview is fetched by it."""
        if request.GET.get("part") == "preview":
            context = self.context(key=self.key, **self._preview())
            return render(request, "processors/resources/storage/_preview.html", context)
        folder = self.key.rpartition("/")[0]
        prefix = f"{folder}/" if folder else ""
        stored = self.stored({self.key: None})
        return self.show(
            request,
            key=self.key,
            name=PurePosixPath(self.key).name,
            prefix=prefix,
            crumbs=crumbs_of(prefix),
            stored=stored.get(self.key),
            snippets=self._snippets(),
        )

    def _preview(self) -> dict[str, Any]:
        media_type = type_of(self.key)
        if shown := shown_as(media_type):
            return {"as": shown}
        seen = self.seen("read", {"key": self.key, "as": "text"})
        return {"as": "text", "seen": seen, "output": seen.output, "is_json": media_type.endswith("json")}

    def _snippets(self) -> list[dict[str, str]]:
        slug = self.environment.slug if self.environment else "dev"
        call = {"storage": self.found.row.tag, "input": {"key": self.key}, "wait": 10}
        body = {"product": self.product.tag, "environment": slug, **call}
        return operation_snippets(self.actor.workspace.tag, "storage.read", body)


class StorageImage(FileBase):
    """`…/resources/storage/<resource>/file/image/?key=`: what is drawn or played, never run by a browser."""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """The picture, film or sound. Raises NotFound for whatever is none by its name."""
        media_type = type_of(self.key)
        if not shown_as(media_type):
            raise NotFound("This is no picture.")
        try:
            return file_answer(request, self.content(), shown_as=media_type)
        except DomainError as error:
            if isinstance(error, Forbidden):
                raise
            return HttpResponse(status=204)  # the page shows the name instead


class StorageDownload(FileBase):
    """`…/resources/storage/<resource>/file/download/?key=`"""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        """The content, to be saved, while it is read; or the range of it that is asked for."""
        try:
            return file_answer(request, self.content())
        except Forbidden:
            raise
        except DomainError as error:
            messages.error(request, error.message)
        where = [self.actor.workspace.tag, self.product.tag, self.found.row.tag]
        return redirect(f"{reverse('storage-file', args=where)}?{urlencode({'key': self.key})}")


def crumbs_of(prefix: str) -> list[dict[str, str]]:
    """Each folder on the way, with its own prefix."""
    parts = [part for part in prefix.split("/") if part]
    return [{"name": part, "prefix": "/".join(parts[: at + 1]) + "/"} for at, part in enumerate(parts)]


def shown_as(media_type: str) -> str:
    """image, video or audio, "" for what is not shown."""
    return media_type.partition("/")[0] if media_type in SHOWN else ""


def type_of(key: str) -> str:
    """The media type by the name's ending, "" where it says nothing."""
    return mimetypes.guess_type(PurePosixPath(key).name, strict=False)[0] or ""


def _moment(text: object) -> datetime | None:
    return parse_datetime(str(text or ""))


def _text(request: HttpRequest, name: str) -> str:
    return request.GET.get(name, "")[:LONGEST_KEY].replace("\x00", "")

"""`Idempotency-Key`: a POST that comes twice, because its answer got lost, is done once and answered twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from products.api.throttling import caller_of
from products.lib.jsontypes import content_hash
from products.models import Workspace
from products.services import idempotency
from products.services.idempotency import Answer, Attempt

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"


def key_of(request: Any) -> str:
    """What the header says; the quotes of the IETF's draft are optional."""
    return str(request.headers.get(HEADER, "")).strip().removeprefix('"').removesuffix('"')


def once(request: Any, workspace: Workspace | None, work: Callable[[], Response]) -> Response:
    """The answer of `work`, or the one it gave when it was done first. Raises Conflict, Invalid."""
    attempt = Attempt(caller_of(request), request.get_full_path(), key_of(request), _hash(request.data))
    answer, is_remembered = idempotency.once(attempt, workspace, lambda: _kept(work()))
    told = {REPLAYED: "true"} if is_remembered else {}
    return Response(answer.body, status=answer.status, headers={**answer.headers, **told})


def _kept(response: Response) -> Answer:
    """As it will be given again: what the renderer makes of the data, so that both are the same to the byte."""
    body = None if response.data is None else json.loads(JSONRenderer().render(response.data))
    headers = {name: response[name] for name in ("Location",) if response.has_header(name)}
    return Answer(response.status_code, headers, body)


def _hash(data: Any) -> str:
    """Of the body's meaning: neither the order of fields nor the boundary of a form's parts counts."""
    return content_hash({name: _plain(value) for name, value in data.items()})


def _plain(value: Any) -> Any:
    if not isinstance(value, UploadedFile):
        return value
    digest = hashlib.sha256()
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    return {"file": digest.hexdigest(), "name": value.name}

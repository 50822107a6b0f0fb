"""Does a piece of work once for a caller's key, and gives the first answer to everybody who asks the same again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from products.lib.errors import Conflict, Invalid
from products.lib.sealing import SealError
from products.models import RememberedAnswer, Workspace
from products.services import vault

LIFE = timedelta(hours=24)
MAX_KEY_CHARS = 200
LOT = 1000


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who asks what: the caller, the address, their key, and a hash of the body."""

    caller: str
    address: str
    key: str
    body_hash: str

    @property
    def digest(self) -> str:
        """What may be done once."""
        return hashlib.sha256("\n".join((self.caller, self.address, self.key)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it, as it is given again."""

    status: int
    headers: Mapping[str, str]
    body: Any


def once(attempt: Attempt, workspace: Workspace | None, work: Callable[[], Answer]) -> tuple[Answer, bool]:
    """The answer, and whether it is the remembered one.

    Work and memory commit together, so that neither a crash nor a second request finds one without the other; work
    that raises is forgotten. Raises Conflict while the first is at work, and for a key that was used for another body.
    """
    if len(attempt.key) > MAX_KEY_CHARS or not attempt.key.isprintable():
        raise Invalid.field("idempotency_key", f"An idempotency key is at most {MAX_KEY_CHARS} printable characters.")
    with transaction.atomic():
        _need_to_be_alone(attempt.digest)
        kept = RememberedAnswer.objects.filter(digest=attempt.digest).first()
        if kept is not None and kept.expires_at > timezone.now():
            return _remembered(kept, attempt), True
        if kept is not None:
            kept.delete()
        answer = work()
        _remember(attempt, workspace, answer)
    return answer, False


def forget_old() -> int:
    """Deletes a bounded lot of answers past their life; how many."""
    old = RememberedAnswer.objects.filter(expires_at__lt=timezone.now()).values("pk")[:LOT]
    return RememberedAnswer.objects.filter(pk__in=old).delete()[0]


def _need_to_be_alone(digest: str) -> None:
    """Held until the transaction ends, also by the death of the process. Raises Conflict."""
    number = int.from_bytes(bytes.fromhex(digest)[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        if not cursor.fetchone()[0]:
            raise Conflict(
                "The first request with this idempotency key is still at work; try again in a moment.",
                code="idempotency_running",
            )


def _remembered(kept: RememberedAnswer, attempt: Attempt) -> Answer:
    if kept.body_hash != attempt.body_hash:
        raise Conflict("This idempotency key has been used with another input.", code="idempotency_mismatch")
    try:
        return Answer(**json.loads(_opened(kept)))
    except SealError:
        raise Conflict("This was done, but its answer can no longer be read.", code="idempotency_lost") from None


def _remember(attempt: Attempt, workspace: Workspace | None, answer: Answer) -> None:
    row = RememberedAnswer(
        workspace=workspace,
        digest=attempt.digest,
        body_hash=attempt.body_hash,
        expires_at=timezone.now() + LIFE,
    )
    text = json.dumps(asdict(answer))
    row.sealed = vault.seal(workspace, row, "sealed", text) if workspace else vault.key_ring().wrap(text.encode())
    RememberedAnswer.objects.bulk_create([row], ignore_conflicts=True)


def _opened(kept: RememberedAnswer) -> str:
    if kept.workspace is None:
        return vault.key_ring().unwrap(bytes(kept.sealed)).decode()
    return vault.open_sealed(kept.workspace, kept, "sealed", bytes(kept.sealed))

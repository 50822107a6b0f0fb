"""`processor.db`, `processor.storage`, `processor.cache`: what is done with the resources of a product."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote, urlencode

from processors.client.errors import DuctapeError, NotReachable, NotSeen, Refused
from processors.client.transport import new_key
from processors.client.values import Run

if TYPE_CHECKING:
    from processors.client.client import Ductape

PIECE_BYTES = 16 * 1024 * 1024  # of an upload that are sent at once; the next is read meanwhile
AT_ONCE_BYTES = 48 * 1024  # of a content that goes along with the call; as Base64 they are 64 KiB
LONGEST_MIGRATION_S = 3_600.0
LONGEST_LOOK_S = 25.0


class Calls:
    """Calls of one kind of resource."""

    known = frozenset({"retries", "timeout"})  # what may be said of how a call is made, besides how to wait

    def __init__(self, ductape: Ductape) -> None:
        self._ductape = ductape

    def _start(self, path: str, named: dict[str, Any], given: dict[str, Any], how: dict[str, Any]) -> Run:
        wait, check, key = how.pop("wait", 30.0), how.pop("check", False), how.pop("idempotency_key", "")
        known = {name: value for name, value in how.items() if name in self.known and value is not None}
        if unknown := set(how) - self.known:
            raise TypeError(f"there is no argument {sorted(unknown)[0]!r}")
        body = {**named, "input": given, "idempotency_key": key or new_key(), **known}
        return self._ductape.start(path, body, wait=wait, check=check)

    def _look(self, kind: str, resource: str, operation: str, given: dict[str, Any]) -> Any:
        """What there is to see, without a run. Raises Refused, NotReachable, NotSeen."""
        path = f"{self._below(kind, resource)}look/"
        body = {"operation": operation, "input": given}
        answer = self._ductape.ask("POST", path, body, again=True, wait_s=LONGEST_LOOK_S)
        if answer["error"]:
            raise NotSeen(answer["error"])
        return answer["output"]

    def _below(self, kind: str, resource: str) -> str:
        """The address of a resource in this environment, below the workspace."""
        named = (self._ductape.product, resource, self._ductape.environment)
        product, resource, environment = (quote(text, safe="") for text in named)
        return f"products/{product}/resources/{kind}/{resource}/environments/{environment}/"


class DatabaseCalls(Calls):
    """`processor.db`. `how` is `wait`, `check`, `retries`, `timeout`, `cache`, `idempotency_key`, as for actions."""

    known = Calls.known | {"cache"}

    def __init__(self, ductape: Ductape) -> None:
        super().__init__(ductape)
        self.migration = MigrationCalls(ductape)

    def run(self, *, database: str, action: str, input: Any = None, **how: Any) -> Run:
        """Runs a database action; `output["rows"]` are its rows. Raises Refused, NotReachable, RunFailed."""
        return self._start("db/run", {"database": database, "action": action}, input or {}, how)

    def execute(self, *, database: str, action: str, input: Any = None, **how: Any) -> Run:
        """The same as `run`."""
        return self.run(database=database, action=action, input=input, **how)

    def explain(self, *, database: str, action: str, input: Any = None) -> list[dict[str, Any]]:
        """A dry run: the `plan` of each `statement`, of which none is run. Without an input every value is null.

        Raises Refused, NotReachable, NotSeen.
        """
        seen = self._look("database", database, "explain", {"action": action, "input": input or {}})
        plans: list[dict[str, Any]] = seen["plans"]
        return plans


class MigrationCalls(Calls):
    """`processor.db.migration`"""

    def list(self, *, database: str) -> list[dict[str, Any]]:
        """How each stands here, in order: `tag` and `state`, of which `pending` ones would be run.

        Raises Refused, NotReachable, NotSeen.
        """
        found: list[dict[str, Any]] = self._look("database", database, "migrations", {})["migrations"]
        return found

    def run(self, *, database: str, to: str = "", repair: str = "", wait: float = 60.0, check: bool = False) -> Run:
        """Runs what is pending, or up to and with `to`.

        `repair` only settles one, `to` or that which failed: retry, skip (it counts as run) or forget (as not run).
        """
        return self._migrate("run", database, to, repair, wait, check=check)

    def rollback(self, *, database: str, to: str = "", wait: float = 60.0, check: bool = False) -> Run:
        """Takes back one, or everything after `to`, or with `*` all. Raises Refused, NotReachable, RunFailed."""
        return self._migrate("rollback", database, to, "", wait, check=check)

    def _migrate(self, name: str, database: str, to: str, repair: str, wait: float, *, check: bool) -> Run:
        body = {"database": database, "to": to, "repair": repair}
        key = new_key()
        return self._ductape.start(f"db/migration/{name}", body, wait=wait, check=check, key=key)


class CacheCalls(Calls):
    """`processor.cache`. `how` as for databases."""

    def get(self, *, cache: str, key: str, **how: Any) -> Run:
        """`output["value"]`, and whether it was `found`."""
        return self._use("get", cache, {"key": key}, how)

    def set(self, *, cache: str, key: str, value: Any, keep_for: str = "", **how: Any) -> Run:
        """Keeps a value, for 10s, 5m, 2h, or as long as the cache says."""
        return self._use("set", cache, {"key": key, "value": value, **({"for": keep_for} if keep_for else {})}, how)

    def delete(self, *, cache: str, key: str, **how: Any) -> Run:
        """Forgets a value; `output["existed"]`."""
        return self._use("delete", cache, {"key": key}, how)

    def increment(self, *, cache: str, key: str, by: int = 1, keep_for: str = "", **how: Any) -> Run:
        """Counts up; `output["value"]` as it is then."""
        return self._use("increment", cache, {"key": key, "by": by, **({"for": keep_for} if keep_for else {})}, how)

    def _use(self, name: str, cache: str, given: dict[str, Any], how: dict[str, Any]) -> Run:
        return self._start(f"cache/{name}", {"cache": cache}, given, how)


class StorageCalls(Calls):
    """`processor.storage`. `how` as for databases. Large contents go in pieces, and are never whole in memory."""

    def save(
        self,
        *,
        storage: str,
        key: str,
        content: str | bytes | None = None,
        file: BinaryIO | None = None,
        path: str | Path | None = None,
        content_type: str = "",
        if_absent: bool = False,
        **how: Any,
    ) -> Run:
        """Saves a content, an open binary file from where it stands, or the file at a path: one of the three.

        Raises Refused, NotReachable, RunFailed, OSError.
        """
        if sum(given is not None for given in (content, file, path)) != 1:
            raise TypeError("give one of content, file and path")
        fields: dict[str, Any] = {"key": key, **({"content_type": content_type} if content_type else {})}
        fields |= {"if_absent": True} if if_absent else {}
        if path is not None:
            with Path(path).open("rb") as opened:
                return self._use("save", storage, {**fields, "file": self.upload(opened, name=key)}, how)
        if file is not None:
            return self._use("save", storage, {**fields, "file": self.upload(file, name=key)}, how)
        return self._use("save", storage, {**fields, **self._content(content or "", key)}, how)

    def read(self, *, storage: str, key: str, into: BinaryIO | None = None, **how: Any) -> Run:
        """Gives a file: its `content`, `json` or `base64` in the output, or written piece by piece to `into`."""
        if into is None:
            return self._use("read", storage, {"key": key}, how)
        run = self._use("read", storage, {"key": key, "as": "file"}, {"check": True, **how})
        if not run.ok:
            raise DuctapeError("The file was not read in time: wait longer.")
        self.download(run.output["file"], into)
        return run

    def list(self, *, storage: str, prefix: str = "", deep: bool = False, **how: Any) -> Iterator[dict[str, Any]]:
        """The files below a folder, asked for as they are taken: `key`, `size`, `modified_at`."""
        after = ""
        while True:
            given = {"prefix": prefix, "deep": deep, "limit": 100, **({"after": after} if after else {})}
            run = self._use("list", storage, given, {"check": True, **how})
            if not run.ok:
                raise DuctapeError("The files were not listed in time: wait longer.")
            yield from run.output["files"]
            after = run.output.get("next") or ""
            if not after:
                return

    def delete(self, *, storage: str, key: str, **how: Any) -> Run:
        """Removes a file; `output["existed"]`."""
        return self._use("delete", storage, {"key": key}, how)

    def copy(self, *, storage: str, key: str, to: str, **how: Any) -> Run:
        """Copies a file to another key."""
        return self._use("copy", storage, {"key": key, "to": to}, how)

    def sign(self, *, storage: str, key: str, seconds: int = 3_600, method: str = "GET", **how: Any) -> Run:
        """`output["url"]`, by which anybody can fetch, or PUT, the file for a while."""
        return self._use("sign", storage, {"key": key, "seconds": seconds, "method": method}, how)

    def upload(self, file: BinaryIO, *, name: str) -> str:
        """The id of a content that is kept for a day, sent in pieces of 16 MiB. Raises Refused, NotReachable."""
        piece, offset = _piece(file), 0
        following = _piece(file)
        whole = "false" if following else "true"
        query = urlencode({"product": self._ductape.product, "name": name.rsplit("/", 1)[-1], "whole": whole})
        found: str = self._ductape.send("POST", f"files/?{query}", piece)["id"]
        while following:
            offset, piece, following = offset + len(piece), following, _piece(file)
            self._append(found, piece, offset, is_last=not following)
        return found

    def download(self, file: str, into: BinaryIO) -> int:
        """Writes a kept content to an open binary file; how many bytes. Raises Refused, NotReachable, OSError."""
        return self._ductape.fetch(f"files/{quote(file, safe='')}/", into)

    def fetch(self, *, storage: str, key: str, into: BinaryIO) -> int:
        """Writes a file as it is now to an open binary file, without a run; how many bytes.

        Of a file that is replaced meanwhile, only a part arrives. Raises Refused, NotReachable, OSError.
        """
        path = f"{self._below('storage', storage)}content/"
        return self._ductape.fetch(f"{path}?{urlencode({'key': key})}", into)

    def _append(self, file: str, piece: bytes, offset: int, *, is_last: bool) -> None:
        query = urlencode({"offset": offset, "last": "true" if is_last else "false"})
        path = f"files/{quote(file, safe='')}/?{query}"
        try:
            self._ductape.send("PUT", path, piece, again=False)
        except NotReachable:
            _unless_there(lambda: self._ductape.send("PUT", path, piece, again=False), is_last=is_last)

    def _content(self, content: str | bytes, key: str) -> dict[str, Any]:
        data = content.encode() if isinstance(content, str) else content
        if len(data) > AT_ONCE_BYTES:
            return {"file": self.upload(BytesIO(data), name=key)}
        if isinstance(content, str):
            return {"content": content}
        return {"base64": base64.b64encode(data).decode()}

    def _use(self, name: str, storage: str, given: dict[str, Any], how: dict[str, Any]) -> Run:
        return self._start(f"storage/{name}", {"storage": storage}, given, how)


def _piece(file: BinaryIO) -> bytes:
    """So much as there is, up to a whole piece, however little each read gives."""
    parts, left = [], PIECE_BYTES
    while left > 0 and (data := file.read(left)):
        parts.append(data)
        left -= len(data)
    return b"".join(parts)


def _unless_there(send: Callable[[], Any], *, is_last: bool) -> None:
    """Sends a piece whose answer was lost. Nobody else adds to this content: refused so, it had arrived."""
    try:
        send()
    except Refused as error:
        if not (error.code == "offset" or (is_last and error.status == 404)):
            raise

"""Files of any size fetched part by part: whole or in ranges, of one version, by page, REST and signed URL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
import redis
from asgiref.testing import ApplicationCommunicator
from django.conf import settings as site
from django.test import Client
from django.urls import reverse

from ductape_site.embedded import ports
from ductape_site.pages import PagesHandler
from processors.live import wire
from processors.models import KeptFile, Run
from processors.runtime import loop
from processors.services import fetch_places, file_streams, files, looking
from processors.services.file_streams import PART, BrokenOffError
from products import dispatch
from products.models import Environment, Resource, local_folder
from products.services import resources
from tests import storage_servers
from tests.chaos.proxy import Fault, Proxy
from tests.people import Cast
from tests.processors.conftest import Runs

pytestmark = pytest.mark.django_db(transaction=True)
SIZE = 3 * PART + 12_345
CONTENT = (bytes(range(251)) * (SIZE // 251 + 1))[:SIZE]
Ring = Callable[[str, str, str], bool]


class Workers:
    """The doorbell of looks leads into this process; `instead` may answer in place of the worker, by number."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.instead: dict[int, Callable[[], bool]] = {}

    def ring(self, task: str, look_id: str, queue: str) -> bool:
        self.rung.append(look_id)
        other = self.instead.pop(len(self.rung), None)
        return other() if other else bool(loop.start().look(UUID(look_id)))


@pytest.fixture
def workers(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> Workers:
    made = Workers()
    monkeypatch.setattr(dispatch, "ring", made.ring)
    return made


@pytest.fixture
def folder(runs: Runs, settings: Any, tmp_path: Path) -> Path:
    """Where the files of the storage `files` are, in `dev`; a large one is there."""
    settings.RESOURCES_DIR = tmp_path
    wanted = {"name": "Files", "environments": {"dev": {"provider": "local", "settings": {"folder": "a"}}}}
    row: Resource = resources.create_resource(runs.actor, "shop", "storage", wanted)
    made = tmp_path / local_folder(row.pk, Environment.objects.get(slug="dev")) / "a"
    made.mkdir(parents=True)
    (made / "big.bin").write_bytes(CONTENT)
    return made


@pytest.fixture
def client(people: Cast) -> Client:
    made = Client()
    made.force_login(people.vera)
    return made


@pytest.fixture(autouse=True)
def no_places_left_over(people: Cast) -> Iterator[None]:
    yield
    with redis.Redis.from_url(site.VALKEY_URL) as found:
        key = wire.FETCHES.format(workspace=people.workspace.pk)
        found.delete(key, f"{key}:links")


def page(key: str = "big.bin") -> str:
    return f"{reverse('storage-download', args=['acme', 'shop', 'files'])}?env=dev&key={key}"


def rest(key: str = "big.bin") -> str:
    return f"{reverse('api-storage-content', args=['acme', 'shop', 'files', 'dev'])}?key={key}"


def signed(runs: Runs, key: str = "big.bin") -> str:
    url: str = looking.look(runs.actor, "shop", "dev", looking.Wanted("storage", "files", "sign"), {"key": key}).output[
        "url"
    ]
    return url.removeprefix(site.BASE_URL)


def body(answer: Any) -> bytes:
    """All that is sent; the answer is closed as Django closes it."""

    async def sent() -> bytes:
        return b"".join([piece async for piece in answer.streaming_content])

    try:
        return asyncio.run(sent())
    finally:
        answer.close()


@pytest.mark.parametrize("door", ["page", "rest", "signed"])
def test_D6_a_large_file_comes_whole_and_in_ranges_by_every_door(
    runs: Runs, folder: Path, workers: Workers, client: Client, door: str
) -> None:
    url = {"page": page, "rest": rest, "signed": lambda: signed(runs)}[door]()
    whole = client.get(url)
    assert (whole.status_code, whole["Content-Length"], whole["Accept-Ranges"]) == (200, str(SIZE), "bytes")
    assert body(whole) == CONTENT
    for asked, start, end in (
        ("bytes=0-99", 0, 100),
        (f"bytes={PART - 5}-", PART - 5, SIZE),
        ("bytes=-7", SIZE - 7, SIZE),
    ):
        part = client.get(url, headers={"Range": asked, "If-Range": whole["ETag"]})
        assert (part.status_code, part["Content-Range"]) == (206, f"bytes {start}-{end - 1}/{SIZE}")
        assert part["Content-Length"] == str(end - start)
        assert body(part) == CONTENT[start:end]
    behind = client.get(url, headers={"Range": f"bytes={SIZE}-"})
    assert (behind.status_code, behind["Content-Range"]) == (416, f"bytes */{SIZE}")
    assert not Run.objects.exists()
    assert not KeptFile.objects.exists()


def test_a_head_tells_the_same_and_fetches_nothing(runs: Runs, folder: Path, workers: Workers, client: Client) -> None:
    for url in (page(), rest(), signed(runs)):
        workers.rung.clear()
        told = client.head(url)
        assert (told.status_code, told["Content-Length"], told["Accept-Ranges"]) == (200, str(SIZE), "bytes")
        assert len(workers.rung) == 1
        answer = client.get(url)
        answer.close()
        assert told["ETag"] == answer["ETag"]


def test_a_range_of_a_file_that_has_changed_gives_the_whole_new_one(
    runs: Runs, folder: Path, workers: Workers, client: Client
) -> None:
    old = client.head(page())["ETag"]
    (folder / "big.bin").write_bytes(b"new" * 10)
    answer = client.get(page(), headers={"Range": "bytes=20-", "If-Range": old})
    assert answer.status_code == 200
    assert body(answer) == b"new" * 10


def test_an_empty_file_comes_as_such(runs: Runs, folder: Path, workers: Workers, client: Client) -> None:
    (folder / "empty").write_bytes(b"")
    answer = client.get(page("empty"))
    assert (answer.status_code, answer["Content-Length"], body(answer)) == (200, "0", b"")
    assert client.get(page("empty"), headers={"Range": "bytes=0-"}).status_code == 416


def test_R22_a_worker_that_dies_costs_one_part(
    runs: Runs, folder: Path, workers: Workers, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "WAIT_S", 1.0)
    monkeypatch.setattr(file_streams, "PAUSE_S", 0.0)
    answer = client.get(page())
    workers.instead = {len(workers.rung) + 1: lambda: True, len(workers.rung) + 2: lambda: False}
    assert body(answer) == CONTENT
    assert len(workers.rung) > 2 + 4, "what was not answered was asked again, for less"


def test_R22_workers_that_stay_away_break_it_off(
    runs: Runs, folder: Path, workers: Workers, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_streams, "PAUSE_S", 0.0)
    answer = client.get(page())
    monkeypatch.setattr(dispatch, "ring", lambda task, look_id, queue: False)
    with pytest.raises(BrokenOffError):
        body(answer)


def test_a_file_that_changes_meanwhile_breaks_the_answer_off_and_is_never_mixed(
    runs: Runs, folder: Path, workers: Workers, client: Client
) -> None:
    answer = client.get(page())
    seen = bytearray()

    async def reading() -> None:
        async for piece in answer.streaming_content:
            if not seen:
                (folder / "new").write_bytes(CONTENT[::-1])
                (folder / "new").rename(folder / "big.bin")
            seen.extend(piece)

    with pytest.raises(BrokenOffError, match="changed"):
        asyncio.run(reading())
    answer.close()
    assert PART <= len(seen) < SIZE
    assert CONTENT.startswith(bytes(seen))


def test_one_part_is_asked_for_while_the_one_before_is_sent_and_never_more(
    runs: Runs, folder: Path, workers: Workers, client: Client
) -> None:
    answer = client.get(page())
    ahead: list[int] = []

    async def reading() -> None:
        taken = 0
        async for piece in answer.streaming_content:
            taken += len(piece)
            await asyncio.sleep(0.05)  # a slow reader: everything that would be asked for ahead has been
            ahead.append(len(workers.rung) - 1 - -(-taken // PART))

    asyncio.run(reading())
    answer.close()
    assert max(ahead) <= 1


def test_only_so_many_are_fetched_at_once_in_a_workspace(
    runs: Runs, folder: Path, workers: Workers, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_places, "MOST", 2)
    first, second = client.get(rest()), client.get(rest())
    refused = client.get(rest())
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many")
    assert client.head(rest()).status_code == 200
    assert client.get(page()).status_code == 302
    link = client.get(signed(runs))
    assert link.status_code == 200, "who has a link takes no place from the members, nor they from it"
    link.close()
    first.close()
    third = client.get(rest())
    assert body(third) == CONTENT
    assert body(second) == CONTENT
    with redis.Redis.from_url(site.VALKEY_URL) as found:
        assert found.zcard(wire.FETCHES.format(workspace=runs.actor.workspace.pk)) == 0


def test_K1_parts_lie_sealed_for_a_moment_and_are_gone_when_they_are_taken(
    runs: Runs, folder: Path, workers: Workers, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "secret.txt").write_bytes(b"canary-77" * 10)
    lying: list[tuple[bytes, int]] = []

    def ring(task: str, look_id: str, queue: str) -> bool:
        loop.start().look(UUID(look_id)).result(20)
        with redis.Redis.from_url(site.VALKEY_URL) as found:
            key = wire.PART.format(id=look_id)
            lying.append((found.get(key) or b"", int(found.ttl(key))))  # type: ignore[arg-type]
        return True

    monkeypatch.setattr(dispatch, "ring", ring)
    assert body(client.get(page("secret.txt"))) == b"canary-77" * 10
    (blob, seconds) = lying[-1]
    assert len(blob) > 90
    assert b"canary" not in blob
    assert 0 < seconds <= 30
    with redis.Redis.from_url(site.VALKEY_URL) as found:
        assert found.keys("ductape:part:*") == []


def test_a_part_is_given_to_nobody_who_only_looks(runs: Runs, folder: Path, workers: Workers) -> None:
    """Over REST of looks: it would lie about for nothing."""
    wanted = looking.Wanted("storage", "files", "part")
    seen = looking.look(runs.actor, "shop", "dev", wanted, {"key": "big.bin", "length": 10, "version": "x"})
    assert seen.error is not None
    assert seen.content == b""
    with redis.Redis.from_url(site.VALKEY_URL) as found:
        assert found.keys("ductape:part:*") == []


def test_A1_a_stranger_fetches_nothing(runs: Runs, folder: Path, workers: Workers, people: Cast) -> None:
    stranger = Client()
    stranger.force_login(people.charlie)
    for url in (page(), rest()):
        assert stranger.get(url).status_code == 404
        assert stranger.head(url).status_code == 404
    assert workers.rung == []


def test_what_cannot_be_fetched_says_why(runs: Runs, folder: Path, workers: Workers, client: Client) -> None:
    missing = client.get(rest("nothing"))
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    wrong = client.get(rest("../x"))
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (400, "/key")
    resources.configure(runs.actor, Resource.objects.get(tag="files"), "dev", {"settings": {"max_bytes": 1_000}})
    assert client.get(rest()).status_code == 413
    told = client.get(page(), follow=True)
    assert "more than 1000 bytes" in told.content.decode()


def test_D6_a_content_that_is_kept_comes_in_ranges_too(runs: Runs, client: Client) -> None:
    begun = files.take_in(runs.actor, "shop", BytesIO(CONTENT[:1_500_000]), name="x.bin", is_whole=False)
    kept = files.append(runs.actor, begun.pk, BytesIO(CONTENT[1_500_000:]), offset=1_500_000, is_last=True)
    url = reverse("api-file", args=["acme", kept.pk])
    whole = client.get(url)
    assert body(whole) == CONTENT
    for start, end in ((0, 1), (999_999, 1_000_001), (1_400_000, 1_600_000), (SIZE - 1, SIZE)):
        part = client.get(url, headers={"Range": f"bytes={start}-{end - 1}", "If-Range": whole["ETag"]})
        assert part.status_code == 206
        assert body(part) == CONTENT[start:end]


def test_without_a_worker_it_is_said_that_nobody_answers(
    runs: Runs, folder: Path, workers: Workers, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "WAIT_S", 1.0)
    monkeypatch.setattr(dispatch, "ring", lambda task, look_id, queue: True)
    answer = client.get(rest())
    assert (answer.status_code, answer.json()["code"]) == (409, "no_answer")


def test_who_hangs_up_is_sent_no_more_and_leaves_the_place(
    runs: Runs, folder: Path, workers: Workers, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the door of the web process: a server that has lost the caller takes whatever it is given."""
    cookies = "; ".join(f"{name}={each.value}" for name, each in client.cookies.items())
    path, _, query = rest().partition("?")
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "path": path, "query_string": query.encode(),
        "scheme": "http", "headers": [(b"host", b"testserver"), (b"cookie", cookies.encode())],
    }  # fmt: skip
    with redis.Redis.from_url(site.VALKEY_URL) as found:
        places = wire.FETCHES.format(workspace=runs.actor.workspace.pk)

        async def hanging_up() -> None:
            asked = ApplicationCommunicator(PagesHandler(), scope)
            await asked.send_input({"type": "http.request", "body": b"", "more_body": False})
            assert (await asked.receive_output(30))["status"] == 200
            assert (await asked.receive_output(30))["body"]
            assert found.zcard(places) == 1
            await asked.send_input({"type": "http.disconnect"})
            await asked.wait(30)

        monkeypatch.setattr(file_streams, "PART", 10_000)  # many, so that it does not end by itself meanwhile
        asyncio.run(hanging_up())
        assert found.zcard(places) == 0
    assert len(workers.rung) < SIZE // 10_000


RUNNING = b"<svg xmlns='http://www.w3.org/2000/svg'><script>document.title='ran'</script></svg>"


@pytest.mark.parametrize("name", ["x.html", "x.svg", "x.xhtml", "x.js", "x.mhtml", "x.pdf", "noname", "x.png"])
def test_X9_whatever_is_stored_is_nothing_that_runs_on_our_origin(
    runs: Runs, folder: Path, workers: Workers, client: Client, name: str
) -> None:
    (folder / name).write_bytes(RUNNING)
    for url in (page(name), rest(name), signed(runs, name)):
        answer = client.get(url)
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"].startswith("attachment")
        assert harmless(answer)
        assert body(answer) == RUNNING
    shown = client.get(reverse("storage-image", args=["acme", "shop", "files"]), {"env": "dev", "key": name})
    assert shown.status_code == (200 if name == "x.png" else 404), "only what is drawn, by its name alone"
    if name == "x.png":
        assert shown["Content-Type"] == "image/png"
        assert harmless(shown)
        shown.close()


def harmless(answer: Any) -> bool:
    policy = answer["Content-Security-Policy"]
    return answer["X-Content-Type-Options"] == "nosniff" and "sandbox" in policy and "default-src 'none'" in policy


def test_X9_a_name_cannot_change_the_headers(runs: Runs, folder: Path, workers: Workers, client: Client) -> None:
    for name in ('a"; filename="b.html', "ü ;x=y", "a%0d%0aX: y"):
        (folder / name).write_bytes(b"x")
        answer = client.get(reverse("storage-download", args=["acme", "shop", "files"]), {"env": "dev", "key": name})
        assert answer["Content-Disposition"] == f"attachment; filename*=UTF-8''{quote(name, safe='')}"
        answer.close()


def test_films_are_played_in_ranges_as_what_they_are(
    runs: Runs, folder: Path, workers: Workers, client: Client
) -> None:
    (folder / "film.mp4").write_bytes(CONTENT)
    url = reverse("storage-image", args=["acme", "shop", "files"])
    part = client.get(url, {"env": "dev", "key": "film.mp4"}, headers={"Range": "bytes=0-1"})
    assert (part.status_code, part["Content-Type"], body(part)) == (206, "video/mp4", CONTENT[:2])
    preview = reverse("storage-file", args=["acme", "shop", "files"])
    assert "<video" in client.get(preview, {"env": "dev", "key": "film.mp4", "part": "preview"}).content.decode()


@pytest.mark.xdist_group("storages")
def test_R22_a_storage_whose_line_breaks_in_the_middle_is_asked_again(
    runs: Runs, workers: Workers, client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 behind a line that is cut while a part of a download comes, and heals."""
    monkeypatch.setattr(file_streams, "PAUSE_S", 0.0)
    with storage_servers.s3() as server:
        proxy = Proxy(ports.choose(None), server.port).start()
        try:
            settings.EGRESS_ALLOW = [f"127.0.0.1:{proxy.port}"]
            given = {**server.settings, "endpoint": f"http://127.0.0.1:{proxy.port}"}
            wanted = {"name": "Files", "environments": {"dev": {"provider": "s3", "settings": given}}}
            resources.create_resource(runs.actor, "shop", "storage", wanted)
            storage_servers.s3_client(server.port).put_object(Bucket="files", Key="big.bin", Body=CONTENT)

            def cut() -> bool:
                proxy.spoil(Fault(cut_after=100_000))
                return bool(loop.start().look(UUID(workers.rung[-1])))

            def healed() -> bool:
                proxy.heal()
                return bool(loop.start().look(UUID(workers.rung[-1])))

            answer = client.get(page())
            asked = len(workers.rung)
            workers.instead = {asked + 1: cut, asked + 2: healed}
            assert body(answer) == CONTENT
            assert len(workers.rung) == asked + 4, "three parts, one of them twice"
            part = client.get(page(), headers={"Range": f"bytes={PART - 5}-{PART + 4}", "If-Range": answer["ETag"]})
            assert body(part) == CONTENT[PART - 5 : PART + 5]
        finally:
            proxy.stop()

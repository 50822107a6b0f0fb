"""One feature over a storage, one over a cache: whatever provider the environment has, they give the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from products.catalog.resources import KINDS
from products.models import Resource
from products.services import resources
from tests import storage_servers
from tests.people import Cast
from tests.processors.conftest import Runs
from tests.processors.connectors.caches.conftest import redis_place, team_place
from tests.processors.connectors.caches.own_server import own_server
from tests.processors.feature_runs import FeatureRuns, chain, event, step
from tests.processors.scene import Scene
from tests.processors.sink import Sink
from tests.storage_servers import Server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("storages")]
LONG = "tape " * 20_000  # above what is read into a run
STORAGES: dict[str, Callable[[], AbstractContextManager[Server]]] = {
    "local": lambda: nullcontext(Server("local", 0, {"folder": "files"})),
    "s3": storage_servers.s3,
    "gcs": storage_servers.google,
    "azure": storage_servers.azure,
}


def use(tag: str, resource: str, operation: str, **given: Any) -> dict[str, Any]:
    """An event that uses `files` or `rates`."""
    kind = {"files": "storage", "rates": "cache"}[resource]
    return {"tag": tag, "type": kind, "event": f"{resource}:{operation}", "input": given}


FILES = {
    "input": {"name": {"type": "string", "required": True}, "long": {"type": "string", "required": True}},
    **chain(
        use("text", "files", "save", key="in/$Input{name}.txt", content="Grüße"),
        use("json", "files", "save", key="in/order.json", json={"sku": "$Input{name}", "count": 2}),
        use("bytes", "files", "save", key="in/deep/raw.bin", base64="AP8Q"),
        use("long", "files", "save", key="in/long.txt", content="$Input{long}"),
        use("fetched", "files", "read", key="in/long.txt"),
        use("kept", "files", "save", key="out/long.txt", file="$Step{fetched}{file}"),
        use("copied", "files", "copy", key="$Step{json}{key}", to="out/order.json"),
        {**use("taken", "files", "save", key="in/order.json", content="x", if_absent=True), "allow_fail": True},
        use("gone", "files", "delete", key="in/order.json"),
        use("not-there", "files", "delete", key="in/order.json"),
        {**use("missing", "files", "read", key="in/order.json"), "allow_fail": True},
        use("read-text", "files", "read", key="$Step{text}{key}"),
        use("read-json", "files", "read", key="out/order.json"),
        use("read-bytes", "files", "read", key="in/deep/raw.bin"),
        use("flat", "files", "list", prefix="in"),
        use("first", "files", "list", deep=True, limit=2),
        use("rest", "files", "list", deep=True, after="$Step{first}{next}"),
        output={
            "sizes": ["$Step{text}{size}", "$Step{json}{size}", "$Step{kept}{size}"],
            "copied": "$Step{copied}",
            "existed": ["$Step{gone}{existed}", "$Step{not-there}{existed}"],
            "read": ["$Step{read-text}{content}", "$Step{read-json}{json}", "$Step{read-bytes}{base64}"],
            "types": ["$Step{read-text}{content_type}", "$Step{read-json}{content_type}"],
            "flat": ["$Step{flat}{files}", "$Step{flat}{folders}", "$Step{flat}{next}"],
            "pages": ["$Step{first}{files}", "$Step{rest}{files}"],
        },
    ),
}
FILES_GIVE = {
    "sizes": [7, 24, 100_000],
    "copied": {"key": "in/order.json", "to": "out/order.json"},
    "existed": [True, False],
    "read": ["Grüße", {"sku": "tape", "count": 2}, "AP8Q"],
    "types": ["text/plain", "application/json"],
    "flat": [[{"key": "in/long.txt", "size": 100_000}, {"key": "in/tape.txt", "size": 7}], ["in/deep/"], None],
    "pages": [
        [{"key": "in/deep/raw.bin", "size": 3}, {"key": "in/long.txt", "size": 100_000}],
        [{"key": "in/tape.txt", "size": 7}, {"key": "out/long.txt", "size": 100_000},
         {"key": "out/order.json", "size": 24}],
    ],
}  # fmt: skip
RATES = {
    "input": {"eur": {"type": "object", "required": True}},
    **chain(
        use("set", "rates", "set", key="eur", value="$Input{eur}", **{"for": "1h"}),
        use("got", "rates", "get", key="eur"),
        use("counted", "rates", "set", key="visits", value=40),
        {**use("more", "rates", "increment", key="visits"), "for_each": [1, 2]},
        use("less", "rates", "increment", key="visits", by=-2),
        use("visits", "rates", "get", key="visits"),
        use("nothing", "rates", "set", key="none", value=None),
        use("none", "rates", "get", key="none"),
        use("gone", "rates", "delete", key="eur"),
        use("not-there", "rates", "delete", key="eur"),
        use("missed", "rates", "get", key="eur"),
        event("once", for_each=[1, 2, 3], input={"q": "same"}, cache={"name": "rates"}),
        output={
            "value": ["$Step{got}{found}", "$Step{got}{value}"],
            "counts": ["$Step{more}", "$Step{less}{value}", "$Step{visits}{value}"],
            "null": ["$Step{none}{found}", "$Step{none}{value}"],
            "existed": ["$Step{gone}{existed}", "$Step{not-there}{existed}"],
            "missed": ["$Step{missed}{found}", "$Step{missed}{value}"],
            "once": "$Step{once}",
        },
    ),
}
RATES_GIVE = {
    "value": [True, {"usd": 1.25, "of": ["é", None]}],
    "counts": [[{"value": 41}, {"value": 42}], 40, 40],
    "null": [True, None],
    "existed": [True, False],
    "missed": [False, None],
    "once": [{"ok": True, "number": 1}] * 3,
}


@pytest.fixture
def features(runs: Runs, scene: Scene, people: Cast, settings: Any, tmp_path: Path) -> FeatureRuns:
    """Features in `dev`, whose providers are on this machine."""
    settings.RESOURCES_DIR = tmp_path / "disk"
    settings.EGRESS_ALLOW = [*settings.EGRESS_ALLOW, "127.0.0.0/8"]
    return FeatureRuns(people.as_(people.dev), scene)


def made(features: FeatureRuns, kind: str, tag: str, provider: str, given: dict[str, Any]) -> Resource:
    """A resource that `dev` keeps with a provider."""
    configured = {"provider": provider, "settings": given}
    wanted = {"name": tag.title(), "tag": tag, "environments": {"dev": configured}}
    return resources.create_resource(features.actor, "shop", kind, wanted)


def without_moments(output: Any) -> Any:
    """The same, without when files were changed."""
    if isinstance(output, dict):
        return {key: without_moments(value) for key, value in output.items() if key != "modified_at"}
    return [without_moments(value) for value in output] if isinstance(output, list) else output


def test_every_provider_is_tried() -> None:
    assert {*STORAGES} == {provider.name for provider in KINDS["storage"].providers}
    assert {provider for provider, _ in CACHES.values()} == {provider.name for provider in KINDS["cache"].providers}


@pytest.mark.parametrize("provider", STORAGES)
def test_a_feature_over_a_storage_gives_the_same_with_every_provider(features: FeatureRuns, provider: str) -> None:
    features.make("store", FILES)
    with STORAGES[provider]() as server:
        made(features, "storage", "files", provider, server.settings)
        run = features.now("store", {"name": "tape", "long": LONG})
        assert (run.state, run.error) == ("completed", None)
        assert without_moments(run.output) == FILES_GIVE
        assert step(run, "main/missing").error["code"] == "file_not_found"
        assert step(run, "main/taken").state == "failed"
        assert not any(secret in str(run.output) for secret in server.secrets)


@contextmanager
def _of_its_own(folder: Path) -> Iterator[dict[str, Any]]:
    with own_server(folder) as server:
        yield dict(team_place(server.port).settings)


CACHES: dict[str, tuple[str, Callable[[Path], AbstractContextManager[dict[str, Any]]]]] = {
    "builtin": ("builtin", lambda folder: nullcontext({})),
    "valkey": ("redis", _of_its_own),
    "redis": ("redis", lambda folder: nullcontext(dict(redis_place().settings))),
}


@pytest.mark.parametrize("name", ["builtin", "valkey", pytest.param("redis", marks=pytest.mark.services("redis"))])
def test_a_feature_over_a_cache_gives_the_same_with_every_provider(
    features: FeatureRuns, sink: Sink, tmp_path: Path, name: str
) -> None:
    features.make("rate", RATES)
    provider, server = CACHES[name]
    with server(tmp_path) as given:
        made(features, "cache", "rates", provider, given)
        run = features.now("rate", {"eur": {"usd": 1.25, "of": ["é", None]}})
        assert (run.state, run.error) == ("completed", None)
        assert run.output == RATES_GIVE
        assert len(sink.calls) == 1

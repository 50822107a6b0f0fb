"""A7, A11, A13, A14, A16 and narrowed members: what people may reach, whatever way they try."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections as databases
from django.test import Client
from django.utils import timezone

from processors.live.topics import Topic
from processors.models import Run
from processors.queries.listening import allowed
from processors.services import deleting
from products import access
from products.lib.errors import Conflict, DomainError, Forbidden, NotFound
from products.models import AccessKey, Membership, Product, Secret, User, Workspace
from products.queries.find import find
from products.services import audit, connections, invitations, keys, products, secrets, workspaces
from products.services.environments import create_environment
from products.services.invitations import accept_invitation, invite
from products.services.keys import NewKey, create_key
from products.services.members import remove_member
from products.services.products import create_product, update_product
from products.services.resources import create_resource, delete_resource
from products.services.workspaces import delete_workspace
from tests import app_objects, objects, resource_objects, run_objects
from tests.contracts.routes import address, our_routes, signed_in, with_key
from tests.matrix import ROUTES
from tests.people import Cast, make_cast

ACME = "/api/v1/workspaces/acme"


# Narrowed members ----------------------------------------------------------------------------------------------------


@pytest.fixture
def narrowed(cast: Cast) -> Cast:
    """Vera sees only `other`; Dev may run only in `dev`."""
    create_product(cast.as_(cast.alice), name="Other", tag="other")
    run_objects.run(cast.workspace)
    Membership.objects.filter(user=cast.vera).update(product_scope=["other"])
    Membership.objects.filter(user=cast.dev).update(environment_scope=["dev"])
    return cast


@pytest.mark.django_db
def test_A1_a_viewer_of_one_product_gets_404_for_everything_of_the_others(narrowed: Cast) -> None:
    client = signed_in(narrowed.vera)
    of_products = [route for route in ROUTES if {"product", "run", "connection"} & set(placeholders_of(route.name))]
    assert len(of_products) > 20
    for route in of_products:
        url = address(route, narrowed)
        for method in route.methods:
            answer = (
                client.get(url) if method == "get" else getattr(client, method)(url, route.body or {}, **json_of(url))
            )
            assert answer.status_code in {403, 404}, (method, url, answer.status_code)
            assert method != "get" or answer.status_code == 404, url


@pytest.mark.django_db
def test_A1_lists_find_and_figures_of_a_narrowed_viewer_name_nothing_else(narrowed: Cast) -> None:
    client, shop = signed_in(narrowed.vera), objects.product(narrowed.workspace)
    run = Run.objects.filter(product=shop).first()
    assert run is not None
    for path in ("products/", "runs/", "processors/", "apps/"):
        text = client.get(f"{ACME}/{path}").content.decode()
        assert shop.tag not in text, path
        assert str(run.pk) not in text, path
    for page in ("/w/acme/", "/w/acme/products/", "/w/acme/find/?q=shop", "/w/acme/processors/", "/w/acme/find/"):
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert f"/p/{shop.tag}/" not in answer.content.decode(), page
    assert [found.title for found in find(narrowed.as_(narrowed.vera), "shop") if found.kind == "product"] == []


@pytest.mark.django_db
def test_A3_sockets_of_a_narrowed_viewer_hear_nothing_of_the_others(narrowed: Cast) -> None:
    shop = objects.product(narrowed.workspace)
    run = Run.objects.filter(product=shop).first()
    assert run is not None
    topics = {Topic("run", run.pk, ""), Topic("runs", shop.pk, "dev")}
    assert allowed(narrowed.vera, topics) == set()
    assert allowed(narrowed.alice, topics) == topics


@pytest.mark.django_db
def test_A6_a_developer_of_dev_runs_there_and_nowhere_else(narrowed: Cast) -> None:
    client = signed_in(narrowed.dev)
    wanted = next(route for route in ROUTES if route.name == "api-run-action")
    url = address(wanted, narrowed)
    elsewhere = client.post(url, wanted.body, content_type="application/json")
    assert elsewhere.status_code == 403, elsewhere.content
    assert "may not run" in elsewhere.json()["detail"]
    run = run_objects.run(narrowed.workspace)
    for path in ("replay", "cancel"):
        answer = client.post(f"{ACME}/runs/{run.pk}/{path}/", {}, content_type="application/json")
        assert answer.status_code == 403, path
    actor = narrowed.as_(narrowed.dev)
    shop = objects.product(narrowed.workspace)
    assert actor.may_run_in(shop.environments.get(slug="dev"))
    assert not actor.may_run_in(shop.environments.get(slug="prd"))


@pytest.mark.django_db
def test_A6_the_audit_log_of_a_narrowed_admin_is_that_of_their_products(narrowed: Cast) -> None:
    workspace, alice = narrowed.workspace, narrowed.as_(narrowed.alice)
    run = run_objects.waiting_run(workspace)
    resource_objects.everything(workspace), app_objects.release(workspace)
    create_environment(alice, objects.product(workspace).tag, {"slug": "new", "name": "New"})
    audit.record(alice, "run.resolved", run, name=run.target)
    for product in ("shop-acme", "other"):
        audit.record(alice, "secret.used", objects.secret(workspace), changes={"product": product})
    update_product(alice, "other", {"name": "Another"})
    shown = {scope: seen_by_adam(narrowed, scope) for scope in ("", "shop-acme", "other")}
    theirs = {
        "product",
        "environment",
        "connection",
        "resource",
        "databaseaction",
        "migration",
        "release",
        "feature",
        "run",
    }
    for scope in ("", "shop-acme"):
        assert theirs | {"app"} <= {kind for kind, _ in shown[scope]}, scope
    assert {kind for kind, _ in shown["other"]} & (theirs | {"app"}) == {"product", "app"}
    assert {product for kind, product in shown["other"] if kind == "secret"} == {"", "other"}


def seen_by_adam(cast: Cast, scope: str) -> set[tuple[str, str]]:
    """Types of things, and the product that is named, in the log as Adam gets it over REST."""
    Membership.objects.filter(user=cast.adam).update(product_scope=[scope] if scope else [])
    found = signed_in(cast.adam).get(f"{ACME}/audit/export/?file=json").json()
    return {(entry["object_type"], entry["changes"].get("product", "")) for entry in found}


@pytest.mark.django_db
def test_A6_nobody_narrowed_makes_somebody_wider(narrowed: Cast) -> None:
    Membership.objects.filter(user=narrowed.adam).update(product_scope=["other"], environment_scope=["dev"])
    adam = narrowed.as_(narrowed.adam)
    with pytest.raises(Forbidden):
        create_key(adam, NewKey(name="Wide"))
    with pytest.raises(Forbidden):
        invite(adam, email="friend@example.com", role="viewer")
    key = create_key(adam, NewKey(name="Narrow", product_scope=["other"], environment_scope=["dev"]))
    client = with_key(key.text)
    assert client.get(f"{ACME}/products/other/").status_code == 200
    assert client.get(f"{ACME}/products/{objects.product(narrowed.workspace).tag}/").status_code == 404


@pytest.mark.django_db
def test_A6_a_developer_of_dev_makes_and_deletes_nothing_that_is_elsewhere(narrowed: Cast) -> None:
    shop = objects.product(narrowed.workspace)
    link = app_objects.ledger_connection(narrowed.workspace)  # mapped in the fourth environment
    here = {"app": link.app.tag, "tag": "here", "environments": {"dev": {"app_environment": "live"}}}
    there = {"app": link.app.tag, "tag": "there", "environments": {"prd": {"app_environment": "live"}}}
    kept = resource_objects.cache(narrowed.workspace)
    cached = {"name": "Rates", "environments": {"prd": {"provider": "builtin"}}}
    dev = narrowed.as_(narrowed.dev)
    for act in (
        lambda: create_environment(dev, shop.tag, {"slug": "new", "name": "New"}),
        lambda: connections.connect(dev, shop.tag, there),
        lambda: connections.disconnect(dev, shop.tag, link.tag),
        lambda: create_resource(dev, shop.tag, "cache", cached),
        lambda: delete_resource(dev, kept),
        lambda: products.delete_product(dev, shop.tag),
    ):
        with pytest.raises(Forbidden, match="You may not change anything in the environment"):
            act()
    assert connections.connect(dev, shop.tag, here).tag == "here"
    connections.disconnect(dev, shop.tag, "here")


@pytest.mark.django_db
def test_A6_pages_offer_a_developer_of_dev_what_they_may(narrowed: Cast) -> None:
    client = signed_in(narrowed.dev)
    link = app_objects.ledger_connection(narrowed.workspace)
    base = f"/w/acme/p/{link.product.tag}"
    listed = client.get(f"{base}/environments/").content.decode()
    assert f'href="{base}/environments/dev/"' in listed
    assert f'href="{base}/environments/prd/"' not in listed
    assert "data-guard" not in client.get(f"{base}/environments/prd/").content.decode()
    page = f"{base}/connections/{link.tag}/"
    assert "mapping-dev" in client.get(f"{page}?env=dev").content.decode()
    assert "mapping-prd" not in client.get(f"{page}?env=prd").content.decode()
    wanted = client.get(f"{base}/connect/{link.app.pk}/").content.decode()
    assert ("mapping-dev" in wanted, "mapping-prd" in wanted) == (True, False)


# Path tricks ---------------------------------------------------------------------------------------------------------

TRICKS = [
    "/api/v1/workspaces/acme/products/x/livez", "/livez/../api/v1/workspaces/acme/products/",
    "//api/v1/workspaces/acme/products/", "/api/v1/workspaces/acme//products/", "/api/v1/./workspaces/acme/products/",
    "/api/v1/workspaces/acme%2fproducts/", "/api/v1/workspaces/elsewhere%2f..%2facme/products/",
    "/api/v1/workspaces/acme/products;x=1/", "/api/v1/workspaces/acme./products/", "/API/V1/workspaces/acme/products/",
    "/api/v1/workspaces/ACME/products/", "/api/v1/workspaces/acme/products.json",
    "/api/v1/workspaces/acme/products/x.css", "/static/../api/v1/workspaces/acme/products/",
    "/static/%2e%2e/%2e%2e/manage.py", "/static/..%2f..%2fmanage.py", "/static//etc/passwd", "/.git/config", "/.env",
    "/w/acme/audit/x.css", "/w/acme%00/", "/w/acme/p/%2e%2e/", "/manage.py", "/metrics/../w/acme/",
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("path", TRICKS)
def test_A7_no_spelling_of_an_address_goes_round_the_gate(cast: Cast, path: str) -> None:
    objects.product(cast.workspace)
    for client in (Client(), signed_in(cast.charlie)):
        answer = client.get(path)
        assert answer.status_code in {301, 302, 400, 401, 404}, (path, answer.status_code)
        assert b"shop-acme" not in answer.content
        if answer.status_code in {301, 302}:
            assert not answer["Location"].startswith("//")


@pytest.mark.django_db
def test_A7_headers_change_neither_method_nor_address_nor_workspace(cast: Cast) -> None:
    objects.product(cast.workspace)
    stranger = signed_in(cast.charlie)
    headers = {
        "X-Original-URL": f"{ACME}/products/", "X-Rewrite-URL": f"{ACME}/products/", "X-Workspace": "acme",
        "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Prefix": "/x", "X-User": "alice@example.com",
    }  # fmt: skip
    answer = stranger.get("/api/v1/workspaces/elsewhere/products/", headers=headers)
    assert answer.json()["results"] == []
    for override in ("X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"):
        url = f"{ACME}/products/shop-acme/"
        assert signed_in(cast.alice).post(url, {}, headers={override: "DELETE"}).status_code == 405
        assert signed_in(cast.alice).post(f"{url}?_method=DELETE", {"_method": "DELETE"}).status_code == 405
    assert Product.objects.filter(tag="shop-acme").exists()


@pytest.mark.django_db
def test_A14_a_forwarded_host_is_not_believed(cast: Cast) -> None:
    evil = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "444"}
    client = signed_in(cast.alice)
    pages = [client.get(path, headers=evil) for path in ("/w/acme/products/", f"{ACME}/products/?limit=1", "/")]
    reset = Client().post("/account/password/reset/", {"email": "alice@example.com"}, headers=evil)
    for answer in (*pages, reset):
        assert b"evil.example" not in answer.content
        assert "evil.example" not in str(answer.headers)


@pytest.mark.django_db
def test_A14_nothing_of_anybody_is_kept_by_a_cache(cast: Cast) -> None:
    for route in ROUTES:
        if not route.get or route.get in {"anyone", "nobody"}:  # the signature of a link counts, not who has it
            continue
        answer = signed_in_once(cast).get(address(route, cast))
        assert answer["Cache-Control"] == "no-store", route.name
        assert "Cookie" in answer.get("Vary", ""), route.name


@pytest.mark.django_db
def test_A16_what_is_for_operators_is_not_for_members(cast: Cast) -> None:
    for path in ("/admin/", "/admin/products/secret/", "/admin/processors/run/"):
        for client in (Client(), signed_in(cast.alice)):
            assert client.get(path).status_code == 302, path
    for path in (
        "/__debug__/",
        "/debug/",
        "/silk/",
        "/.git/HEAD",
        "/.env",
        "/server-status",
        "/graphql",
        "/swagger.json",
    ):
        assert signed_in(cast.alice).get(path).status_code == 404, path
    page = Client(headers={"Accept": "text/html"}).get("/api/v1/me/")
    assert page["Content-Type"] == "application/problem+json", "no browsable API"
    for found in our_routes():
        assert "debug" not in found.path


# Limits and ends -----------------------------------------------------------------------------------------------------


def one_key(cast: Cast) -> object:
    return create_key(cast.as_(cast.alice), NewKey(name="K"))


def one_product(cast: Cast) -> object:
    return create_product(cast.as_(cast.alice), name="Product")


def one_secret(cast: Cast) -> object:
    return secrets.create_secret(cast.as_(cast.alice), key=f"K{threading.get_ident()}", value="v")


def one_workspace(cast: Cast) -> object:
    return workspaces.create_workspace(cast.alice, name="W")


RACES: list[tuple[Callable[[Cast], object], Any, str, type[Any]]] = [
    (one_key, keys, "MAX_KEYS", AccessKey),
    (one_product, products, "MAX_PRODUCTS", Product),
    (one_secret, secrets, "MAX_SECRETS", Secret),
    (one_workspace, workspaces, "MAX_WORKSPACES", Workspace),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("act", "room", "limit", "model"), RACES, ids=[race[2] for race in RACES])
def test_A11_at_the_last_place_exactly_one_gets_in(
    monkeypatch: pytest.MonkeyPatch, act: Callable[[Cast], object], room: Any, limit: str, model: type[Any]
) -> None:
    cast = make_cast()
    there = 1 if model is Workspace else 0  # Alice's own
    monkeypatch.setattr(room, limit, there + 1)
    got: list[str] = []

    def once() -> None:
        try:
            act(cast)
            got.append("in")
        except Conflict:
            got.append("full")

    in_parallel([once] * 20)
    assert (got.count("in"), got.count("full")) == (1, 19)


@pytest.mark.django_db(transaction=True)
def test_A11_at_the_last_seat_exactly_one_joins(monkeypatch: pytest.MonkeyPatch) -> None:
    cast = make_cast()
    monkeypatch.setattr(invitations, "MAX_MEMBERS", 5)  # four are there
    sent = [invite(cast.as_(cast.alice), email=f"p{n}@example.com", role="viewer").invitation for n in range(10)]
    people = [User.objects.create_user(one.email, None) for one in sent]
    got: list[str] = []

    def join(number: int) -> None:
        try:
            accept_invitation(people[number], sent[number])
            got.append("in")
        except DomainError:
            got.append("full")

    in_parallel([lambda n=n: join(n) for n in range(10)])
    assert got.count("in") == 1
    assert Membership.objects.filter(workspace=cast.workspace).count() == 5


@pytest.mark.django_db
def test_A13_a_removed_member_and_their_workspace_are_gone_at_once(cast: Cast) -> None:
    client = signed_in(cast.dev)
    assert client.get(f"{ACME}/products/").status_code == 200
    topic = Topic("workspace", cast.workspace.pk, "")
    assert allowed(cast.dev, [topic]) == {topic}
    row = Membership.objects.get(user=cast.dev)
    remove_member(cast.as_(cast.alice), row.pk)
    assert client.get(f"{ACME}/products/").status_code == 404
    assert client.get("/w/acme/products/").status_code == 404
    assert allowed(cast.dev, [topic]) == set()


@pytest.mark.django_db
def test_A13_with_a_workspace_go_its_keys_runs_secrets_and_invitations(cast: Cast) -> None:
    run_objects.run(cast.workspace)
    objects.secret(cast.workspace)
    token = objects.invitation_token(cast.workspace)
    key, client = objects.key(cast.workspace, "read", "run"), signed_in(cast.vera)
    topic = Topic("workspace", cast.workspace.pk, "")
    delete_workspace(cast.as_(cast.alice))
    assert with_key(key.text).get(f"{ACME}/products/").status_code == 401
    assert client.get(f"{ACME}/products/").status_code == 404
    assert Client().get(f"/invitations/{token}/").status_code == 404
    assert allowed(cast.vera, [topic]) == set()
    with pytest.raises(NotFound):
        access.member(cast.alice, "acme")
    deleting.go_on(cast.workspace.pk)
    assert not Run.objects.filter(workspace_id=cast.workspace.pk).exists()
    assert not Secret.objects.filter(workspace_id=cast.workspace.pk).exists()


@pytest.mark.django_db
def test_A13_a_revoked_or_expired_key_is_dead_at_once(cast: Cast) -> None:
    for values in ({"revoked_at": timezone.now()}, {"expires_at": timezone.now()}):
        key = objects.key(cast.workspace)
        client = with_key(key.text)
        assert client.get(f"{ACME}/products/").status_code == 200
        AccessKey.objects.filter(pk=key.key.pk).update(**values)
        assert client.get(f"{ACME}/products/").status_code == 401


def placeholders_of(name: str) -> tuple[str, ...]:
    return next((found.placeholders for found in our_routes() if found.name == name), ())


def json_of(url: str) -> dict[str, str]:
    return {"content_type": "application/json"} if url.startswith("/api/") else {}


_clients: dict[object, Client] = {}


def signed_in_once(cast: Cast) -> Client:
    if cast.alice.pk not in _clients:
        _clients[cast.alice.pk] = signed_in(cast.alice)
    return _clients[cast.alice.pk]


def in_parallel(acts: list[Callable[[], object]]) -> None:
    def whole(act: Callable[[], object]) -> None:
        try:
            act()
        finally:
            databases.close_all()

    threads = [threading.Thread(target=whole, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

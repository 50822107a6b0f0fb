"""What the bench does through the services, in the database of the system that runs; loads Django."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import django

django.setup()

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

from ductape_site.sessions import SessionStore
from processors.models import ENDED_STATES, Run, RunState
from processors.services.runs import RunRequest, start_many, start_run
from products import access
from products.access import Actor
from products.models import DocumentImport, Environment, ImportState, User
from products.services import app_environments, connections, keys
from products.services.imports import NewImport, start_import

PRODUCT, ENVIRONMENT, ACCESS_TAG, APP = "storefront", "dev", "shop", "sample-shop"
SECONDS = 180


def owner() -> Actor:
    """Of the workspace that the first start made."""
    return access.member(User.objects.get(), "main")


def aim(url: str) -> None:
    """Lets the sample app call another server, and confirms that its credentials may go there."""
    app_environments.update_environment(owner(), APP, "sandbox", {"base_url": url})
    connections.map_environment(owner(), PRODUCT, ACCESS_TAG, ENVIRONMENT, data={"app_environment": "sandbox"})


def access_key() -> str:
    """A key that may run."""
    return keys.create_key(owner(), keys.NewKey("bench", verbs=["read", "run"])).text


def cookies() -> dict[str, str]:
    """Of a browser in which the owner is signed in."""
    user, session = User.objects.get(), SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return {settings.SESSION_COOKIE_NAME: str(session.session_key)}


def finished_run() -> UUID:
    """A run that has just completed, with all that a run leaves behind."""
    request = RunRequest(PRODUCT, ENVIRONMENT, ACCESS_TAG, "get-product", {"product_id": "prd_001"})
    run = start_run(owner(), request).run
    until = time.perf_counter() + 30
    while not run.ended and time.perf_counter() < until:
        time.sleep(0.05)
        run.refresh_from_db()
    if run.state != RunState.COMPLETED:
        raise RuntimeError(f"the run that is to be copied is {run.state}: {run.error}")
    return run.pk


def run_for_nobody() -> UUID:
    """A run in a queue that no worker serves, to be claimed by the bench itself."""
    environments = Environment.objects.filter(product__tag=PRODUCT, slug=ENVIRONMENT)
    environments.update(processor_tag="bench")
    try:
        return start_run(owner(), RunRequest(PRODUCT, ENVIRONMENT, ACCESS_TAG, "slow", {"seconds": 1})).run.pk
    finally:
        environments.update(processor_tag="default")


def bulk(action: str, given: Any, *, count: int) -> tuple[float, int]:
    """Starts `count` runs and waits for the last; seconds from the first start, and how many did not complete."""
    request = RunRequest(PRODUCT, ENVIRONMENT, ACCESS_TAG, action, given)
    began = time.perf_counter()
    started = [one.run.pk for part in _parts(count) for one in start_many(owner(), request, [(given, "")] * part)]
    rows = Run.objects.filter(pk__in=started)
    while (ended := rows.filter(state__in=ENDED_STATES).count()) < count:
        if time.perf_counter() - began > SECONDS:
            raise RuntimeError(f"{count - ended} of {count} runs have not ended after {SECONDS} seconds")
        time.sleep(0.05)
    return time.perf_counter() - began, count - rows.filter(state=RunState.COMPLETED).count()


def import_document(document: bytes) -> tuple[float, int]:
    """Imports it in the worker; seconds and the number of actions."""
    began = time.perf_counter()
    row = start_import(owner(), NewImport(document=document, filename="large.json", app=f"large-{time.time_ns()}"))
    while row.state not in {ImportState.APPLIED, ImportState.FAILED}:
        if time.perf_counter() - began > SECONDS:
            raise RuntimeError(f"the import has not ended after {SECONDS} seconds")
        time.sleep(0.05)
        row = DocumentImport.objects.get(pk=row.pk)
    if row.state == ImportState.FAILED or row.app is None:
        raise RuntimeError(f"the import failed: {row.error}")
    return time.perf_counter() - began, row.app.actions.count()


def _parts(count: int) -> list[int]:
    return [min(1000, count - at) for at in range(0, count, 1000)]


@dataclass(frozen=True, slots=True)
class Key:
    """A REST client's way in."""

    text: str

    @property
    def headers(self) -> dict[str, str]:
        """For every request."""
        return {"Authorization": f"Bearer {self.text}"}

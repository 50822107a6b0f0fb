"""Makes people, two workspaces with a product each, and ways in; prints them as JSON. A process of its own.

`python -m tests.chaos.scene BASE_URL`, with the environment of the processes that will work on it.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from products.models import User, Workspace

RETRIES, DELAY_S, TIMEOUT_S = 8, 0.2, 5


def workspace_of(owner: User, workspace: Workspace, base_url: str, product: str) -> dict[str, Any]:
    """A product in it, and a key that may run."""
    from products import access
    from products.lib.actions import AuthSpec, CredentialField, Placement
    from products.models import Feature
    from products.services.keys import NewKey, create_key
    from tests.chaos.features import FEATURES
    from tests.processors.scene import make_scene

    scene = make_scene(workspace, base_url, product=product)
    placed = (Placement("header", "X-Key", "{{k}}"),)
    auth = AuthSpec("key", "Key", "token", fields=(CredentialField("k"),), placements=placed)
    scene.authenticate(auth, k=f"canary-of-{workspace.tag}-7713")  # which no fault brings to light
    for action in scene.actions.values():
        action.policy = {"retries": RETRIES, "delay_s": DELAY_S, "backoff": 1.5, "timeout_s": TIMEOUT_S}
        action.save()
    for tag, definition in FEATURES.items():
        Feature.objects.create(product=scene.product, tag=tag, name=tag, definition=definition)
    key = create_key(access.member(owner, workspace.tag), NewKey("chaos", verbs=["read", "run"])).text
    return {"workspace": workspace.tag, "product": product, "key": key}


def session_of(user: User) -> str:
    """The cookie of somebody who is signed in."""
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def main(base_url: str) -> None:
    """All of it."""
    django.setup()
    from tests.people import make_cast

    people = make_cast()
    made = {
        "home": workspace_of(people.alice, people.workspace, base_url, "shop"),
        "elsewhere": workspace_of(people.charlie, people.elsewhere, base_url, "other"),
        "session": session_of(people.dev),
    }
    sys.stdout.write(json.dumps(made))


if __name__ == "__main__":
    main(sys.argv[1])

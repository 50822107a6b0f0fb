"""What the actions that a feature calls are given: read for every change in the editor, so what was read is kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from threading import Lock
from uuid import UUID

from django.db.models import Func, TextField
from django.db.models.functions import Cast, Length

from products.features.checking import Called
from products.lib.actions import ActionSpec, action_from_json
from products.models import Action

MOST = 200  # different actions of one feature; of more nothing is known
LARGEST = 200_000  # characters of one; of a larger one nothing is known
_KEPT = 200
_TEXT = Cast("spec", TextField())
_DIGEST = Func(_TEXT, function="md5")
_specs: OrderedDict[tuple[UUID, str], ActionSpec] = OrderedDict()  # by the action's id and the digest of its text
_lock = Lock()


class ActionSpecs:
    """Those of the apps that a product is connected to; `apps` are their ids by access tag."""

    def __init__(self, apps: Mapping[str, UUID]) -> None:
        self._apps = apps

    def __call__(self, wanted: Collection[Called]) -> Mapping[Called, ActionSpec]:
        """By access tag and action; two queries at most."""
        names = [(tag, action) for tag, action in wanted if tag in self._apps][:MOST]
        found = _found({(self._apps[tag], action) for tag, action in names})
        return {(tag, action): found[key] for tag, action in names if (key := (self._apps[tag], action)) in found}


def _found(wanted: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], ActionSpec]:
    if not wanted:
        return {}
    rows = Action.objects.filter(app__in={app for app, _ in wanted}, tag__in={tag for _, tag in wanted})
    small = rows.annotate(digest=_DIGEST, size=Length(_TEXT)).filter(size__lte=LARGEST).order_by()
    keys = {
        (app, tag): (pk, digest)
        for pk, app, tag, digest in small.values_list("pk", "app_id", "tag", "digest") if (app, tag) in wanted
    }  # fmt: skip
    specs = _read(keys.values())
    return {name: specs[key] for name, key in keys.items() if key in specs}


def _read(keys: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], ActionSpec]:
    with _lock:
        known = {key: _specs[key] for key in keys if key in _specs}
    missing = [pk for pk, digest in keys if (pk, digest) not in known]
    rows = Action.objects.filter(pk__in=missing).annotate(digest=_DIGEST).order_by()
    fetched = rows.values_list("pk", "digest", "spec") if missing else ()
    fresh = {(pk, digest): action_from_json(spec) for pk, digest, spec in fetched}
    with _lock:
        for key, spec in {**known, **fresh}.items():
            _specs[key] = spec
            _specs.move_to_end(key)
        while len(_specs) > _KEPT:
            _specs.popitem(last=False)
    return {**known, **fresh}

"""Releases: the draft made into a numbered snapshot, and which of them an environment runs."""

from __future__ import annotations

from django.db import transaction

from products.access import Actor, Permission, mine, products_of
from products.features import check_feature
from products.lib.errors import Conflict, FieldProblem, Forbidden, Invalid
from products.lib.jsontypes import JsonObject, canonical, content_hash
from products.models import Environment, Product, Release
from products.queries.feature_world import world_of
from products.queries.features import as_read
from products.queries.release_content import draft_content
from products.queries.releases import may_deploy, release
from products.services import audit
from products.services.validation import insert

MAX_BYTES = 50_000_000


def make_release(actor: Actor, product: Product, *, note: str = "") -> Release:
    """The draft as it stands, under the next number.

    Raises NotFound, Invalid, and Conflict when nothing has changed since the last release, or when there are no
    features, too many, or one that could not be saved as it is now.
    """
    actor.need(Permission.EDIT)
    with transaction.atomic():
        # Makers of releases and changers of features wait for each other: numbers have no gaps, snapshots no halves.
        product = mine(actor, products_of(actor).select_for_update(no_key=True), "product", pk=product.pk)
        content = draft_content(product)
        _check_content(product, content)
        number = _next_number(product, digest := content_hash(content))
        row = Release(product=product, number=number, note=note.strip(), author=actor.name, created_by=actor.user)
        row.content, row.content_hash = content, digest
        insert(row, unique="number", message="There is such a release already.")
        audit.record(actor, "release.created", row, changes={"number": [None, number]})
    return row


def deploy(actor: Actor, environment: Environment, number: int | None) -> Environment:
    """Lets the environment run this release from now on; None: whatever the draft is. Runs that are there stay as
    they are. Raises NotFound, Forbidden.
    """
    actor.need(Permission.VIEW)
    with transaction.atomic():
        rows = Environment.objects.filter(product__in=products_of(actor)).select_related("product")
        row = mine(actor, rows.select_for_update(no_key=True, of=("self",)), "environment", pk=environment.pk)
        _need_deploy(actor, row)
        wanted = None if number is None else release(actor, row.product, number)
        if row.release_id == (wanted.pk if wanted else None):
            return row
        before, row.release = row.release, wanted
        row.save(update_fields=["release", "updated_at"])
        audit.record(actor, "environment.deployed", row, changes={"release": [_word(before), _word(wanted)]})
    return row


def _need_deploy(actor: Actor, environment: Environment) -> None:
    actor.need(Permission.EDIT)
    if not may_deploy(actor, environment):
        raise Forbidden(f"You may not choose what the environment “{environment.slug}” runs.")


def _word(row: Release | None) -> int | str:
    return row.number if row else "draft"


def _next_number(product: Product, digest: str) -> int:
    last = Release.objects.filter(product=product).defer("content").order_by("-number").first()
    if last is None:
        return 1
    if last.content_hash == digest:
        raise Conflict(f"Nothing has changed since release {last.number}.", code="nothing_changed")
    return last.number + 1


def _check_content(product: Product, content: JsonObject) -> None:
    """Raises Conflict for what could not run anywhere."""
    if not content["features"]:
        raise Conflict("There is nothing to release: the product has no features.", code="nothing_to_release")
    size = len(canonical(content))
    if size > MAX_BYTES:
        raise Conflict(f"A release may have at most {MAX_BYTES:,} bytes; this one would have {size:,}.")
    world = world_of(product)
    for tag, document in content["features"].items():
        try:
            problems = check_feature(as_read({**document, "tag": tag}), world).errors
        except Invalid as error:
            problems = error.errors
        if problems:
            raise Conflict(_broken(tag, problems), code="broken_feature")


def _broken(tag: str, problems: tuple[FieldProblem, ...]) -> str:
    more = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
    return f"The feature “{tag}” has to be mended first: {problems[0].pointer}: {problems[0].detail}{more}"

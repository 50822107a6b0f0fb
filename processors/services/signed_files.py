"""What a signed URL of a local storage gives, or takes in: the signature decides, no account is asked for."""

from __future__ import annotations

from processors.live.waiting import listener, wait_for
from processors.models import Run, RunState
from processors.services.file_streams import StoredContent, stored_content
from processors.services.files import Readable, take_in
from processors.services.operations import OperationRequest, start_operation
from products import access
from products.access import Actor
from products.lib.errors import Conflict, Forbidden
from products.lib.signed_files import FileLink, LinkRefused
from products.models import ResourceConfig
from products.queries.callable_resources import Wanted
from products.services import file_links

WAIT_S = 20.0
REFUSED = "This link does not hold, or holds no more."


def signed_content(link: FileLink, signature: str) -> StoredContent:
    """The file, read by workers: only those have the storage's folder. Raises DomainError."""
    config, actor = _allowed(link, signature)
    return stored_content(actor, config.resource.product.tag, config.environment.slug, config.resource.tag, link.key)


def replace_signed(link: FileLink, signature: str, content: Readable, *, content_type: str) -> None:
    """Keeps the content under the link's key, by a run. Raises Forbidden, NotFound, Conflict, TooLarge."""
    config, actor = _allowed(link, signature)
    product = config.resource.product.tag
    kept = take_in(actor, product, content, name=link.key.rpartition("/")[2][:300], content_type=content_type)
    listener()
    wanted = Wanted("storage", config.resource.tag, "save")
    given = {"key": link.key, "file": str(kept.pk)}
    asked = OperationRequest(product, config.environment.slug, wanted, given, trigger="link")
    started = start_operation(actor, asked)
    wait_for(started.run.pk, WAIT_S)
    run = Run.objects.only("state").get(pk=started.run.pk)
    if run.state != RunState.COMPLETED:
        raise Conflict("The file was not saved in time." if not run.ended else "The file could not be saved.")


def _allowed(link: FileLink, signature: str) -> tuple[ResourceConfig, Actor]:
    try:
        file_links.check(link, signature)
    except LinkRefused:
        raise Forbidden(REFUSED) from None
    rows = ResourceConfig.objects.select_related("resource__product__workspace", "environment")
    rows = rows.filter(resource__product__deleting_at=None, environment__deleting_at=None)
    config = rows.filter(pk=link.place_id, provider="local").first()
    if config is None or config.resource.product.workspace.deleting_at is not None:
        raise Forbidden(REFUSED)
    return config, access.system(config.resource.product.workspace)

"""What pages of resources ask: a look whose refusals are answers too, and a run started from a form."""

from __future__ import annotations

from uuid import UUID

from processors.forms.operations import OperationForm
from processors.services import runs as run_services
from processors.services.looking import Seen, look
from processors.services.operations import OperationRequest, start_operation
from products.access import Actor
from products.lib.errors import DomainError, Invalid
from products.lib.jsontypes import Json, JsonObject
from products.queries.callable_resources import Wanted
from products.views.resources import ResourceBase

WAIT_S = 2.0  # then the page follows the run by itself


class LookingPage(ResourceBase):
    """A page about what a resource of `kind_name` holds in one environment."""

    def seen(self, operation: str, given: JsonObject) -> Seen:
        """What a look brings; why it brings nothing stands in it. Raises NotFound, Forbidden."""
        slug = self.environment.slug if self.environment else ""
        wanted = Wanted(self.kind_name, self.found.row.tag, operation)
        return ask(self.actor, self.product.tag, slug, wanted, given)


def ask(actor: Actor, product: str, environment: str, wanted: Wanted, given: Json = None) -> Seen:
    """A look whose refusals, other than of the right to look, are answers too."""
    try:
        return look(actor, product, environment, wanted, given)
    except DomainError as error:
        if error.status in {403, 404} and wanted.event != "query":
            raise
        details = {"errors": [{"pointer": one.pointer, "detail": one.detail} for one in getattr(error, "errors", ())]}
        return Seen(error={"code": error.code, "message": error.message, "details": details})


def started_from(form: OperationForm, actor: Actor, asked: OperationRequest) -> UUID | None:
    """The run, after a moment in which it may have ended; None with what is wrong beside the fields of the form."""
    run_services.listen()
    try:
        run_id: UUID = start_operation(actor, asked).run.pk
    except Invalid as error:
        form.add_problems(error.errors, below="/input")
        return None
    except DomainError as error:
        form.add_error(None, error.message)
        return None
    run_services.wait_for(run_id, WAIT_S)
    return run_id

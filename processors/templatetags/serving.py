"""What templates say of processors that nobody serves; products' pages of environments too."""

from __future__ import annotations

from django import template

from processors.models import Run
from processors.queries import serving
from products.models import Workspace

register = template.Library()


@register.simple_tag
def served() -> serving.Served:
    """The queues that live workers listen to: `{% served as here %}`, once for many processors."""
    return serving.served()


@register.simple_tag
def unserved(here: serving.Served, workspace: Workspace, processor_tag: str) -> str:
    """Why nothing runs there, or nothing."""
    return here.why_not(workspace.tag, processor_tag)


@register.simple_tag
def why_it_waits(run: Run) -> str:
    """Why a run has not begun or does not go on, as far as it is known."""
    return serving.why_it_waits(run)

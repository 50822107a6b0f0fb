"""What a page does with a form: hand its data to one service, and put every refusal beside the field it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django import forms

from products.lib.errors import Conflict, Forbidden, Invalid

Result = TypeVar("Result")


def saved(form: forms.Form, act: Callable[[dict[str, Any]], Result]) -> Result | None:
    """What `act` returned for the form's data; None, with errors in the form, when the form or the service refuses."""
    if not form.is_valid():
        return None
    try:
        return act(form.cleaned_data)
    except Invalid as error:
        add_problems(form, error)
    except (Conflict, Forbidden) as error:
        form.add_error(None, error.message)
    return None


def add_problems(form: forms.Form, error: Invalid) -> None:
    """Each problem beside its field; those of no field over the form."""
    for problem in error.errors:
        name = problem.pointer.strip("/").split("/")[0]
        form.add_error(name if name in form.fields else None, problem.detail)
    if not error.errors:
        form.add_error(None, error.message)

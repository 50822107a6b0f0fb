"""What a connection has in one environment, by reference, and what is missing there."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject

from products.lib import placeholders, requirements
from products.lib.actions import AuthSpec
from products.lib.jsontypes import JsonObject
from products.models import AppConstant, AppVariable, ConnectionEnvironment, ConnectionValue, ValueKind


def references(mapped: ConnectionEnvironment) -> dict[str, dict[str, JsonObject]]:
    """The connection's values by kind and key, the app's defaults where there is none; needs `mapped.app_variables`."""
    found: dict[str, dict[str, JsonObject]] = {ValueKind.VARIABLE: {}, ValueKind.CREDENTIAL: {}}
    for row in mapped.app_variables:  # type: ignore[attr-defined]
        if not _empty(row["default"]):
            found[ValueKind.VARIABLE][row["key"]] = {"value": row["default"]}
    for value in mapped.values.all():
        reference = reference_of(value)
        if reference is not None:
            found[value.kind][value.key] = reference
    return found


def reference_of(value: ConnectionValue) -> JsonObject | None:
    """How a run names the value; None when there is none."""
    if value.sealed is not None:
        return {"sealed": str(value.pk)}
    if _empty(value.value):
        return None
    if isinstance(value.value, str) and placeholders.secret_refs(value.value):
        return {"text": value.value}
    return {"value": value.value}


def missing_values(
    mapped: ConnectionEnvironment, names: tuple[str, ...], auth: AuthSpec | None, values: dict[str, dict[str, Any]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Variables and credentials that are needed and have no value; needs `mapped.app_variables` and `.constants`."""
    variables, credentials = values[ValueKind.VARIABLE], values[ValueKind.CREDENTIAL]
    constants = {row["key"] for row in mapped.constants}  # type: ignore[attr-defined]
    required = [row["key"] for row in mapped.app_variables if row["required"]]  # type: ignore[attr-defined]
    needed = dict.fromkeys((*required, *names, *requirements.names_of_auth(auth)))
    return (
        tuple(name for name in needed if name not in variables and name not in constants),
        requirements.lacking_credentials(auth, credentials) if auth is not None else (),
    )


def with_app_parts(rows: Any) -> Any:
    """Connection environments with what their app defines, in the same query: `app_variables` and `constants`."""
    of_app = {"app": OuterRef("connection__app")}
    variable = JSONObject(key="key", type="type", default="default", required="required", secret="secret",  # noqa: S106
                          description="description")  # fmt: skip
    return rows.annotate(
        app_variables=ArraySubquery(AppVariable.objects.filter(**of_app).values(data=variable)),
        constants=ArraySubquery(
            AppConstant.objects.filter(**of_app).values(data=JSONObject(key="key", value="value", type="type"))
        ),
    )


def _empty(value: Any) -> bool:
    return value is None or value == ""

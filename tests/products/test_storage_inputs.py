"""J12: every field of every operation and every setting of storages, with a value of every other kind."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from products.catalog.resources import KINDS
from products.catalog.resources.given import merged
from products.catalog.resources.operations import checked_input
from products.lib.actions import Parameter
from products.lib.inputs import InputError

STORAGE = KINDS["storage"]
VALUES: list[Any] = [{"path": "/etc/passwd"}, ["x"], 5, 1.5, True, None]
GOOD: dict[str, Any] = {
    "string": "text", "number": 5, "boolean": True, "object": {"a": 1}, "uuid": str(UUID(int=7)),
}  # fmt: skip
FITS: dict[str, tuple[type, ...]] = {
    "string": (str,), "number": (int,), "boolean": (bool,), "object": (dict,), "uuid": (str,),
}  # fmt: skip
FIELDS = [(operation.name, field) for operation in STORAGE.operations for field in operation.input]
SETTINGS = [(one.name, setting) for one in STORAGE.providers for setting in STORAGE.settings_of(one.name)]


def fits(value: Any, kind: str) -> bool:
    return isinstance(value, FITS[kind]) and (kind == "boolean" or not isinstance(value, bool))


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize(("operation", "field"), FIELDS, ids=lambda one: getattr(one, "name", one))
def test_J12_a_field_of_another_kind_is_named(operation: str, field: Parameter, value: Any) -> None:
    declared = next(one for one in STORAGE.operations if one.name == operation)
    given = {each.name: GOOD[each.type] for each in declared.input if each.required} | {field.name: value}
    if (value is None and not field.required) or fits(value, field.type):
        checked_input(declared.input, given)
        return
    with pytest.raises(InputError) as refused:
        checked_input(declared.input, given)
    assert [error.pointer for error in refused.value.errors] == [f"/{field.name}"]
    assert "passwd" not in refused.value.errors[0].detail


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize(("provider", "setting"), SETTINGS, ids=lambda one: getattr(one, "name", one))
def test_J12_a_setting_of_another_kind_is_named(provider: str, setting: Any, value: Any) -> None:
    change = merged(STORAGE.settings_of(provider), {setting.name: value}, plain={})
    right = {"integer": value == 5 and value is not True, "boolean": isinstance(value, bool)}.get(setting.type, False)
    if value is None or right:  # null takes a setting away
        assert change.problems == []
        return
    assert [problem.pointer for problem in change.problems] == [f"/settings/{setting.name}"]
    assert "passwd" not in change.problems[0].detail
    assert change.seal == {}

"""J12: every field of every operation and every setting of every kind of resource, with a value of every other kind."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from products.catalog.resources import KINDS, Setting
from products.catalog.resources.given import merged
from products.catalog.resources.operations import checked_input
from products.lib.actions import Parameter
from products.lib.inputs import InputError

VALUES: list[Any] = [{"path": "/etc/passwd"}, ["x"], 5, 1.5, True, None]
GOOD: dict[str, Any] = {
    "string": "text", "number": 5, "boolean": True, "object": {"a": 1}, "uuid": str(UUID(int=7)), "array": ["x"],
}  # fmt: skip
FITS: dict[str, tuple[type, ...]] = {
    "string": (str,), "number": (int,), "boolean": (bool,), "object": (dict,), "uuid": (str,), "array": (list,),
}  # fmt: skip
FIELDS = [
    (kind.name, operation.name, field)
    for kind in KINDS.values() for operation in kind.operations for field in operation.input
]  # fmt: skip
SETTINGS = [
    (kind.name, one.name, setting)
    for kind in KINDS.values() for one in kind.providers for setting in kind.settings_of(one.name)
]  # fmt: skip
SHARED = [(kind.name, setting) for kind in KINDS.values() for setting in kind.shared]


def named(one: Any) -> str:
    return str(getattr(one, "name", one))


def fits(value: Any, field: Parameter) -> bool:
    takes_anything = isinstance(field.schema.get("type"), list)
    is_kind = isinstance(value, FITS[field.type]) and (field.type == "boolean" or not isinstance(value, bool))
    return takes_anything or is_kind or (value is None and not field.required)


def can_be(value: Any, setting: Setting) -> bool:
    if setting.type != "integer" or isinstance(value, bool) or not isinstance(value, int):
        return setting.type == "boolean" and isinstance(value, bool)
    low, high = setting.minimum, setting.maximum
    return (low is None or value >= low) and (high is None or value <= high)


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize(("kind", "operation", "field"), FIELDS, ids=named)
def test_J12_a_field_of_another_kind_is_named(kind: str, operation: str, field: Parameter, value: Any) -> None:
    declared = KINDS[kind].operation(operation)
    assert declared is not None
    given = {each.name: GOOD[each.type] for each in declared.input if each.required} | {field.name: value}
    if fits(value, field):
        checked_input(declared.input, given)
        return
    with pytest.raises(InputError) as refused:
        checked_input(declared.input, given)
    assert [error.pointer for error in refused.value.errors] == [f"/{field.name}"]
    assert "passwd" not in refused.value.errors[0].detail


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize(("kind", "provider", "setting"), SETTINGS, ids=named)
def test_J12_a_setting_of_another_kind_is_named(kind: str, provider: str, setting: Setting, value: Any) -> None:
    change = merged(KINDS[kind].settings_of(provider), {setting.name: value}, plain={})
    check(change, setting, value)


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize(("kind", "setting"), SHARED, ids=named)
def test_J12_a_shared_field_of_another_kind_is_named(kind: str, setting: Setting, value: Any) -> None:
    check(merged(KINDS[kind].shared, {setting.name: value}, plain={}), setting, value)


def check(change: Any, setting: Setting, value: Any) -> None:
    if value is None or can_be(value, setting):  # null takes a setting away
        assert change.problems == []
        return
    assert [problem.pointer for problem in change.problems] == [f"/settings/{setting.name}"]
    assert "passwd" not in change.problems[0].detail
    assert change.seal == {}

"""R5: a timeout is that of one try, in the same words and with the same limits at every door."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from rest_framework import serializers

from processors.api.resources import CallShape
from processors.api.runs import RunInputShape
from processors.engine.limits import MAX_RETRIES, MAX_TIMEOUT_S
from processors.forms.console import ConsoleForm
from processors.forms.operations import OperationForm
from processors.services.starting import LEAST_TIMEOUT_S
from products.api.actions import PolicyShape
from products.features.event_reading import MAX_TRY_S
from products.forms.actions import ActionForm
from products.lib.action_checks import checked_policy
from tests.processors.scene import GET

FORMS: tuple[tuple[Any, str], ...] = (
    (ConsoleForm(GET).fields, "timeout"), (OperationForm([]).fields, "timeout"), (ActionForm.base_fields, "timeout_s"),
)  # fmt: skip
SHAPES: tuple[tuple[type[serializers.Serializer[Any]], str], ...] = (
    (RunInputShape, "timeout"), (CallShape, "timeout"), (PolicyShape, "timeout_s"),
)  # fmt: skip
WORDS = "Seconds that one try may take, from 0.1 to 3600."


@pytest.mark.parametrize(("fields", "name"), FORMS)
def test_R5_a_form_asks_for_the_timeout_of_one_try(fields: dict[str, forms.Field], name: str) -> None:
    field = fields[name]
    assert isinstance(field, forms.FloatField)
    assert (field.help_text, field.min_value, field.max_value) == (WORDS, LEAST_TIMEOUT_S, MAX_TIMEOUT_S)


@pytest.mark.parametrize(("shape", "name"), SHAPES)
def test_R5_rest_asks_for_the_timeout_of_one_try(shape: type[serializers.Serializer[Any]], name: str) -> None:
    field = shape().fields[name]
    assert (field.help_text, field.min_value, field.max_value) == (WORDS, LEAST_TIMEOUT_S, MAX_TIMEOUT_S)  # type: ignore[attr-defined]


def test_R5_an_action_and_an_event_may_say_as_much_as_a_run() -> None:
    assert checked_policy({"timeout_s": MAX_TIMEOUT_S, "retries": MAX_RETRIES})[1] == ()
    assert [each.pointer for each in checked_policy({"timeout_s": MAX_TIMEOUT_S + 1})[1]] == ["/policy/timeout_s"]
    assert MAX_TRY_S == MAX_TIMEOUT_S

"""The quick way to read the body of a run says what the shape says, or nothing."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from processors.api.plain import plain_call
from processors.api.runs import RunInputShape
from products.api.base import read
from products.lib.errors import Invalid

PLAIN = {"product": "storefront", "environment": "dev", "app": "shop", "action": "get-product"}
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.sampled_from(["shop", "shop\n", " shop ", "Shop", "", "a" * 63, "a" * 64, "a" * 200, "a" * 201, "é", "\x7f",
                     0.1, 0.09, 10, 10.0, 11, 60, 60.5, 3600, 3601, float("nan"), float("inf"), -0.0, 2**80]),
)  # fmt: skip
FIELDS = ["input", "idempotency_key", "retries", "timeout", "wait"]


def by_shape(body: dict[str, Any]) -> dict[str, Any] | None:
    try:
        return read(RunInputShape, body)
    except (Invalid, ValidationError):
        return None


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from([*PLAIN, *FIELDS, "other"]), ODD, max_size=4))
@example({})
@example({"input": {"a": [1, None]}, "idempotency_key": "k-1", "retries": 10, "timeout": 1, "wait": 60})
@example({"idempotency_key": "two words"})
def test_what_is_read_quickly_is_what_the_shape_reads(changed: dict[str, Any]) -> None:
    body = {**PLAIN, **changed}
    quick = plain_call(body)
    if quick is not None:
        assert quick == by_shape(body)


def test_the_usual_body_is_read_quickly() -> None:
    assert plain_call({**PLAIN, "input": {"product_id": "prd_001"}, "wait": 20}) is not None
    assert plain_call({name: value for name, value in PLAIN.items() if name != "app"}) is None

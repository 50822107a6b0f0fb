"""REST of connections that calls outside: test one."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from processors.accounts import testing as connection_tests
from products.api.base import WorkspaceView
from products.api.fields import Number, Text
from products.api.idempotency import key_of
from products.api.schema import answers


class ConnectionTestInput(serializers.Serializer[Any]):
    """What to test a connection with."""

    action = Text(
        max_length=63,
        default="",
        allow_blank=True,
        help_text="One that reads and needs no input; by default the cheapest.",
    )
    wait = Number(min_value=0, max_value=60, default=5, help_text="Seconds to wait for the result.")


class ConnectionTestShape(serializers.Serializer[Any]):
    """What came of a test."""

    state = serializers.ChoiceField(choices=["ok", "failed", "running"])
    message = serializers.CharField()
    action = serializers.CharField(help_text="Empty where only a token was got.")
    run = serializers.UUIDField(allow_null=True)

    class Meta:
        ref_name = "ConnectionTest"


class ConnectionTestView(WorkspaceView):
    """`…/connections/{connection}/environments/{environment}/test/`"""

    remembers_posts = False  # the run itself is what is remembered: it begins before the answer

    @extend_schema(
        operation_id="connections_test",
        tags=["connections"],
        request=ConnectionTestInput,
        responses=answers(ConnectionTestShape),
    )
    def post(self, request: Any, workspace: str, product: str, connection: str, environment: str) -> Response:
        """Runs a safe action for real, or only gets the token where the app has no such action."""
        data = self.read(ConnectionTestInput)
        tested = connection_tests.try_connection(
            self.actor,
            (product, connection, environment),
            action=data["action"],
            wait_s=data["wait"],
            idempotency_key=key_of(request),
        )
        return Response(ConnectionTestShape(tested).data)

"""REST of a product's environments."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from products.api.base import WorkspaceView
from products.api.fields import Flag, Tag, Tags, Text, Whole
from products.api.schema import answers, created, reading
from products.models import Colour, Environment
from products.queries.products import environment_detail, environments_of
from products.services.environments import (
    create_environment,
    delete_environment,
    order_environments,
    update_environment,
)


class EnvironmentShape(serializers.ModelSerializer[Environment]):
    """An environment of a product."""

    release = serializers.IntegerField(
        source="release.number", default=None, allow_null=True, help_text="The release it runs; null: the draft."
    )

    class Meta:
        model = Environment
        fields = ["id", "slug", "name", "colour", "position", "active", "processor_tag", "release",
                  "keep_completed_days", "keep_failed_days", "created_at", "updated_at"]  # fmt: skip
        read_only_fields = fields
        ref_name = "Environment"


class EnvironmentChange(serializers.Serializer[Any]):
    """What may change about an environment."""

    name = Text(max_length=120, required=False)
    colour = serializers.ChoiceField(choices=Colour.choices, required=False)
    active = Flag(required=False)
    processor_tag = Tag(required=False, help_text="The processor that runs its work.")
    keep_completed_days = Whole(
        min_value=1, max_value=400, required=False, help_text="How many days completed runs are kept."
    )
    keep_failed_days = Whole(
        min_value=1, max_value=400, required=False, help_text="How many days all other ended runs are kept."
    )


class EnvironmentInput(EnvironmentChange):
    """A new environment, placed after the others."""

    slug = Tag(help_text="Fixed afterwards.")
    name = Text(max_length=120)


class OrderInput(serializers.Serializer[Any]):
    """The order of all environments."""

    environments = Tags(help_text="Every slug of the product, once.")


class EnvironmentsView(WorkspaceView):
    """`…/products/{product}/environments/`"""

    keyset = ("position", "id")

    @extend_schema(operation_id="environments_list", tags=["products"], responses=reading(EnvironmentShape(many=True)))
    def get(self, request: Any, workspace: str, product: str) -> Response:
        """All of the product, inactive ones too."""
        return self.page(environments_of(self.actor, product), EnvironmentShape)

    @extend_schema(
        operation_id="environments_create",
        tags=["products"],
        request=EnvironmentInput,
        responses=answers(EnvironmentShape, status=201),
    )
    def post(self, request: Any, workspace: str, product: str) -> Response:
        """Adds one."""
        row = create_environment(self.actor, product, self.read(EnvironmentInput))
        return created(EnvironmentShape(row).data, f"{request.path}{row.slug}/")


class EnvironmentView(WorkspaceView):
    """`…/products/{product}/environments/{environment}/`"""

    @extend_schema(operation_id="environments_read", tags=["products"], responses=reading(EnvironmentShape))
    def get(self, request: Any, workspace: str, product: str, environment: str) -> Response:
        """One environment."""
        return Response(EnvironmentShape(environment_detail(self.actor, product, environment)).data)

    @extend_schema(
        operation_id="environments_update",
        tags=["products"],
        request=EnvironmentChange,
        responses=answers(EnvironmentShape),
    )
    def patch(self, request: Any, workspace: str, product: str, environment: str) -> Response:
        """Changes it."""
        row = update_environment(self.actor, product, environment, self.read(EnvironmentChange))
        return Response(EnvironmentShape(row).data)

    @extend_schema(operation_id="environments_delete", tags=["products"], responses=answers())
    def delete(self, request: Any, workspace: str, product: str, environment: str) -> Response:
        """Deletes it with what connections hold for it and its runs."""
        delete_environment(self.actor, product, environment)
        return Response(status=204)


class EnvironmentOrderView(WorkspaceView):
    """`…/products/{product}/environment-order/`"""

    @extend_schema(
        operation_id="environments_order",
        tags=["products"],
        request=OrderInput,
        responses=answers(EnvironmentShape(many=True)),
    )
    def put(self, request: Any, workspace: str, product: str) -> Response:
        """Puts all environments in this order."""
        rows = order_environments(self.actor, product, self.read(OrderInput)["environments"])
        return Response(EnvironmentShape(rows, many=True).data)

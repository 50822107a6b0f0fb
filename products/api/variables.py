"""REST of an app's variables and constants."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from products.api.base import WorkspaceView
from products.api.fields import Flag, Text
from products.api.schema import answers, created, reading
from products.models import AppConstant, AppVariable
from products.queries import apps as queries
from products.services import variables


class VariableShape(serializers.ModelSerializer[AppVariable]):
    """A value that whoever connects the app supplies."""

    class Meta:
        model = AppVariable
        fields = ["id", "key", "type", "default", "description", "secret", "required", "created_at", "updated_at"]
        read_only_fields = fields
        ref_name = "Variable"


class VariableChange(serializers.Serializer[Any]):
    """What may change about a variable."""

    type = Text(max_length=40, required=False, help_text="One of the field types, such as `string` or `number`.")
    default = serializers.JSONField(required=False, allow_null=True)
    description = Text(max_length=4000, required=False, allow_blank=True)
    secret = Flag(required=False, help_text="Its values are sealed and never shown; it has no default.")
    required = Flag(required=False)  # type: ignore[assignment]  # the domain's word


class VariableInput(VariableChange):
    """A new variable."""

    key = Text(max_length=120, help_text="Used as `{{key}}`; fixed afterwards.")


class ConstantShape(serializers.ModelSerializer[AppConstant]):
    """A value fixed by the app."""

    class Meta:
        model = AppConstant
        fields = ["id", "key", "type", "value", "description", "created_at", "updated_at"]
        read_only_fields = fields
        ref_name = "Constant"


class ConstantChange(serializers.Serializer[Any]):
    """What may change about a constant."""

    type = Text(max_length=40, required=False)
    value = serializers.JSONField(required=False)
    description = Text(max_length=4000, required=False, allow_blank=True)


class ConstantInput(ConstantChange):
    """A new constant."""

    key = Text(max_length=120, help_text="Used as `{{key}}`; fixed afterwards.")
    value = serializers.JSONField()


class VariablesView(WorkspaceView):
    """`…/apps/{app}/variables/`"""

    keyset = ("key",)

    @extend_schema(operation_id="variables_list", tags=["apps"], responses=reading(VariableShape(many=True)))
    def get(self, request: Any, workspace: str, app: str) -> Response:
        """What whoever connects the app supplies."""
        return self.page(queries.variables_of(self.actor, app), VariableShape)

    @extend_schema(
        operation_id="variables_create",
        tags=["apps"],
        request=VariableInput,
        responses=answers(VariableShape, status=201),
    )
    def post(self, request: Any, workspace: str, app: str) -> Response:
        """Adds one."""
        row = variables.create_variable(self.actor, app, self.read(VariableInput))
        return created(VariableShape(row).data, f"{request.path}{row.key}/")


class VariableView(WorkspaceView):
    """`…/apps/{app}/variables/{variable}/`"""

    @extend_schema(operation_id="variables_read", tags=["apps"], responses=reading(VariableShape))
    def get(self, request: Any, workspace: str, app: str, variable: str) -> Response:
        """One variable."""
        return Response(VariableShape(queries.variable(self.actor, app, variable)).data)

    @extend_schema(
        operation_id="variables_update", tags=["apps"], request=VariableChange, responses=answers(VariableShape)
    )
    def patch(self, request: Any, workspace: str, app: str, variable: str) -> Response:
        """Changes it."""
        row = variables.update_variable(self.actor, app, variable, self.read(VariableChange))
        return Response(VariableShape(row).data)

    @extend_schema(operation_id="variables_delete", tags=["apps"], responses=answers())
    def delete(self, request: Any, workspace: str, app: str, variable: str) -> Response:
        """Deletes it."""
        variables.delete_variable(self.actor, app, variable)
        return Response(status=204)


class ConstantsView(WorkspaceView):
    """`…/apps/{app}/constants/`"""

    keyset = ("key",)

    @extend_schema(operation_id="constants_list", tags=["apps"], responses=reading(ConstantShape(many=True)))
    def get(self, request: Any, workspace: str, app: str) -> Response:
        """What the app fixes."""
        return self.page(queries.constants_of(self.actor, app), ConstantShape)

    @extend_schema(
        operation_id="constants_create",
        tags=["apps"],
        request=ConstantInput,
        responses=answers(ConstantShape, status=201),
    )
    def post(self, request: Any, workspace: str, app: str) -> Response:
        """Adds one."""
        row = variables.create_constant(self.actor, app, self.read(ConstantInput))
        return created(ConstantShape(row).data, f"{request.path}{row.key}/")


class ConstantView(WorkspaceView):
    """`…/apps/{app}/constants/{constant}/`"""

    @extend_schema(operation_id="constants_read", tags=["apps"], responses=reading(ConstantShape))
    def get(self, request: Any, workspace: str, app: str, constant: str) -> Response:
        """One constant."""
        return Response(ConstantShape(queries.constant(self.actor, app, constant)).data)

    @extend_schema(
        operation_id="constants_update", tags=["apps"], request=ConstantChange, responses=answers(ConstantShape)
    )
    def patch(self, request: Any, workspace: str, app: str, constant: str) -> Response:
        """Changes it."""
        row = variables.update_constant(self.actor, app, constant, self.read(ConstantChange))
        return Response(ConstantShape(row).data)

    @extend_schema(operation_id="constants_delete", tags=["apps"], responses=answers())
    def delete(self, request: Any, workspace: str, app: str, constant: str) -> Response:
        """Deletes it."""
        variables.delete_constant(self.actor, app, constant)
        return Response(status=204)

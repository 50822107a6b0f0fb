"""REST of an app's auths."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from products.api.base import WorkspaceView
from products.api.fields import Flag, Tag, Text
from products.api.schema import answers, created, reading
from products.lib.auth_checks import KINDS, PLACES
from products.lib.periods import PERIODS
from products.models import AppAuth
from products.queries import apps as queries
from products.services import auths


class CredentialFieldShape(serializers.Serializer[Any]):
    """A value that whoever connects the app supplies for an auth."""

    key = Text(max_length=120)
    label = Text(max_length=200, required=False, allow_blank=True)  # type: ignore[assignment]  # the domain's word
    secret = Flag(required=False, default=True)
    required = Flag(required=False, default=True)  # type: ignore[assignment]  # the domain's word
    description = Text(max_length=4000, required=False, allow_blank=True)

    class Meta:
        ref_name = "CredentialField"


class PlacementShape(serializers.Serializer[Any]):
    """Where an auth puts a value."""

    place = serializers.ChoiceField(choices=PLACES)
    key = Text(max_length=200)
    value = Text(max_length=4000, help_text="May contain `{{credential}}` placeholders.")

    class Meta:
        ref_name = "Placement"


class LoginShape(serializers.Serializer[Any]):
    """How a `credential` auth gets its token."""

    action = Tag()
    input = serializers.DictField(required=False)
    token_path = Text(max_length=200, required=False)
    expires_in = serializers.FloatField(required=False)
    period = serializers.ChoiceField(choices=tuple(PERIODS), required=False)

    class Meta:
        ref_name = "Login"


@extend_schema_field(CredentialFieldShape(many=True))
class FieldsField(serializers.JSONField):
    """Checked by the service, which names every wrong part."""


@extend_schema_field(PlacementShape(many=True))
class PlacementsField(serializers.JSONField):
    """Checked by the service, which names every wrong part."""


@extend_schema_field(LoginShape)
class LoginField(serializers.JSONField):
    """Checked by the service, which names every wrong part."""


class AuthChange(serializers.Serializer[Any]):
    """What may change about an auth."""

    name = Text(max_length=200, required=False)
    kind = serializers.ChoiceField(choices=KINDS, required=False)
    description = Text(max_length=20_000, required=False, allow_blank=True)
    fields = FieldsField(required=False)  # type: ignore[assignment]  # the domain's word
    placements = PlacementsField(required=False)
    login = LoginField(required=False, allow_null=True)
    oauth = serializers.JSONField(required=False)


class AuthInput(AuthChange):
    """A new auth; its credential fields are those of its kind when none are given."""

    name = Text(max_length=200)
    kind = serializers.ChoiceField(choices=KINDS)
    tag = Tag(required=False)


class AuthShape(serializers.Serializer[AppAuth]):
    """One way to authenticate: definitions, never values."""

    id = serializers.UUIDField()
    tag = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    description = serializers.CharField()
    fields = CredentialFieldShape(many=True)  # type: ignore[assignment]  # the domain's word
    placements = PlacementShape(many=True)
    login = LoginShape(allow_null=True)
    oauth = serializers.DictField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    class Meta:
        ref_name = "Auth"

    def to_representation(self, instance: AppAuth) -> dict[str, Any]:
        """The stored definition with the row's id and times."""
        times = {"created_at": instance.created_at, "updated_at": instance.updated_at}
        return {"id": instance.pk, **instance.spec, "tag": instance.tag, **times}


class AuthsView(WorkspaceView):
    """`…/apps/{app}/auths/`"""

    keyset = ("tag",)

    @extend_schema(operation_id="auths_list", tags=["apps"], responses=reading(AuthShape(many=True)))
    def get(self, request: Any, workspace: str, app: str) -> Response:
        """The app's ways to authenticate."""
        return self.page(queries.auths_of(self.actor, app), AuthShape)

    @extend_schema(
        operation_id="auths_create", tags=["apps"], request=AuthInput, responses=answers(AuthShape, status=201)
    )
    def post(self, request: Any, workspace: str, app: str) -> Response:
        """Adds one."""
        row = auths.create_auth(self.actor, app, self.read(AuthInput))
        return created(AuthShape(row).data, f"{request.path}{row.tag}/")


class AuthView(WorkspaceView):
    """`…/apps/{app}/auths/{auth}/`"""

    @extend_schema(operation_id="auths_read", tags=["apps"], responses=reading(AuthShape))
    def get(self, request: Any, workspace: str, app: str, auth: str) -> Response:
        """One auth."""
        return Response(AuthShape(queries.auth(self.actor, app, auth)).data)

    @extend_schema(operation_id="auths_update", tags=["apps"], request=AuthChange, responses=answers(AuthShape))
    def patch(self, request: Any, workspace: str, app: str, auth: str) -> Response:
        """Changes it; another kind begins with that kind's own fields."""
        return Response(AuthShape(auths.update_auth(self.actor, app, auth, self.read(AuthChange))).data)

    @extend_schema(operation_id="auths_delete", tags=["apps"], responses=answers())
    def delete(self, request: Any, workspace: str, app: str, auth: str) -> Response:
        """Deletes one that no connection and no action uses."""
        auths.delete_auth(self.actor, app, auth)
        return Response(status=204)

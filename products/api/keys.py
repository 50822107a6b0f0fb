"""REST of access keys."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from products.api.base import WorkspaceView
from products.api.fields import Items, Tags, Text
from products.api.schema import answers, created, reading
from products.models import AccessKey, KeyVerb
from products.queries.keys import key_by_id, keys_of
from products.services.keys import NewKey, create_key, revoke_key


class KeyShape(serializers.ModelSerializer[AccessKey]):
    """An access key; `prefix` is the part of it that may be shown."""

    verbs = serializers.ListField(child=serializers.ChoiceField(choices=KeyVerb.choices), read_only=True)
    product_scope = serializers.ListField(child=serializers.CharField(), read_only=True)
    environment_scope = serializers.ListField(child=serializers.CharField(), read_only=True)
    created_by = serializers.CharField(source="created_by.email", default="", read_only=True)

    class Meta:
        model = AccessKey
        fields = [
            "id", "name", "prefix", "verbs", "product_scope", "environment_scope",
            "expires_at", "last_used_at", "revoked_at", "created_by", "created_at",
        ]  # fmt: skip
        read_only_fields = fields
        ref_name = "AccessKey"


class IssuedKeyShape(KeyShape):
    """A new key with its text, which is not shown again."""

    text = serializers.SerializerMethodField()

    class Meta(KeyShape.Meta):
        fields = [*KeyShape.Meta.fields, "text"]
        read_only_fields = fields
        ref_name = "IssuedAccessKey"

    def get_text(self, row: AccessKey) -> str:
        """Send it as `Authorization: Bearer …`."""
        return str(self.context["text"])


class KeyInput(serializers.Serializer[Any]):
    """A new key. Empty scopes mean: all."""

    name = Text(max_length=120)
    verbs = Items(child=serializers.ChoiceField(choices=KeyVerb.choices), allow_empty=False, max_length=3)
    product_scope = Tags(required=False, help_text="Product tags.")
    environment_scope = Tags(required=False, help_text="Environment slugs, for running, deploying and changing.")
    expires_at = serializers.DateTimeField(required=False, allow_null=True)


class KeysView(WorkspaceView):
    """`…/keys/`"""

    @extend_schema(operation_id="keys_list", tags=["keys"], responses=reading(KeyShape(many=True)))
    def get(self, request: Any, workspace: str) -> Response:
        """All of the workspace, revoked ones too."""
        return self.page(keys_of(self.actor), KeyShape)

    @extend_schema(
        operation_id="keys_create", tags=["keys"], request=KeyInput, responses=answers(IssuedKeyShape, status=201)
    )
    def post(self, request: Any, workspace: str) -> Response:
        """Makes a key; its text is in this answer and nowhere else."""
        issued = create_key(self.actor, NewKey(**self.read(KeyInput)))
        body = IssuedKeyShape(issued.key, context={"text": issued.text}).data
        return created(body, f"{request.path}{issued.key.pk}/")


class KeyView(WorkspaceView):
    """`…/keys/{key}/`"""

    @extend_schema(operation_id="keys_read", tags=["keys"], responses=reading(KeyShape))
    def get(self, request: Any, workspace: str, key: Any) -> Response:
        """One key, without its text."""
        return Response(KeyShape(key_by_id(self.actor, key)).data)

    @extend_schema(operation_id="keys_revoke", tags=["keys"], responses=answers())
    def delete(self, request: Any, workspace: str, key: Any) -> Response:
        """Revokes it at once and for good; it stays in the list."""
        revoke_key(self.actor, key)
        return Response(status=204)

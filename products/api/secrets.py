"""REST of workspace secrets: write-only."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from products.api.base import WorkspaceView
from products.api.fields import Items, Text
from products.api.schema import answers, created, reading
from products.lib.origins import MAX_ENTRIES
from products.models import Secret
from products.models.secrets import SECRET_KEY_PATTERN
from products.queries.secrets import secret_by_key, secrets_of, uses_of
from products.services.secrets import MAX_VALUE_BYTES, create_secret, delete_secret, update_secret


class SecretShape(serializers.ModelSerializer[Secret]):
    """A secret without its value, which nobody can read back."""

    changed_by = serializers.CharField(source="changed_by.email", default="", read_only=True)
    allowed_hosts = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Secret
        fields = [
            "id", "key", "description", "revision", "expires_at", "allowed_hosts", "last_used_at", "changed_by",
            "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = fields
        ref_name = "Secret"


class UseShape(serializers.Serializer[Any]):
    """One value of a connection that names the secret, or a feature that does; what is not meant is empty."""

    product = serializers.CharField()
    connection = serializers.CharField()
    environment = serializers.CharField()
    field = serializers.CharField()
    feature = serializers.CharField(help_text="Tag of a feature whose draft names it.")

    class Meta:
        ref_name = "SecretUse"


class SecretDetailShape(SecretShape):
    """A secret and where it is named."""

    used_by = serializers.SerializerMethodField()

    class Meta(SecretShape.Meta):
        fields = [*SecretShape.Meta.fields, "used_by"]
        read_only_fields = fields
        ref_name = "SecretDetail"

    @extend_schema_field(UseShape(many=True))
    def get_used_by(self, row: Secret) -> list[dict[str, str]]:
        """Values of connections, and features, that name it."""
        return [asdict(use) for use in self.context["uses"]]


class SecretChange(serializers.Serializer[Any]):
    """What may change about a secret."""

    value = Text(
        max_length=MAX_VALUE_BYTES,
        trim_whitespace=False,
        required=False,
        write_only=True,
        help_text="A new value makes a new revision; the placeholder ••• keeps the one that is there.",
    )
    description = Text(max_length=500, required=False, allow_blank=True)
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="For people; the value keeps working."
    )
    allowed_hosts = Items(
        child=Text(max_length=300),
        required=False,
        max_length=MAX_ENTRIES,
        help_text="Where it may be sent: `api.example.com`, `*.example.com`, `localhost:8000`; empty: anywhere.",
    )


class SecretInput(SecretChange):
    """A new secret."""

    key = serializers.RegexField(SECRET_KEY_PATTERN.replace("$", r"\Z"), max_length=120)
    value = Text(max_length=MAX_VALUE_BYTES, trim_whitespace=False, write_only=True)


class SecretsView(WorkspaceView):
    """`…/secrets/`"""

    keyset = ("key",)

    @extend_schema(operation_id="secrets_list", tags=["secrets"], responses=reading(SecretShape(many=True)))
    def get(self, request: Any, workspace: str) -> Response:
        """All of the workspace, without values."""
        return self.page(secrets_of(self.actor), SecretShape)

    @extend_schema(
        operation_id="secrets_create",
        tags=["secrets"],
        request=SecretInput,
        responses=answers(SecretShape, status=201),
    )
    def post(self, request: Any, workspace: str) -> Response:
        """Stores a secret, sealed."""
        row = create_secret(self.actor, **self.read(SecretInput))
        return created(SecretShape(row).data, f"{request.path}{row.key}/")


class SecretView(WorkspaceView):
    """`…/secrets/{secret}/`"""

    moves = frozenset({"last_used_at"})

    @extend_schema(operation_id="secrets_read", tags=["secrets"], responses=reading(SecretDetailShape))
    def get(self, request: Any, workspace: str, secret: str) -> Response:
        """One secret and where it is named, without its value."""
        row = secret_by_key(self.actor, secret)
        return Response(SecretDetailShape(row, context={"uses": uses_of(self.actor, row.key)}).data)

    @extend_schema(
        operation_id="secrets_update", tags=["secrets"], request=SecretChange, responses=answers(SecretShape)
    )
    def patch(self, request: Any, workspace: str, secret: str) -> Response:
        """Another value, description or reminder."""
        return Response(SecretShape(update_secret(self.actor, secret, self.read(SecretChange))).data)

    @extend_schema(operation_id="secrets_delete", tags=["secrets"], responses=answers())
    def delete(self, request: Any, workspace: str, secret: str) -> Response:
        """Deletes it; what still names it fails at its next run."""
        delete_secret(self.actor, secret)
        return Response(status=204)

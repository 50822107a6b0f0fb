"""REST of an app's actions and their samples."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from products.api.base import WorkspaceView
from products.api.fields import Flag, Tag, Tags, Text, Whole
from products.api.schema import answers, created, reading
from products.lib.action_checks import BODY_FORMATS
from products.lib.actions import INPUT_KEY
from products.lib.tries import LEAST_TRY_S, MAX_TRY_S, TIMEOUT_WORDS
from products.models import Action, ActionSample
from products.queries import actions as queries
from products.services import actions, samples

SEARCH = [
    OpenApiParameter("q", str, description="Words in the name, tag or path."),
    OpenApiParameter("folder", str, description="Path of a folder; those inside it are taken in."),
    OpenApiParameter("method", str, description="Such as `GET`."),
]


class ParameterShape(serializers.Serializer[Any]):
    """One input outside the body."""

    name = serializers.CharField()
    place = serializers.ChoiceField(choices=tuple(INPUT_KEY))
    type = serializers.CharField(required=False)
    required = serializers.BooleanField(required=False)  # type: ignore[assignment]  # the domain's word
    description = serializers.CharField(required=False)
    default = serializers.JSONField(required=False)
    sample = serializers.JSONField(required=False)
    minimum = serializers.FloatField(required=False, allow_null=True)
    maximum = serializers.FloatField(required=False, allow_null=True)
    schema = serializers.DictField(required=False)
    style = serializers.CharField(required=False)  # type: ignore[assignment]  # the domain's word
    explode = serializers.BooleanField(required=False, allow_null=True)
    enabled = serializers.BooleanField(required=False)

    class Meta:
        ref_name = "Parameter"


class BodyShape(serializers.Serializer[Any]):
    """The request body."""

    format = serializers.ChoiceField(choices=BODY_FORMATS, required=False)
    content_type = serializers.CharField(required=False)
    required = serializers.BooleanField(required=False)  # type: ignore[assignment]  # the domain's word
    description = serializers.CharField(required=False)
    schema = serializers.DictField(required=False)
    sample = serializers.JSONField(required=False)
    alternatives = serializers.ListField(child=serializers.CharField(), required=False)
    file_fields = serializers.ListField(child=serializers.CharField(), required=False)

    class Meta:
        ref_name = "Body"


class PolicyShape(serializers.Serializer[Any]):
    """How often and how long a call is tried."""

    retries = serializers.IntegerField(required=False, min_value=0, max_value=10)
    delay_s = serializers.FloatField(required=False, min_value=0, max_value=3600)
    backoff = serializers.FloatField(required=False, min_value=1, max_value=10)
    timeout_s = serializers.FloatField(
        required=False, min_value=LEAST_TRY_S, max_value=MAX_TRY_S, help_text=TIMEOUT_WORDS
    )

    class Meta:
        ref_name = "Policy"


@extend_schema_field(ParameterShape(many=True))
class ParametersField(serializers.JSONField):
    """Checked by the service, which names every wrong part."""


@extend_schema_field(BodyShape)
class BodyField(serializers.JSONField):
    """Checked by the service, which names every wrong part."""


@extend_schema_field(PolicyShape)
class PolicyField(serializers.DictField):
    """Checked by the service, which names every wrong part."""


class ActionChange(serializers.Serializer[Any]):
    """What may change about an action."""

    name = Text(max_length=200, required=False)
    method = Text(max_length=20, required=False)
    path = Text(max_length=2000, required=False, help_text="`{name}` marks a path parameter.")
    folder = Text(max_length=1000, required=False, allow_blank=True, help_text="`Payments / Refunds`; made if new.")
    description = Text(max_length=100_000, required=False, allow_blank=True)
    parameters = ParametersField(required=False)
    body = BodyField(required=False, allow_null=True)
    auths = Tags(required=False, help_text="Auths of the app any one of which will do; none: the app's default.")
    anonymous = Flag(required=False)
    base_url = Text(max_length=2000, required=False, allow_blank=True)
    deprecated = Flag(required=False)
    defs = serializers.DictField(required=False)
    policy = PolicyField(required=False)


class ActionInput(ActionChange):
    """A new action."""

    name = Text(max_length=200)
    method = Text(max_length=20)
    path = Text(max_length=2000)
    tag = Tag(required=False, help_text="Made from the name when it is not given; fixed afterwards.")


class ActionRowShape(serializers.ModelSerializer[Action]):
    """An action in a list."""

    folder = serializers.CharField(source="folder.path", default="")

    class Meta:
        model = Action
        fields = ["id", "tag", "name", "method", "path", "folder", "deprecated", "position", "created_at", "updated_at"]
        read_only_fields = fields
        ref_name = "ActionRow"


class SampleShape(serializers.ModelSerializer[ActionSample]):
    """An example answer."""

    class Meta:
        model = ActionSample
        fields = ["id", "name", "status", "content_type", "headers", "body", "imported", "created_at", "updated_at"]
        read_only_fields = fields
        ref_name = "Sample"


class SampleInput(serializers.Serializer[Any]):
    """An answer to keep."""

    name = Text(max_length=200)
    status = Whole(required=False, min_value=100, max_value=599)
    content_type = Text(max_length=200, required=False, allow_blank=True)
    headers = serializers.DictField(required=False)
    body = serializers.JSONField(required=False)


class ActionShape(ActionRowShape):
    """An action with its whole definition and its samples."""

    description = serializers.CharField(source="spec.description")
    parameters = ParametersField(source="spec.parameters")
    body = BodyField(source="spec.body", allow_null=True)
    auths = serializers.ListField(source="spec.auths", child=serializers.CharField())
    anonymous = serializers.BooleanField(source="spec.anonymous")
    base_url = serializers.CharField(source="spec.base_url")
    source_id = serializers.CharField()
    scripts = serializers.CharField(source="spec.scripts")
    defs = serializers.DictField(source="spec.defs")
    policy = PolicyField()
    samples = SampleShape(many=True)

    class Meta(ActionRowShape.Meta):
        fields = [
            *ActionRowShape.Meta.fields, "description", "parameters", "body", "auths", "anonymous", "base_url",
            "source_id", "scripts", "defs", "policy", "samples",
        ]  # fmt: skip
        read_only_fields = fields
        ref_name = "Action"


class ActionSearch(serializers.Serializer[Any]):
    """Filters of the list."""

    q = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)
    folder = serializers.CharField(max_length=1000, required=False, default="", allow_blank=True)
    method = serializers.CharField(max_length=20, required=False, default="", allow_blank=True)


class ActionsView(WorkspaceView):
    """`…/apps/{app}/actions/`"""

    keyset = ("position", "id")
    search = ActionSearch

    @extend_schema(
        operation_id="actions_list", tags=["apps"], parameters=SEARCH, responses=reading(ActionRowShape(many=True))
    )
    def get(self, request: Any, workspace: str, app: str) -> Response:
        """The app's actions, without their definitions."""
        chosen = self.chosen()
        return self.page(queries.actions_of(self.actor, app, search=chosen.pop("q"), **chosen), ActionRowShape)

    @extend_schema(
        operation_id="actions_create", tags=["apps"], request=ActionInput, responses=answers(ActionShape, status=201)
    )
    def post(self, request: Any, workspace: str, app: str) -> Response:
        """Adds one."""
        row = actions.create_action(self.actor, app, self.read(ActionInput))
        return created(ActionShape(row).data, f"{request.path}{row.tag}/")


class ActionView(WorkspaceView):
    """`…/apps/{app}/actions/{action}/`"""

    @extend_schema(operation_id="actions_read", tags=["apps"], responses=reading(ActionShape))
    def get(self, request: Any, workspace: str, app: str, action: str) -> Response:
        """One action with its definition and samples."""
        return Response(ActionShape(queries.action_detail(self.actor, app, action)).data)

    @extend_schema(operation_id="actions_update", tags=["apps"], request=ActionChange, responses=answers(ActionShape))
    def patch(self, request: Any, workspace: str, app: str, action: str) -> Response:
        """Changes what the body names; lists and the body schema are replaced as a whole."""
        return Response(ActionShape(actions.update_action(self.actor, app, action, self.read(ActionChange))).data)

    @extend_schema(operation_id="actions_delete", tags=["apps"], responses=answers())
    def delete(self, request: Any, workspace: str, app: str, action: str) -> Response:
        """Deletes it with its samples."""
        actions.delete_action(self.actor, app, action)
        return Response(status=204)


class SamplesView(WorkspaceView):
    """`…/apps/{app}/actions/{action}/samples/`"""

    keyset = ("id",)

    @extend_schema(operation_id="samples_list", tags=["apps"], responses=reading(SampleShape(many=True)))
    def get(self, request: Any, workspace: str, app: str, action: str) -> Response:
        """Example answers."""
        return self.page(queries.samples_of(self.actor, app, action), SampleShape)

    @extend_schema(
        operation_id="samples_create", tags=["apps"], request=SampleInput, responses=answers(SampleShape, status=201)
    )
    def post(self, request: Any, workspace: str, app: str, action: str) -> Response:
        """Keeps an answer as a sample; headers that hold secrets are masked."""
        row = samples.save_sample(self.actor, app, action, self.read(SampleInput))
        return created(SampleShape(row).data, f"{request.path}{row.pk}/")


class SampleView(WorkspaceView):
    """`…/apps/{app}/actions/{action}/samples/{sample}/`"""

    @extend_schema(operation_id="samples_delete", tags=["apps"], responses=answers())
    def delete(self, request: Any, workspace: str, app: str, action: str, sample: str) -> Response:
        """Deletes it."""
        samples.delete_sample(self.actor, app, action, sample)
        return Response(status=204)

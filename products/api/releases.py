"""REST of releases, and of which of them an environment runs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from products import access
from products.api.features import OfProduct
from products.api.fields import Text, Whole
from products.api.schema import answers, created, reading
from products.models import Environment, Release
from products.queries.releases import difference, draft_content, missing_in, release, releases_of
from products.services.releases import deploy, make_release

MAX_NUMBER = 2**31 - 1


class ReleaseRowShape(serializers.ModelSerializer[Release]):
    """A release in a list."""

    environments: Any = serializers.SlugRelatedField(
        slug_field="slug", many=True, read_only=True, help_text="Those that run it."
    )

    class Meta:
        model = Release
        fields = ["id", "number", "note", "author", "content_hash", "environments", "created_at"]
        read_only_fields = fields
        ref_name = "ReleaseRow"


class ContentShape(serializers.Serializer[Any]):
    """What a release holds; secrets by reference, never by value."""

    features = serializers.DictField(help_text="By tag: `name`, `description`, `definition`.")
    actions = serializers.DictField(help_text="By `connection:action`: the actions that features call, as they were.")
    operations = serializers.DictField(
        required=False, help_text="By `database:action`: the database actions that features use, as they were."
    )

    class Meta:
        ref_name = "ReleaseContent"


class ReleaseShape(ReleaseRowShape):
    """A release with its content."""

    content = ContentShape()

    class Meta(ReleaseRowShape.Meta):
        fields = [*ReleaseRowShape.Meta.fields, "content"]
        read_only_fields = fields
        ref_name = "Release"


class ReleaseInput(serializers.Serializer[Any]):
    """What people should know about it."""

    note = Text(max_length=4000, required=False, allow_blank=True, default="")


class ChangeShape(serializers.Serializer[Any]):
    """One thing that differs."""

    kind = serializers.CharField(help_text="`added`, `changed` or `removed`.")
    what = serializers.CharField(help_text="`feature` or `action`.")
    tag = serializers.CharField(help_text="Of an action: `connection:action`.")
    lines = serializers.ListField(child=serializers.CharField(), help_text="As `diff -u` writes them.")
    more = serializers.IntegerField(help_text="How many lines were left out.")

    class Meta:
        ref_name = "ReleaseChange"


class DifferenceShape(serializers.Serializer[Any]):
    """What has to be done to one release to make it the other; null is the draft."""

    before = serializers.IntegerField()
    after = serializers.IntegerField(allow_null=True)
    changes = ChangeShape(many=True)

    class Meta:
        ref_name = "ReleaseDifference"


class OtherRelease(serializers.Serializer[Any]):
    """Which other one."""

    to = serializers.IntegerField(min_value=1, max_value=MAX_NUMBER, required=False, default=None)


class DeploymentShape(serializers.Serializer[Any]):
    """What an environment runs, and what it lacks for it."""

    environment = serializers.CharField()
    release = serializers.IntegerField(allow_null=True, help_text="null: it follows the draft.")
    missing = serializers.ListField(
        child=serializers.CharField(), help_text="What keeps runs from starting there, in sentences."
    )

    class Meta:
        ref_name = "Deployment"


class DeploymentInput(serializers.Serializer[Any]):
    """What to run from now on."""

    release = Whole(
        min_value=1, max_value=MAX_NUMBER, allow_null=True, help_text="Number of a release; null follows the draft."
    )


class ReleasesView(OfProduct):
    """`…/products/{product}/releases/`"""

    keyset = ("-number",)

    @extend_schema(operation_id="releases_list", tags=["features"], responses=reading(ReleaseRowShape(many=True)))
    def get(self, request: Any, workspace: str, product: str) -> Response:
        """The newest first, without their content."""
        return self.page(releases_of(self.actor, self.product), ReleaseRowShape)

    @extend_schema(
        operation_id="releases_create",
        tags=["features"],
        request=ReleaseInput,
        responses=answers(ReleaseShape, status=201),
    )
    def post(self, request: Any, workspace: str, product: str) -> Response:
        """Makes the draft a release. 409 `nothing_changed` when it is what the last one is."""
        row = make_release(self.actor, self.product, **self.read(ReleaseInput))
        return created(ReleaseShape(row).data, f"{request.path}{row.number}/")


class ReleaseView(OfProduct):
    """`…/products/{product}/releases/{release}/`"""

    @extend_schema(operation_id="releases_read", tags=["features"], responses=reading(ReleaseShape))
    def get(self, request: Any, workspace: str, product: str, release: str) -> Response:
        """One release with all it holds."""
        return Response(ReleaseShape(_one(self, release)).data)


class ReleaseDifferenceView(OfProduct):
    """`…/products/{product}/releases/{release}/difference/`"""

    search = OtherRelease

    @extend_schema(
        operation_id="releases_difference",
        tags=["features"],
        parameters=[OpenApiParameter("to", int, description="Number of the other release; without it the draft.")],
        responses=reading(DifferenceShape),
    )
    def get(self, request: Any, workspace: str, product: str, release: str) -> Response:
        """What happened between this release and another one, or the draft."""
        before, to = _one(self, release), self.chosen()["to"]
        after = draft_content(self.product) if to is None else _one(self, to).content
        changes = [asdict(change) for change in difference(before.content, after)]
        return Response({"before": before.number, "after": to, "changes": changes})


class DeploymentView(OfProduct):
    """`…/products/{product}/environments/{environment}/release/`"""

    @extend_schema(operation_id="environments_release", tags=["features"], responses=reading(DeploymentShape))
    def get(self, request: Any, workspace: str, product: str, environment: str) -> Response:
        """What it runs, and what it lacks for that."""
        return Response(_deployment(access.environment(self.actor, self.product, environment)))

    @extend_schema(
        operation_id="environments_deploy",
        tags=["features"],
        request=DeploymentInput,
        responses=answers(DeploymentShape),
    )
    def put(self, request: Any, workspace: str, product: str, environment: str) -> Response:
        """Lets it run a release from now on. An earlier one takes the environment back; null follows the draft."""
        row = access.environment(self.actor, self.product, environment)
        return Response(_deployment(deploy(self.actor, row, self.read(DeploymentInput)["release"])))


def _one(view: OfProduct, number: int | str) -> Release:
    return release(view.actor, view.product, number)


def _deployment(row: Environment) -> dict[str, Any]:
    content = row.release.content if row.release else draft_content(row.product)
    number = row.release.number if row.release else None
    return {"environment": row.slug, "release": number, "missing": missing_in(row, content)}

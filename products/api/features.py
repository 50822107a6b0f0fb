"""REST of features as their drafts stand."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from products import access
from products.api.base import WorkspaceView
from products.api.errors import as_json
from products.api.feature_shapes import (
    EXAMPLE,
    ExamineInput,
    FeatureChange,
    FeatureInput,
    FeatureReplacement,
    FeatureRowShape,
    FeatureSearch,
    FeatureShape,
    FindingsShape,
    SavedFeatureShape,
)
from products.api.schema import answers, created, reading
from products.models import Product, Workspace
from products.queries.features import feature, features_found
from products.services.features import Saved, create_feature, delete_feature, examine, update_feature


class OfProduct(WorkspaceView):
    """A view below `…/products/{product}/`; `self.product` is set before any method runs."""

    product: Product

    def enter(self, request: Any, **kwargs: Any) -> Workspace:
        """Raises NotFound for strangers, and where there is no such product for the caller."""
        home = super().enter(request, **kwargs)
        self.product = access.product(self.actor, kwargs["product"])
        return home


class FeaturesView(OfProduct):
    """`…/products/{product}/features/`"""

    keyset = ("name", "id")
    search = FeatureSearch

    @extend_schema(
        operation_id="features_list",
        tags=["features"],
        parameters=[OpenApiParameter("q", str, description="Part of the name or tag.")],
        responses=reading(FeatureRowShape(many=True)),
    )
    def get(self, request: Any, workspace: str, product: str) -> Response:
        """All of the product, without their definitions."""
        rows = features_found(self.actor, self.product, search=self.chosen()["q"])
        return self.page(rows, FeatureRowShape)

    @extend_schema(
        operation_id="features_create",
        tags=["features"],
        request=FeatureInput,
        examples=[EXAMPLE],
        responses=answers(SavedFeatureShape, status=201),
    )
    def post(self, request: Any, workspace: str, product: str) -> Response:
        """Makes one. It is checked against the whole product: `errors` names everything that is wrong."""
        saved = create_feature(self.actor, self.product, **self.read(FeatureInput))
        return created(_told(saved), f"{request.path}{saved.row.tag}/")


class FeatureView(OfProduct):
    """`…/products/{product}/features/{feature}/`"""

    @extend_schema(operation_id="features_read", tags=["features"], responses=reading(FeatureShape))
    def get(self, request: Any, workspace: str, product: str, feature: str) -> Response:
        """One feature with its definition."""
        return Response(FeatureShape(self._row(feature)).data)

    @extend_schema(
        operation_id="features_replace",
        tags=["features"],
        request=FeatureReplacement,
        examples=[EXAMPLE],
        responses=answers(SavedFeatureShape),
    )
    def put(self, request: Any, workspace: str, product: str, feature: str) -> Response:
        """Another name, description and definition; what is not given is as in a new feature."""
        row = self._row(feature)
        return Response(_told(update_feature(self.actor, row, **self.read(FeatureReplacement))))

    @extend_schema(
        operation_id="features_update",
        tags=["features"],
        request=FeatureChange,
        responses=answers(SavedFeatureShape),
    )
    def patch(self, request: Any, workspace: str, product: str, feature: str) -> Response:
        """Changes what is given; a definition is replaced as a whole."""
        row = self._row(feature)
        return Response(_told(update_feature(self.actor, row, **self.read(FeatureChange))))

    @extend_schema(operation_id="features_delete", tags=["features"], responses=answers())
    def delete(self, request: Any, workspace: str, product: str, feature: str) -> Response:
        """Deletes it from the draft; releases keep theirs. 409 while another feature starts it."""
        delete_feature(self.actor, self._row(feature))
        return Response(status=204)

    def _row(self, tag: str) -> Any:
        return feature(self.actor, self.product, tag)


class ExamineFeatureView(OfProduct):
    """`…/products/{product}/feature-check/`"""

    remembers_posts = False  # it changes nothing

    @extend_schema(
        operation_id="features_check",
        tags=["features"],
        request=ExamineInput,
        responses=answers(FindingsShape, errors=(400,)),
    )
    def post(self, request: Any, workspace: str, product: str) -> Response:
        """What saving it would say, without saving it: wrong definitions are answered, not refused."""
        found = examine(self.actor, self.product, **self.read(ExamineInput))
        parts = {"errors": found.errors, "warnings": found.warnings}
        return Response({name: [as_json(one) for one in problems] for name, problems in parts.items()})


def _told(saved: Saved) -> Any:
    return SavedFeatureShape(saved.row, context={"warnings": [as_json(one) for one in saved.warnings]}).data

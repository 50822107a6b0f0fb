"""REST of products."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from products.api.base import WorkspaceView
from products.api.environments import EnvironmentShape
from products.api.fields import Tag, Text
from products.api.schema import answers, created, reading
from products.models import Product
from products.queries.products import product_detail, products_list
from products.services.products import create_product, delete_product, update_product


class ProductShape(serializers.ModelSerializer[Product]):
    """A product with its environments."""

    environments = EnvironmentShape(many=True, read_only=True)

    class Meta:
        model = Product
        fields = ["id", "tag", "name", "description", "environments", "created_at", "updated_at"]
        read_only_fields = fields
        ref_name = "Product"


class ProductInput(serializers.Serializer[Any]):
    """A new product; it gets the environments dev, stg and prd."""

    name = Text(max_length=120)
    tag = Tag(required=False, help_text="Made from the name when it is not given; fixed afterwards.")
    description = Text(max_length=4000, required=False, allow_blank=True)


class ProductChange(serializers.Serializer[Any]):
    """What may change about a product."""

    name = Text(max_length=120, required=False)
    description = Text(max_length=4000, required=False, allow_blank=True)


class ProductSearch(serializers.Serializer[Any]):
    """Filters of the list."""

    q = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)


class ProductsView(WorkspaceView):
    """`…/products/`"""

    keyset = ("name", "id")
    search = ProductSearch

    @extend_schema(
        operation_id="products_list",
        tags=["products"],
        parameters=[OpenApiParameter("q", str, description="Part of the name or tag.")],
        responses=reading(ProductShape(many=True)),
    )
    def get(self, request: Any, workspace: str) -> Response:
        """Those the caller may see."""
        return self.page(products_list(self.actor, search=self.chosen()["q"]), ProductShape)

    @extend_schema(
        operation_id="products_create",
        tags=["products"],
        request=ProductInput,
        responses=answers(ProductShape, status=201),
    )
    def post(self, request: Any, workspace: str) -> Response:
        """Makes a product."""
        row = create_product(self.actor, **self.read(ProductInput))
        return created(ProductShape(row).data, f"{request.path}{row.tag}/")


class ProductView(WorkspaceView):
    """`…/products/{product}/`"""

    @extend_schema(operation_id="products_read", tags=["products"], responses=reading(ProductShape))
    def get(self, request: Any, workspace: str, product: str) -> Response:
        """One product."""
        return Response(ProductShape(product_detail(self.actor, product)).data)

    @extend_schema(
        operation_id="products_update", tags=["products"], request=ProductChange, responses=answers(ProductShape)
    )
    def patch(self, request: Any, workspace: str, product: str) -> Response:
        """Another name or description."""
        return Response(ProductShape(update_product(self.actor, product, self.read(ProductChange))).data)

    @extend_schema(operation_id="products_delete", tags=["products"], responses=answers())
    def delete(self, request: Any, workspace: str, product: str) -> Response:
        """Deletes it with its environments, connections and runs.

        From the answer on nobody finds it and nothing of it runs, and its tag is free; its rows go in the background.
        """
        delete_product(self.actor, product)
        return Response(status=204)

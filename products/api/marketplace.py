"""REST of the marketplace: definitions of published apps, for every workspace."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from products.api.actions import SEARCH as ACTION_FILTERS
from products.api.actions import ActionRowShape, ActionSearch, ActionShape
from products.api.apps import SEARCH, AppEnvironmentShape, AppSearch
from products.api.auths import AuthShape
from products.api.base import WorkspaceView
from products.api.schema import reading
from products.api.variables import ConstantShape, VariableShape
from products.models import App
from products.queries import actions as action_queries
from products.queries import marketplace as queries


class ListingShape(serializers.ModelSerializer[App]):
    """A published app."""

    publisher = serializers.CharField(source="workspace.name")
    actions = serializers.IntegerField(source="action_count", default=0)

    class Meta:
        model = App
        fields = ["id", "tag", "name", "description", "category", "publisher", "actions", "published_at"]
        read_only_fields = fields
        ref_name = "Listing"


class ListingDetailShape(ListingShape):
    """A published app with what one has to supply to connect it."""

    environments = AppEnvironmentShape(many=True)
    auths = AuthShape(many=True)
    variables = VariableShape(many=True)
    constants = ConstantShape(many=True)

    class Meta(ListingShape.Meta):
        fields = [*ListingShape.Meta.fields, "environments", "auths", "variables", "constants"]
        read_only_fields = fields
        ref_name = "ListingDetail"


class MarketplaceView(WorkspaceView):
    """`…/marketplace/`"""

    keyset = ("name", "id")
    search = AppSearch

    @extend_schema(
        operation_id="marketplace_list",
        tags=["marketplace"],
        parameters=SEARCH,
        responses=reading(ListingShape(many=True)),
    )
    def get(self, request: Any, workspace: str) -> Response:
        """Published apps of all workspaces."""
        chosen = self.chosen()
        return self.page(
            queries.published_apps(self.actor, search=chosen["q"], category=chosen["category"]), ListingShape
        )


class ListingView(WorkspaceView):
    """`…/marketplace/{listing}/`"""

    @extend_schema(operation_id="marketplace_read", tags=["marketplace"], responses=reading(ListingDetailShape))
    def get(self, request: Any, workspace: str, listing: str) -> Response:
        """One published app."""
        return Response(ListingDetailShape(queries.published_app(self.actor, listing)).data)


class ListingActionsView(WorkspaceView):
    """`…/marketplace/{listing}/actions/`"""

    keyset = ("position", "id")
    search = ActionSearch

    @extend_schema(
        operation_id="marketplace_actions_list",
        tags=["marketplace"],
        parameters=ACTION_FILTERS,
        responses=reading(ActionRowShape(many=True)),
    )
    def get(self, request: Any, workspace: str, listing: str) -> Response:
        """Its actions."""
        chosen = self.chosen()
        rows = action_queries.actions_of_published(self.actor, listing, search=chosen.pop("q"), **chosen)
        return self.page(rows, ActionRowShape)


class ListingActionView(WorkspaceView):
    """`…/marketplace/{listing}/actions/{action}/`"""

    @extend_schema(operation_id="marketplace_actions_read", tags=["marketplace"], responses=reading(ActionShape))
    def get(self, request: Any, workspace: str, listing: str, action: str) -> Response:
        """One action with its definition."""
        return Response(ActionShape(action_queries.published_action(self.actor, listing, action)).data)

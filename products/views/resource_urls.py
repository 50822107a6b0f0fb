"""Routes of resources. Below `…/resources/<kind>/<resource>/` other modules add the parts of their kinds."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from products.catalog.resources import KINDS
from products.views import resources

P = "w/<slug:workspace>/p/<slug:product>/"
R = P + "resources/<slug:kind>/<slug:resource>/"

LISTS: list[URLPattern | URLResolver] = [
    path(f"{P}resources/{kind.name}/", resources.ResourcesPage.as_view(kind_name=kind.name), name=kind.plural)
    for kind in KINDS.values()
]
urlpatterns: list[URLPattern | URLResolver] = [
    *LISTS,
    path(P + "resource-new/<slug:kind>/", resources.ResourceNew.as_view(), name="resource-new"),
    path(R, resources.ResourcePage.as_view(), name="resource"),
    path(R + "edit/", resources.ResourceChange.as_view(), name="resource-edit"),
    path(R + "delete/", resources.ResourceDelete.as_view(), name="resource-delete"),
    path(R + "environments/<slug:environment>/forget/", resources.ResourceForget.as_view(), name="resource-forget"),
]

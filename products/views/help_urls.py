"""Routes of the help."""

from __future__ import annotations

from django.urls import URLPattern, path

from products.views.help import HelpView

urlpatterns: list[URLPattern] = [
    path("help/", HelpView.as_view(), name="help"),
    path("help/<slug:slug>/", HelpView.as_view(), name="help-page"),
]

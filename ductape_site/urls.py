"""Every route: pages, REST, admin, help, probes."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView

from ductape_site import errors
from ductape_site.docs_pages import ApiDocsPage

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler429 = errors.too_many  # allauth asks for this one
handler500 = errors.server_error

urlpatterns = [
    path("account/", include("allauth.account.urls")),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("account/sessions/", include("allauth.usersessions.urls")),
    # Before the admin's own, which count no wrong guesses and know of no second factor.
    path("admin/login/", secure_admin_login(RedirectView.as_view(pattern_name="admin:index"))),
    path("admin/password_change/", RedirectView.as_view(pattern_name="account_change_password")),
    path("admin/", admin.site.urls),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/docs/", ApiDocsPage.as_view(url_name="api-schema"), name="api-docs"),
    path("api/v1/", include("processors.api.urls")),  # first: runs are started far more often than anything is changed
    path("api/v1/", include("products.api.urls")),
    path("", include("processors.views.urls")),
    path("", include("processors.views.database_urls")),
    path("", include("products.views.urls")),
]

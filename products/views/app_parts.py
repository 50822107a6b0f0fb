"""The parts of an app beside its actions: environments, auths, variables and constants."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from products.forms.apps import AuthForm, ConstantForm, EnvironmentForm, VariableForm
from products.queries import apps as queries
from products.services import app_environments, auths, variables
from products.views.app_base import AppPage, PartDelete, PartPage


class EnvironmentsPage(AppPage):
    """`…/environments/`"""

    template = "products/apps/environments.html"
    tab = "app-environments"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Where the API is."""
        return self.show(request, rows=queries.shown_environments(self.app))


class EnvironmentNew(PartPage):
    """`…/add-environment/`"""

    tab, title = "app-environments", "New environment"

    def form(self, request: HttpRequest | None, **kwargs: Any) -> EnvironmentForm:
        """Empty, or as it was sent."""
        return EnvironmentForm(request.POST if request else None)

    def save(self, data: dict[str, Any], **kwargs: Any) -> Any:
        """Adds it."""
        return app_environments.create_environment(self.actor, self.app.tag, data)


class EnvironmentEdit(PartPage):
    """`…/environments/<app_environment>/`"""

    tab, title = "app-environments", "Environment"

    def form(self, request: HttpRequest | None, **kwargs: Any) -> EnvironmentForm:
        """As it is, or as it was sent."""
        row = queries.environment(self.actor, self.app.tag, kwargs["app_environment"])
        return EnvironmentForm(request.POST if request else None, row=row)

    def save(self, data: dict[str, Any], **kwargs: Any) -> Any:
        """Changes it."""
        return app_environments.update_environment(self.actor, self.app.tag, kwargs["app_environment"], data)


class EnvironmentDelete(PartDelete):
    """`…/environments/<app_environment>/delete/`"""

    tab = "app-environments"

    def delete_part(self, tag: str, **kwargs: Any) -> None:
        """Unless a connection uses it."""
        app_environments.delete_environment(self.actor, tag, kwargs["app_environment"])


class AuthsPage(AppPage):
    """`…/auths/`"""

    template = "products/apps/auths.html"
    tab = "app-auths"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Ways to authenticate."""
        return self.show(request, rows=queries.shown_auths(self.app))


class AuthNew(PartPage):
    """`…/add-auth/`"""

    template = "products/apps/auth.html"
    tab, title = "app-auths", "New auth"

    def form(self, request: HttpRequest | None, **kwargs: Any) -> AuthForm:
        """Empty, or as it was sent."""
        return AuthForm(request.POST if request else None)

    def save(self, data: dict[str, Any], **kwargs: Any) -> Any:
        """Adds it."""
        return auths.create_auth(self.actor, self.app.tag, data)


class AuthEdit(PartPage):
    """`…/auths/<auth>/`"""

    template = "products/apps/auth.html"
    tab, title = "app-auths", "Auth"

    def form(self, request: HttpRequest | None, **kwargs: Any) -> AuthForm:
        """As it is, or as it was sent."""
        row = queries.auth(self.actor, self.app.tag, kwargs["auth"])
        return AuthForm(request.POST if request else None, row=row)

    def save(self, data: dict[str, Any], **kwargs: Any) -> Any:
        """Changes it."""
        return auths.update_auth(self.actor, self.app.tag, kwargs["auth"], data)


class AuthDelete(PartDelete):
    """`…/auths/<auth>/delete/`"""

    tab = "app-auths"

    def delete_part(self, tag: str, **kwargs: Any) -> None:
        """Unless a connection or an action uses it."""
        auths.delete_auth(self.actor, tag, kwargs["auth"])


class VariablesPage(AppPage):
    """`…/variables/`"""

    template = "products/apps/variables.html"
    tab = "app-variables"

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """What a connection supplies, and what the app fixes."""
        return self.show(request, **queries.shown_values(self.app))


class VariableNew(PartPage):
    """`…/add-variable/`"""

    tab, title = "app-variables", "New variable"

    def form(self, request: HttpRequest | None, **kwargs: Any) -> VariableForm:
        """Empty, or as it was sent."""
        return VariableForm(request.POST if request else None)

    def save(self, data: dict[str, Any], **kwargs: Any) -> Any:
        """Adds it."""
        return variables.create_variable(self.actor, self.app.tag, data)


class VariableEdit(PartPage):
    """`…/variables/<variable>/`"""

    tab, title = "app-variables", "Variable"

    def form(self, request: HttpRequest | None, **kwargs: Any) -> VariableForm:
        """As it is, or as it was sent."""
        row = queries.variable(self.actor, self.app.tag, kwargs["variable"])
        return VariableForm(request.POST if request else None, row=row)

    def save(self, data: dict[str, Any], **kwargs: Any) -> Any:
        """Changes it."""
        return variables.update_variable(self.actor, self.app.tag, kwargs["variable"], data)


class VariableDelete(PartDelete):
    """`…/variables/<variable>/delete/`"""

    tab = "app-variables"

    def delete_part(self, tag: str, **kwargs: Any) -> None:
        """With its default."""
        variables.delete_variable(self.actor, tag, kwargs["variable"])


class ConstantNew(PartPage):
    """`…/add-constant/`"""

    tab, title = "app-variables", "New constant"

    def form(self, request: HttpRequest | None, **kwargs: Any) -> ConstantForm:
        """Empty, or as it was sent."""
        return ConstantForm(request.POST if request else None)

    def save(self, data: dict[str, Any], **kwargs: Any) -> Any:
        """Adds it."""
        return variables.create_constant(self.actor, self.app.tag, data)


class ConstantEdit(PartPage):
    """`…/constants/<constant>/`"""

    tab, title = "app-variables", "Constant"

    def form(self, request: HttpRequest | None, **kwargs: Any) -> ConstantForm:
        """As it is, or as it was sent."""
        row = queries.constant(self.actor, self.app.tag, kwargs["constant"])
        return ConstantForm(request.POST if request else None, row=row)

    def save(self, data: dict[str, Any], **kwargs: Any) -> Any:
        """Changes it."""
        return variables.update_constant(self.actor, self.app.tag, kwargs["constant"], data)


class ConstantDelete(PartDelete):
    """`…/constants/<constant>/delete/`"""

    tab = "app-variables"

    def delete_part(self, tag: str, **kwargs: Any) -> None:
        """At once."""
        variables.delete_constant(self.actor, tag, kwargs["constant"])

"""A person's own page."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views import View

from products.forms.workspaces import ProfileForm
from products.models import User
from products.queries.workspaces import memberships_of
from products.services.people import update_profile
from products.views.saving import saved


class Profile(LoginRequiredMixin, View):
    """`/profile/`"""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Name, time zone, and the way to password, second factor and sessions."""
        user = self._user(request)
        return self._show(request, ProfileForm(initial={"name": user.name, "time_zone": user.time_zone}))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Saves them."""
        form = ProfileForm(request.POST)
        if saved(form, lambda data: update_profile(self._user(request), data)) is None:
            return self._show(request, form, status=422)
        messages.success(request, "Saved.")
        return redirect("profile")

    def _show(self, request: HttpRequest, form: ProfileForm, status: int = 200) -> HttpResponse:
        context = {"form": form, "memberships": memberships_of(self._user(request))}
        return render(request, "products/profile/page.html", context, status=status)

    def _user(self, request: HttpRequest) -> User:
        user = request.user
        if not isinstance(user, User):
            raise TypeError("LoginRequiredMixin lets nobody else in")
        return user

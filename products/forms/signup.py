"""Signing up by invitation: the address is the invited one and cannot be another."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import SignupForm
from allauth.core import context

from products.signup import invitation_of


class InvitedSignupForm(SignupForm):  # type: ignore[misc]
    """allauth's form with the address fixed: a disabled field keeps its initial value whatever is sent."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        invitation = invitation_of(context.request)
        self.fields["email"].disabled = True
        self.fields["email"].initial = invitation.email if invitation else ""
        self.initial["email"] = self.fields["email"].initial
        self.fields["email"].label = "E-mail address"
        self.fields["password1"].help_text = "At least 8 characters, and none of the passwords that everybody uses."
        for name in ("password1", "password2"):
            self.fields[name].widget.attrs.pop("placeholder", None)

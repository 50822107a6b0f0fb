"""Forms of workspaces and of the people in them."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms

from products.access import Actor, Permission
from products.forms.fields import choices_field, name_field, tag_field
from products.models import Role
from products.queries.products import environment_slugs, product_tags


class WorkspaceForm(forms.Form):
    """A new workspace."""

    name = name_field(help_text="Your company, team or customer.")
    tag = tag_field(help_text="Stands in addresses; fixed afterwards.")


class WorkspaceRenameForm(forms.Form):
    """Another name."""

    name = name_field()


class InvitationForm(forms.Form):
    """Who is to join, as what."""

    email = forms.EmailField(label="E-mail address", max_length=254)
    role = forms.ChoiceField(label="Role", initial=Role.DEVELOPER)

    def __init__(self, *args: Any, actor: Actor, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["role"].choices = roles_for(actor)  # type: ignore[attr-defined]


class MemberForm(forms.Form):
    """What a member may do, and where."""

    role = forms.ChoiceField(label="Role")
    product_scope = choices_field("Products", [], help_text="None ticked: all products.")
    environment_scope = choices_field(
        "Environments to run and change in", [], help_text="None ticked: all. Looking is not narrowed by this."
    )

    def __init__(self, *args: Any, actor: Actor, **options: Any) -> None:
        super().__init__(*args, **options)
        set_choices(self, actor)
        self.fields["role"].choices = roles_for(actor)  # type: ignore[attr-defined]


class ProfileForm(forms.Form):
    """A person's own facts."""

    name = name_field(required=False, help_text="What others see beside your address.")
    time_zone = forms.ChoiceField(label="Time zone")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        zones = sorted(zoneinfo.available_timezones())
        self.fields["time_zone"].choices = [(zone, zone.replace("_", " ")) for zone in zones]  # type: ignore[attr-defined]


def roles_for(actor: Actor) -> list[tuple[str, str]]:
    """Those that the actor may give."""
    owners = actor.may(Permission.MANAGE_OWNERS)
    return [(value, label) for value, label in reversed(Role.choices) if value != Role.OWNER or owners]


def set_choices(form: forms.Form, actor: Actor) -> None:
    """The products and environments that there are, in both scope fields."""
    form.fields["product_scope"].choices = product_tags(actor)  # type: ignore[attr-defined]
    form.fields["environment_scope"].choices = [(slug, slug) for slug in environment_slugs(actor)]  # type: ignore[attr-defined]

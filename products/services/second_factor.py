"""Taking away a second factor that its person can no longer use."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction

from products import access
from products.lib.errors import Conflict, NotFound
from products.models import Membership, User
from products.services import audit
from products.services.sign_in import end_sessions


def reset_second_factor(email: str) -> int:
    """Deletes the person's second factors and recovery codes and signs them out everywhere; of how many places.

    Each of their workspaces has it in its audit log. Raises NotFound, and Conflict where there is none.
    """
    with transaction.atomic():
        user = User.objects.select_for_update().filter(email__iexact=email).first()
        if user is None:
            raise NotFound(f"Nobody signs in with {email}.")
        if not Authenticator.objects.filter(user=user).delete()[0]:
            raise Conflict(f"{email} has no second factor.")
        places: int = UserSession.objects.filter(user=user).count()
        end_sessions(user)
        for membership in Membership.objects.filter(user=user).select_related("workspace"):
            actor = access.system(membership.workspace)
            audit.record(actor, "member.second_factor_reset", membership, name=user.email)
    return places

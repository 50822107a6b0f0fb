"""What signing in rests on: proven addresses, sessions that end when they should, and patience with those who guess."""

from __future__ import annotations

from importlib import import_module

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction

from products.models import User
from products.services.counting import Limit, count

# What nobody gets wrong so often who has the real thing, while hundreds of colleagues may share an address.
GUESSES_A_MINUTE = 30


def prove_address(user: User) -> None:
    """Notes that the person's address is theirs: allauth lets only such people set up a second factor."""
    EmailAddress.objects.update_or_create(
        user=user, email=user.email.lower(), defaults={"primary": True, "verified": True}
    )


def end_sessions(user: User, *, but: str | None = None) -> None:
    """Signs the person out everywhere, but in the session with the key `but`; their sockets close within seconds."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    with transaction.atomic():
        rows = UserSession.objects.filter(user=user).exclude(session_key=but or "")
        for key in rows.values_list("session_key", flat=True):
            store(key).delete()
        rows.delete()


def guessed_too_often(what: str, address: str) -> bool:
    """Counts one wrong guess of a key or link from this address, and says whether that was one too many."""
    return any(one.exceeded for one in count((Limit(f"guess-{what}", GUESSES_A_MINUTE, 60), address)))

"""The doors of the workers; Celery finds a task only in a module that is named here."""

from processors.tasks import deleting, imports, invitations, looks, runs

__all__ = ["deleting", "imports", "invitations", "looks", "runs"]

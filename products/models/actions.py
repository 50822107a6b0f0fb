"""An app's actions, their folders and saved samples."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models

from products.models.apps import App
from products.models.base import Row, TagField


class Folder(Row):
    """A folder of actions. `path` holds the names from the root, joined by ` / `."""

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="folders")
    path = models.CharField(max_length=1000)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "path"]
        constraints = [models.UniqueConstraint(fields=["app", "path"], name="folder_path_unique")]

    def __str__(self) -> str:
        return self.path


class Action(Row):
    """One endpoint of an app; `spec` is `products.lib.actions.ActionSpec` as JSON, the columns repeat what lists
    show and search."""

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="actions")
    folder = models.ForeignKey(Folder, null=True, blank=True, on_delete=models.SET_NULL, related_name="actions")
    tag = TagField()
    name = models.CharField(max_length=200)
    method = models.CharField(max_length=20)
    path = models.CharField(max_length=2000)
    source_id = models.CharField(max_length=300, blank=True)
    deprecated = models.BooleanField(default=False)
    position = models.PositiveIntegerField(default=0)
    spec = models.JSONField()
    # {"retries": 0..10, "delay_s": …, "backoff": …, "timeout_s": …}; empty means the platform's defaults
    policy = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["position", "tag"]
        constraints = [models.UniqueConstraint(fields=["app", "tag"], name="action_tag_unique")]
        indexes = [
            GinIndex(SearchVector("tag", "name", "path", config="simple"), name="action_search"),
        ]

    def __str__(self) -> str:
        return f"{self.app}:{self.tag}"


class ActionSample(Row):
    """A saved example answer of an action."""

    action = models.ForeignKey(Action, on_delete=models.CASCADE, related_name="samples")
    name = models.CharField(max_length=200)
    status = models.PositiveSmallIntegerField(default=200)
    content_type = models.CharField(max_length=200, blank=True)
    headers = models.JSONField(default=dict, blank=True)
    body = models.JSONField(null=True, blank=True)
    imported = models.BooleanField(default=False)  # a re-import replaces these and leaves people's own alone

    class Meta:
        ordering = ["status", "name", "id"]

    def __str__(self) -> str:
        return self.name

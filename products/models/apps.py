"""Apps and what they consist of: environments, folders, auths, variables, constants."""

from __future__ import annotations

from django.db import models

from products.models.base import Row, TagField
from products.models.workspaces import Workspace


class Visibility(models.TextChoices):
    """Who may connect an app."""

    PRIVATE = "private", "Private"
    PUBLIC = "public", "On the marketplace"


class Category(models.TextChoices):
    """How the marketplace is sorted."""

    AI = "ai", "AI"
    ANALYTICS = "analytics", "Analytics"
    COMMUNICATION = "communication", "Communication"
    CRM = "crm", "CRM"
    DEVELOPER = "developer", "Developer tools"
    FILES = "files", "Files"
    FINANCE = "finance", "Payments and finance"
    IDENTITY = "identity", "Identity"
    LOGISTICS = "logistics", "Logistics"
    OTHER = "other", "Other"


class App(Row):
    """A collection of API endpoints of one provider."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="apps")
    tag = TagField()
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, max_length=200_000)
    category = models.CharField(max_length=16, choices=Category, default=Category.OTHER)
    visibility = models.CharField(max_length=8, choices=Visibility, default=Visibility.PRIVATE)
    published_at = models.DateTimeField(null=True, blank=True)
    default_auths = models.JSONField(default=list, blank=True)  # auth tags of actions that name none

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["workspace", "tag"], name="app_tag_unique")]
        indexes = [models.Index(fields=["visibility", "category", "name"], name="app_marketplace")]

    def __str__(self) -> str:
        return self.name


class RequestFormat(models.TextChoices):
    """The body format of actions that do not say their own."""

    JSON = "json", "JSON"
    FORM = "form", "Form, URL-encoded"
    MULTIPART = "multipart", "Multipart"
    XML = "xml", "XML or SOAP"
    TEXT = "text", "Text"
    BINARY = "binary", "Binary"


class AppEnvironment(Row):
    """Where an app's API is: `sandbox`, `production`, … `base_url` may contain `{{variables}}`."""

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="environments")
    slug = TagField()
    name = models.CharField(max_length=200)
    base_url = models.CharField(max_length=2000, blank=True)
    request_format = models.CharField(max_length=10, choices=RequestFormat, default=RequestFormat.JSON)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "slug"]
        constraints = [models.UniqueConstraint(fields=["app", "slug"], name="app_environment_unique")]

    def __str__(self) -> str:
        return f"{self.app} {self.slug}"


class AppAuth(Row):
    """One way to authenticate; `spec` is `products.lib.actions.AuthSpec` as JSON."""

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="auths")
    tag = TagField()
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=12)
    spec = models.JSONField()

    class Meta:
        ordering = ["tag"]
        constraints = [models.UniqueConstraint(fields=["app", "tag"], name="app_auth_unique")]

    def __str__(self) -> str:
        return f"{self.app} {self.tag}"


class AppVariable(Row):
    """A value that whoever connects the app supplies."""

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="variables")
    key = models.CharField(max_length=120)
    type = models.CharField(max_length=16, default="string")
    default = models.JSONField(null=True, blank=True)
    description = models.TextField(blank=True, max_length=4000)
    secret = models.BooleanField(default=False)
    required = models.BooleanField(default=False)

    class Meta:
        ordering = ["key"]
        constraints = [models.UniqueConstraint(fields=["app", "key"], name="app_variable_unique")]

    def __str__(self) -> str:
        return f"{self.app} {self.key}"


class AppConstant(Row):
    """A value fixed by the app and visible to everyone who connects it."""

    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="constants")
    key = models.CharField(max_length=120)
    type = models.CharField(max_length=16, default="string")
    value = models.JSONField()
    description = models.TextField(blank=True, max_length=4000)

    class Meta:
        ordering = ["key"]
        constraints = [models.UniqueConstraint(fields=["app", "key"], name="app_constant_unique")]

    def __str__(self) -> str:
        return f"{self.app} {self.key}"

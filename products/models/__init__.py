"""The models of the lower storey, one file a family."""

from products.models.actions import Action, ActionSample, Folder
from products.models.apps import (
    App,
    AppAuth,
    AppConstant,
    AppEnvironment,
    AppVariable,
    Category,
    RequestFormat,
    Visibility,
)
from products.models.audit import AuditEntry
from products.models.base import Row, TagField, new_id
from products.models.connections import Connection, ConnectionEnvironment, ConnectionValue, ValueKind
from products.models.features import Feature
from products.models.idempotency import RememberedAnswer
from products.models.imports import DocumentImport, ImportState
from products.models.keys import AccessKey, KeyVerb
from products.models.people import User
from products.models.products import Colour, Environment, Product
from products.models.releases import Release
from products.models.resources import (
    DatabaseAction,
    LeftFolders,
    Migration,
    Resource,
    ResourceConfig,
    ResourceSecret,
    local_folder,
)
from products.models.secrets import Secret
from products.models.workspaces import Invitation, MailState, Membership, Role, Workspace

__all__ = [
    "AccessKey",
    "Action",
    "ActionSample",
    "App",
    "AppAuth",
    "AppConstant",
    "AppEnvironment",
    "AppVariable",
    "AuditEntry",
    "Category",
    "Colour",
    "Connection",
    "ConnectionEnvironment",
    "ConnectionValue",
    "DatabaseAction",
    "DocumentImport",
    "Environment",
    "Feature",
    "Folder",
    "ImportState",
    "Invitation",
    "KeyVerb",
    "LeftFolders",
    "MailState",
    "Membership",
    "Migration",
    "Product",
    "Release",
    "RememberedAnswer",
    "RequestFormat",
    "Resource",
    "ResourceConfig",
    "ResourceSecret",
    "Role",
    "Row",
    "Secret",
    "TagField",
    "User",
    "ValueKind",
    "Visibility",
    "Workspace",
    "local_folder",
    "new_id",
]

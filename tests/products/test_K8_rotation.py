"""K8: master keys and data keys are replaced while values are used; keys that do not fit change nothing."""

from __future__ import annotations

import json
from importlib import import_module
from io import BytesIO

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models import BinaryField

from processors.models import FilePiece
from processors.services import files
from processors.services.sealed_columns import COLUMNS
from products.lib.sealing import KeyRing, Sealer, SealError, new_master_key, split_keys
from products.models import AuditEntry, DocumentImport, RememberedAnswer, Secret, Workspace
from products.services import import_work, imports, rotation, vault
from products.services.secrets import create_secret, update_secret
from tests import app_objects, objects

pytestmark = pytest.mark.django_db
VALUE = "canary-of-rotation"


def opened(secret: Secret) -> str:
    """As a fresh request reads it."""
    row = Secret.objects.select_related("workspace").get(pk=secret.pk)
    return vault.open_sealed(row.workspace, row, "sealed", bytes(row.sealed))


def renew(workspace: Workspace, pause=lambda: None):
    """One workspace."""
    return next(rotation.renew_data_keys([workspace.pk], COLUMNS, pause=pause))


@pytest.fixture
def secret(cast) -> Secret:
    return create_secret(objects.owner(cast.workspace), key="TOKEN", value=VALUE)


def test_K8_data_keys_move_under_the_newest_master_key(secret, settings):
    old, new = settings.FIELD_ENCRYPTION_KEYS[0], new_master_key()
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    assert opened(secret) == VALUE
    assert rotation.rewrap_data_keys() == rotation.Rewrapped(changed=2, already=0)
    assert rotation.rewrap_data_keys() == rotation.Rewrapped(changed=0, already=2)
    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert opened(secret) == VALUE
    with pytest.raises(SealError):
        KeyRing([old]).unwrap(bytes(Workspace.objects.get(tag="acme").data_key))
    entries = AuditEntry.objects.filter(verb="workspace.master_key_changed")
    assert {(row.actor, row.object_name) for row in entries} == {("system", "Acme Corp"), ("system", "Elsewhere")}


def test_K8_a_remembered_answer_of_no_workspace_moves_too(cast, settings):
    old, new = settings.FIELD_ENCRYPTION_KEYS[0], new_master_key()
    row = RememberedAnswer.objects.create(
        digest="d", body_hash="b", expires_at="2036-01-01T00:00:00Z", sealed=vault.key_ring().wrap(b"answer")
    )
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    rotation.rewrap_data_keys()
    row.refresh_from_db()
    assert KeyRing([new]).unwrap(bytes(row.sealed)) == b"answer"


def test_K8_seeds_of_second_factors_move_too(cast, settings):
    totp = TOTP.activate(cast.alice, "JBSWY3DPEHPK3PXP").instance
    codes = RecoveryCodes.activate(cast.alice)
    first = codes.get_unused_codes()[0]
    old, new = settings.FIELD_ENCRYPTION_KEYS[0], new_master_key()
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    rotation.rewrap_data_keys()
    settings.FIELD_ENCRYPTION_KEYS = [new]
    totp.refresh_from_db()
    assert KeyRing([new]).unwrap(totp.data["secret"].encode()) == b"JBSWY3DPEHPK3PXP"
    assert RecoveryCodes(Authenticator.objects.get(pk=codes.instance.pk)).get_unused_codes()[0] == first
    assert totp.data["secret"] not in json.dumps(list(AuditEntry.objects.values_list("changes", flat=True)))


def test_K8_wrong_keys_change_nothing_and_say_so(secret, settings):
    before = list(Workspace.objects.order_by("pk").values_list("data_key", flat=True))
    settings.FIELD_ENCRYPTION_KEYS = [new_master_key()]
    with pytest.raises(rotation.KeysDoNotFitError, match="does not open the secrets of 2 of 2 workspaces"):
        rotation.check_master_keys()
    for arguments in ([], ["--data-keys", "--pause", "0"]):
        with pytest.raises(CommandError, match=r"newest first\. Nothing was changed"):
            call_command("ductape_rotate_keys", *arguments)
    assert list(Workspace.objects.order_by("pk").values_list("data_key", flat=True)) == before


@pytest.mark.parametrize("keys", [[], ["short"], ["x" * 44]])
def test_K8_keys_that_are_none_are_named(cast, settings, keys):
    settings.FIELD_ENCRYPTION_KEYS = keys
    with pytest.raises(rotation.KeysDoNotFitError, match="FIELD_ENCRYPTION_KEYS cannot be used"):
        rotation.check_master_keys()


def test_K8_one_workspace_that_does_not_open_stops_all(secret, settings, cast):
    stranger = KeyRing([new_master_key()]).wrap(b"k" * 32)
    Workspace.objects.filter(pk=cast.elsewhere.pk).update(data_key=stranger)
    settings.FIELD_ENCRYPTION_KEYS = [new_master_key(), *settings.FIELD_ENCRYPTION_KEYS]
    with pytest.raises(rotation.KeysDoNotFitError, match="1 of 2"):
        rotation.rewrap_data_keys()
    assert not vault.key_ring().is_newest(bytes(Workspace.objects.get(tag="acme").data_key))


def test_K8_values_are_sealed_anew_with_a_fresh_data_key(secret, cast):
    keys = vault.key_ring().unwrap(bytes(cast.workspace.data_key))
    before = bytes(secret.sealed)
    assert renew(cast.workspace).values == 1
    after = Workspace.objects.get(pk=cast.workspace.pk)
    fresh = vault.key_ring().unwrap(bytes(after.data_key))
    assert len(fresh) == 32
    assert fresh != keys
    assert opened(secret) == VALUE
    blob = bytes(Secret.objects.get(pk=secret.pk).sealed)
    assert blob != before
    with pytest.raises(SealError):
        Sealer(keys).open(blob, place=vault.place(after, secret, "sealed"))
    entry = AuditEntry.objects.get(verb="workspace.data_key_changed")
    assert entry.changes == {"values": [None, 1]}


def test_K8_who_knows_only_the_older_data_key_may_finish_while_both_stand(secret, cast):
    stale = Workspace.objects.get(pk=cast.workspace.pk)

    def meanwhile() -> None:
        assert vault.open_sealed(stale, secret, "sealed", bytes(secret.sealed)) == VALUE
        late = Secret(workspace=stale, key="LATE")
        late.sealed = vault.seal(stale, late, "sealed", "sealed-late")
        late.save()
        assert opened(late) == "sealed-late"
        update_secret(objects.owner(cast.workspace), "TOKEN", {"value": "changed-meanwhile"})

    assert renew(cast.workspace, meanwhile).lost == 0
    assert opened(secret) == "changed-meanwhile"
    assert opened(Secret.objects.get(key="LATE")) == "sealed-late"


def test_K8_an_interrupted_rotation_goes_on_where_it_was(secret, cast):
    def torn() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        renew(cast.workspace, torn)
    half = bytes(Workspace.objects.get(pk=cast.workspace.pk).data_key)
    keys = split_keys(vault.key_ring().unwrap(half))
    assert len(keys) == 2
    assert opened(secret) == VALUE
    renew(cast.workspace)
    assert vault.key_ring().unwrap(bytes(Workspace.objects.get(pk=cast.workspace.pk).data_key)) == keys[0]
    assert opened(secret) == VALUE


def test_K8_a_value_that_opens_with_no_key_is_left_as_it_is(secret, cast):
    Secret.objects.filter(pk=secret.pk).update(sealed=b"\x01" + b"damaged" * 10)
    made = renew(cast.workspace)
    assert (made.values, made.lost) == (0, 1)
    assert bytes(Secret.objects.get(pk=secret.pk).sealed) == b"\x01" + b"damaged" * 10


def test_K8_a_document_that_waits_for_a_decision_is_sealed_and_still_opens_afterwards(cast):
    actor = cast.as_(cast.dev)
    row = app_objects.ready_import(cast.workspace)
    before = bytes(row.document)
    assert b"openapi" not in before
    assert renew(cast.workspace).lost == 0
    row.refresh_from_db()
    assert bytes(row.document) != before
    imports.apply_import(actor, row.pk)
    import_work.apply_import(str(row.pk))
    row.refresh_from_db()
    assert (row.state, row.document) == ("applied", None)


def test_K8_documents_from_before_they_were_sealed_are_sealed_by_the_migration(cast):
    row = app_objects.ready_import(cast.workspace)
    DocumentImport.objects.filter(pk=row.pk).update(document=b"{}\xff")
    import_module("products.migrations.0010_sealed_documents").seal_documents(apps, None)
    row.refresh_from_db()
    assert vault.open_bytes(cast.workspace, row, "document", bytes(row.document)) == b"{}\xff"


def test_K8_contents_on_their_way_are_sealed_and_still_open_afterwards(cast):
    product = objects.product(cast.workspace).tag
    kept = files.take_in(cast.as_(cast.dev), product, BytesIO(b"\xff canary"), name="x.bin")
    before = bytes(FilePiece.objects.get(file=kept).sealed)
    assert b"canary" not in before
    assert renew(cast.workspace).lost == 0
    assert bytes(FilePiece.objects.get(file=kept).sealed) != before
    assert b"".join(files.pieces(files.kept_file(cast.as_(cast.dev), kept.pk))) == b"\xff canary"


def test_K8_every_sealed_column_takes_part_in_a_rotation():
    known = {(column.model, column.field) for column in COLUMNS}
    ours = [model for name in ("products", "processors") for model in apps.get_app_config(name).get_models()]
    found = {
        (model, field.name) for model in ours for field in model._meta.fields
        if isinstance(field, BinaryField) and field.name != "data_key"
    }  # fmt: skip
    assert found == known


def test_K8_the_command_says_what_it_did_and_no_key(secret, capsys, settings):
    call_command("ductape_rotate_keys", "--data-keys", "--pause", "0", "--workspace", "acme")
    said = capsys.readouterr().out
    assert said == (
        "Master key: 0 data keys wrapped anew, 2 were already.\nacme: 1 values sealed with a fresh data key.\n"
    )
    call_command("ductape_rotate_keys", "--make-key")
    assert len(KeyRing([capsys.readouterr().out.strip()]).wrap(b"x")) > 0
    assert VALUE not in json.dumps(list(AuditEntry.objects.values_list("changes", flat=True)))

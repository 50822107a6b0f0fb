"""A re-import says what it adds, changes and removes before anything happens."""

from __future__ import annotations

from products.importers import difference, read_document
from products.lib.actions import ActionSpec

from .documents import openapi


def operations(**found):
    paths: dict = {}
    for operation_id, (method, path, parts) in found.items():
        paths.setdefault(path, {})[method] = {"operationId": operation_id, **parts}
    return read_document(openapi(paths))


def stored(draft):
    return {action.spec.tag: action.spec for action in draft.actions}


def test_the_same_document_changes_nothing():
    draft = operations(a=("get", "/a", {}), b=("get", "/b", {}))
    found = difference(stored(draft), draft)
    assert found.empty
    assert [tag for tag, _ in found.same] == ["a", "b"]


def test_added_changed_and_removed_are_told_apart():
    old = operations(a=("get", "/a", {}), b=("get", "/b", {}), c=("get", "/c", {}))
    new = operations(a=("get", "/a", {"summary": "New", "deprecated": True}), b=("get", "/b", {}), d=("get", "/d", {}))
    found = difference(stored(old), new)
    assert [draft.spec.tag for draft in found.added] == ["d"]
    assert [spec.tag for spec in found.removed] == ["c"]
    assert [(change.tag, change.fields) for change in found.changed] == [("a", ("name", "deprecated"))]


def test_a_moved_path_is_a_change_of_the_same_action():
    found = difference(stored(operations(a=("get", "/a", {}))), operations(a=("get", "/v2/a", {})))
    assert [(change.tag, change.fields) for change in found.changed] == [("a", ("path",))]


def test_a_renamed_operation_is_found_by_its_call():
    found = difference(stored(operations(old=("get", "/a", {}))), operations(new=("get", "/a", {})))
    assert not found.added
    assert not found.removed
    assert [change.tag for change in found.changed] == ["old"]


def test_a_tag_that_a_person_chose_stays():
    draft = operations(listPets=("get", "/pets", {}))
    found = difference({"pets": draft.actions[0].spec}, draft)
    assert found.empty
    assert [tag for tag, _ in found.same] == ["pets"]


def test_a_new_operation_never_takes_a_tag_in_use():
    old = {"b": operations(a=("get", "/a", {})).actions[0].spec}
    new = operations(a=("get", "/a", {}), b=("get", "/b", {}))
    found = difference(old, new)
    assert [draft.spec.tag for draft in found.added] == ["b-2"]
    assert not found.removed


def test_reordering_changes_nothing():
    first = read_document(openapi({"/a": {"get": {"summary": "Same"}}, "/b": {"get": {"summary": "Same"}}}))
    second = read_document(openapi({"/b": {"get": {"summary": "Same"}}, "/a": {"get": {"summary": "Same"}}}))
    assert difference(stored(first), second).empty


def test_an_empty_app_gets_everything_and_an_empty_document_takes_everything():
    draft = operations(a=("get", "/a", {}))
    empty = read_document(openapi({}))
    assert len(difference({}, draft).added) == 1
    assert len(difference(stored(draft), empty).removed) == 1


def handmade(tag, method, path):
    return {tag: ActionSpec(tag, tag.title(), method, path)}


def test_an_action_that_a_person_made_is_never_removed_nor_overwritten():
    old = stored(operations(a=("get", "/a", {}))) | handmade("mine", "POST", "/mine") | handmade("b", "GET", "/other")
    found = difference(old, operations(a=("get", "/a", {}), b=("get", "/b", {})))
    assert found.removed == found.changed == ()
    assert [draft.spec.tag for draft in found.added] == ["b-2"]


def test_an_action_that_a_person_made_becomes_the_documents_when_it_makes_the_same_call():
    found = difference(handmade("mine", "GET", "/a"), operations(listA=("get", "/a", {})))
    assert [(change.tag, change.fields) for change in found.changed] == [("mine", ("name",))]
    assert not found.added

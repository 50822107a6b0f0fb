"""What a re-import would add, change and remove, so that a person can look first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace

from products.importers.drafts import ActionDraft, AppDraft
from products.lib.actions import ActionSpec
from products.lib.tags import unique_tag

# Not what identifies an action: the app's tag stays when the document renames an operation.
_COMPARED = tuple(each.name for each in fields(ActionSpec) if each.name not in {"tag", "source_id"})


@dataclass(frozen=True, slots=True)
class Change:
    """An action the app has (`tag`) and what the document now says; `fields` names what differs."""

    tag: str
    old: ActionSpec
    new: ActionDraft
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """The outcome of a comparison. `added` have tags that are free in the app; `same` may still change samples."""

    added: tuple[ActionDraft, ...] = ()
    changed: tuple[Change, ...] = ()
    removed: tuple[ActionSpec, ...] = ()
    same: tuple[tuple[str, ActionDraft], ...] = ()

    @property
    def empty(self) -> bool:
        """Whether importing again would change no action."""
        return not (self.added or self.changed or self.removed)


def difference(old: Mapping[str, ActionSpec], new: AppDraft) -> Difference:
    """Compare an app's actions, by tag, with a draft.

    An action is found again by the document's own id for it, else by tag with the same method, else by method and
    path, else by tag alone; so neither a renamed operation nor a moved path becomes a removal and an addition. One that
    a person made (it has no `source_id`) is taken for the document's only when it makes the same call, and is never
    among the removed.
    """
    pairs = _pair(old, new.actions)
    matched = {tag for tag in pairs.values() if tag}
    taken = set(old)
    added, changed, same = [], [], []
    for number, draft in enumerate(new.actions):
        tag = pairs.get(number)
        if tag is None:
            added.append(_with_free_tag(draft, taken))
            continue
        names = changed_fields(old[tag], draft.spec)
        if names:
            changed.append(Change(tag, old[tag], draft, names))
        else:
            same.append((tag, draft))
    removed = tuple(spec for tag, spec in old.items() if tag not in matched and spec.source_id)
    return Difference(tuple(added), tuple(changed), removed, tuple(same))


def changed_fields(old: ActionSpec, new: ActionSpec) -> tuple[str, ...]:
    """The names of the fields in which two actions differ, apart from how they are identified."""
    return tuple(name for name in _COMPARED if getattr(old, name) != getattr(new, name))


def _with_free_tag(draft: ActionDraft, taken: set[str]) -> ActionDraft:
    tag = unique_tag(draft.spec.tag, taken)
    taken.add(tag)
    return draft if tag == draft.spec.tag else replace(draft, spec=replace(draft.spec, tag=tag))


def _pair(old: Mapping[str, ActionSpec], drafts: tuple[ActionDraft, ...]) -> dict[int, str]:
    """Which draft (by number) is which existing action (by tag)."""
    pairs: dict[int, str] = {}
    free = dict(old)
    for keys in (_by_source, _by_tag_and_method, _by_call, _by_tag):
        index: dict[object, str] = {}
        for tag, spec in free.items():
            for key in keys(spec, tag):
                index.setdefault(key, tag)
        for number, draft in enumerate(drafts):
            if number in pairs:
                continue
            found = next((index[key] for key in keys(draft.spec, draft.spec.tag) if key in index), None)
            if found in free:
                pairs[number] = str(found)
                del free[str(found)]
    return pairs


def _by_source(spec: ActionSpec, tag: str) -> Iterable[object]:
    return [spec.source_id] if spec.source_id else []


def _by_tag_and_method(spec: ActionSpec, tag: str) -> Iterable[object]:
    return [(tag, spec.method)] if spec.source_id else []


def _by_call(spec: ActionSpec, tag: str) -> Iterable[object]:
    return [(spec.method, spec.base_url, spec.path)]


def _by_tag(spec: ActionSpec, tag: str) -> Iterable[object]:
    return [tag] if spec.source_id else []

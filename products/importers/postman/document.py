"""A Postman collection 2.0 or 2.1 to a draft of an app."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from products.importers.drafts import ActionDraft, AppDraft, EnvironmentDraft
from products.importers.environments import BASE_URL, BASE_URL_KEY, EnvironmentBook
from products.importers.names import TagBook
from products.importers.postman.answers import read_answers
from products.importers.postman.auth import INHERITED, PostmanAuths
from products.importers.postman.requests import RequestReader
from products.importers.postman.rows import read_rows
from products.importers.postman.walk import Leaf, walk
from products.importers.report import Report
from products.importers.shapes import SHAPE_ERRORS, as_description, as_dict, as_list, as_text
from products.importers.variable_keys import with_usable_keys
from products.importers.variables import VariableBook
from products.lib.actions import ActionSpec

Progress = Callable[[int, int], None]
_PROGRESS_EVERY = 25


def read_postman(
    document: dict[str, Any], *, version: str, report: Report, progress: Progress | None = None
) -> AppDraft:
    """Every request of a collection as an action."""
    declared = [row.key for row in read_rows(document.get("variable") or document.get("variables"))]
    document = with_usable_keys(document, declared, report)
    auths = PostmanAuths(report)
    default = auths.read(document.get("auth"), "auth")
    if as_list(document.get("event")):
        report.skipped(
            "collection-script", "event", "Scripts of the collection are left out; nothing here executes scripts."
        )
    leaves = list(walk(document, auths, INHERITED, report))
    reader = RequestReader(report, auths, TagBook())
    actions = tuple(_actions(reader, leaves, report, progress))
    environment, actions = _share_base(actions, report)
    info = as_dict(document.get("info"))
    report.queries_with_secrets(auths.drafts())
    return AppDraft(
        format="postman",
        version=version,
        title=report.name(info.get("name") or document.get("name"), "info", "Untitled collection"),
        description=as_description(info.get("description")),
        actions=actions,
        auths=auths.drafts(),
        default_auths=default.tags,
        environments=(environment,),
        variables=_variables(document, environment, actions, report).drafts(),
        folders=tuple(dict.fromkeys(action.spec.folder for action in actions if action.spec.folder)),
        notices=report.notices(),
    )


def _actions(
    reader: RequestReader, leaves: list[Leaf], report: Report, progress: Progress | None
) -> Iterator[ActionDraft]:
    ids = _source_ids(leaves)
    for number, (leaf, source_id) in enumerate(zip(leaves, ids, strict=True)):
        if progress is not None and number % _PROGRESS_EVERY == 0:
            progress(number, len(leaves))
        spec = reader.read(leaf, source_id)
        try:
            samples = read_answers(leaf.item.get("response"), report, leaf.place)
        except SHAPE_ERRORS:
            samples = ()
            report.skipped("bad-response", leaf.place, "The saved answers could not be read.")
        yield ActionDraft(spec, samples)
    if progress is not None:
        progress(len(leaves), len(leaves))


def _source_ids(leaves: list[Leaf]) -> list[str]:
    """Postman's id where it is there and unique, else the path of names, numbered where that repeats."""
    own = [as_text(leaf.item.get("id")) or as_text(leaf.item.get("_postman_id")) for leaf in leaves]
    counts = Counter(own)
    seen: Counter[str] = Counter()
    result = []
    for leaf, identity in zip(leaves, own, strict=True):
        source = identity if identity and counts[identity] == 1 else leaf.place
        seen[source] += 1
        result.append((f"{source} #{seen[source]}" if seen[source] > 1 else source)[:500])
    return result


def _share_base(actions: tuple[ActionDraft, ...], report: Report) -> tuple[EnvironmentDraft, tuple[ActionDraft, ...]]:
    """The commonest base URL becomes the environment's; the other actions keep their own."""
    counts = Counter(action.spec.base_url for action in actions if action.spec.base_url)
    shared = counts.most_common(1)[0][0] if counts else BASE_URL
    if not counts:
        message = f"No request names a host: give the variable “{BASE_URL_KEY}” when connecting."
        report.warning("no-base-url", "", message)
    if len(counts) > 1:
        report.changed(
            "several-hosts", "", f"Requests go to {len(counts)} hosts; those not to {shared} keep their own."
        )
    book = EnvironmentBook()
    book.add(shared, "")
    return book.drafts()[0], tuple(_with_base(action, shared) for action in actions)


def _with_base(action: ActionDraft, shared: str) -> ActionDraft:
    if action.spec.base_url != shared:
        return action
    return replace(action, spec=replace(action.spec, base_url=""))


def _variables(
    document: dict[str, Any], environment: EnvironmentDraft, actions: tuple[ActionDraft, ...], report: Report
) -> VariableBook:
    book = VariableBook(report)
    for row in read_rows(document.get("variable") or document.get("variables")):  # early 2.0 had the plural
        value = row.value if isinstance(row.value, (bool, int, float)) or row.value else None
        book.declare(row.key, value, f"variable / {row.key}", kind=row.type or "string", description=row.description)
    book.use(environment.base_url)
    for action in actions:
        book.use(*_texts(action.spec))
    return book


def _texts(spec: ActionSpec) -> Iterator[str]:
    """Every text of an action that is sent, and so may need variables."""
    yield spec.base_url
    yield spec.path
    for parameter in spec.parameters:
        yield parameter.name
        yield from _strings(parameter.default)
    if spec.body is not None:
        yield spec.body.content_type
        yield from _strings(spec.body.sample)


def _strings(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            waiting.extend([*each.keys(), *each.values()])
        elif isinstance(each, list):
            waiting.extend(each)

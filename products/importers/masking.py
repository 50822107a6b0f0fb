"""A draft without the credentials people leave in their files: examples, defaults, samples, scripts and texts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from products.importers.credentials import Finder
from products.importers.drafts import ActionDraft, AppDraft, Notice, SampleDraft, VariableDraft
from products.importers.report import Report
from products.lib.actions import ActionSpec, AuthSpec, Body, Parameter
from products.lib.tags import slugify_tag, unique_tag

_NAMED = ("properties", "patternProperties", "dependentSchemas")


def without_secrets(draft: AppDraft, report: Report) -> AppDraft:
    """The same draft; what was masked is in the report, never the values. Its notices are not touched."""
    work = _Masking(report, draft)
    masked = work.draft(draft)
    if work.find.values - report.secrets:  # the same values may stand where no name tells what they are
        report.secrets |= work.find.values
        masked = _Masking(report, masked).draft(masked)
    return masked


def masked_notices(report: Report) -> tuple[Notice, ...]:
    """What the report says: the names of things in it may hold credentials too."""
    find = Finder(report.secrets)
    return tuple(
        replace(each, place=find.text(each.place), message=find.text(each.message)) for each in report.notices()
    )


class _Masking:
    def __init__(self, report: Report, draft: AppDraft) -> None:
        self._report = report
        self._tags = {each.spec.tag for each in draft.actions}
        self.find = Finder(report.secrets)
        self._definitions: dict[int, tuple[Any, Any, int]] = {}  # id → definition, masked one, how many were found

    def draft(self, draft: AppDraft) -> AppDraft:
        find = self.find
        masked = replace(
            draft,
            title=find.text(draft.title),
            description=find.text(draft.description),
            folders=tuple(self.names(each) for each in draft.folders),
            auths=tuple(self.auth(each) for each in draft.auths),
            environments=tuple(replace(each, base_url=find.base(each.base_url)) for each in draft.environments),
            variables=tuple(self.variable(each) for each in draft.variables),
        )
        self.note("")
        return replace(masked, actions=tuple(self.action(each) for each in draft.actions))

    def note(self, place: str) -> None:
        """Says how many there were since the last note."""
        count, self.find.found = self.find.found, 0
        if count:
            what = "A value that looks like a credential was" if count == 1 else f"{count} credentials or the like were"
            self._report.warning("secret-removed", place, f"{what} masked in samples, examples or texts.")

    def action(self, draft: ActionDraft) -> ActionDraft:
        spec = self.named(draft.spec)
        masked = replace(
            spec,
            description=self.find.text(spec.description),
            path="/" + self.find.text(spec.path).removeprefix("/"),
            parameters=tuple(self.parameter(each) for each in spec.parameters),
            body=self.body(spec.body) if spec.body else None,
            base_url=self.find.base(spec.base_url),
            scripts=self.find.written(spec.scripts),
            defs={name: self.definition(name, each) for name, each in spec.defs.items()},
        )
        samples = tuple(self.sample(each) for each in draft.samples)
        self.note(_place(spec))
        return ActionDraft(masked, samples)

    def named(self, spec: ActionSpec) -> ActionSpec:
        """Whoever saves a request without naming it has its address, with the key in it, for a name."""
        name = self.find.text(spec.name)
        folder, source = self.names(spec.folder), self.find.text(spec.source_id)
        if name == spec.name:
            return replace(spec, folder=folder, source_id=source)
        tag = unique_tag(slugify_tag(name), self._tags)
        self._tags.add(tag)
        return replace(spec, tag=tag, name=name, folder=folder, source_id=source)

    def names(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(self.find.text, names))

    def parameter(self, each: Parameter) -> Parameter:
        return replace(
            each,
            description=self.find.text(each.description),
            default=None if self.find.holds(each.name, each.default) else each.default,
            sample=None if self.find.holds(each.name, each.sample) else each.sample,
            schema=self.schema(each.schema, each.name),
        )

    def body(self, body: Body) -> Body:
        sample = body.sample
        sample = self.find.written(sample) if isinstance(sample, str) else self.find.json(sample, instead="")
        return replace(
            body, description=self.find.text(body.description), schema=self.schema(body.schema, ""), sample=sample
        )

    def sample(self, each: SampleDraft) -> SampleDraft:
        body = self.find.written(each.body) if isinstance(each.body, str) else self.find.json(each.body)
        headers = {name: self.find.json(value, name=name) for name, value in each.headers.items()}
        return replace(each, name=self.find.text(each.name), headers=headers, body=body)

    def auth(self, spec: AuthSpec) -> AuthSpec:
        placements = tuple(replace(each, value=self.find.text(each.value)) for each in spec.placements)
        oauth = {name: _texts(flow, self.find) for name, flow in spec.oauth.items()}
        return replace(spec, description=self.find.text(spec.description), placements=placements, oauth=oauth)

    def variable(self, each: VariableDraft) -> VariableDraft:
        hidden = self.find.holds(each.key, each.default)
        words = self.find.text(each.description)
        return (
            replace(each, description=words, default=None, secret=True) if hidden else replace(each, description=words)
        )

    def definition(self, name: str, schema: Any) -> Any:
        """Definitions are shared by many actions: each is looked through once, and stays shared."""
        known = self._definitions.get(id(schema))
        if known is None:
            before = self.find.found
            masked = self.schema(schema, name)
            known = self._definitions[id(schema)] = (schema, masked, self.find.found - before)
        return known[1]

    def schema(self, schema: Any, name: str) -> Any:
        """The schema without examples and defaults that are credentials; the same object where there are none."""
        if isinstance(schema, list):
            parts = [self.schema(each, name) for each in schema]
            return parts if any(new is not old for new, old in zip(parts, schema, strict=True)) else schema
        if not isinstance(schema, dict):
            return schema
        result = {}
        for key, value in schema.items():
            masked = self._keyword(key, value, name)
            if masked is not _GONE:
                result[key] = masked
        same = len(result) == len(schema) and all(result[key] is schema[key] for key in result)
        return schema if same else result

    def _keyword(self, key: str, value: Any, name: str) -> Any:
        if key in {"default", "const"}:
            return _GONE if self.find.holds(name, value) else value
        if key == "examples" and isinstance(value, list):
            kept = [each for each in value if not self.find.holds(name, each)]
            return value if len(kept) == len(value) else kept or _GONE
        if key in _NAMED and isinstance(value, dict):
            inner = {inside: self.schema(each, inside) for inside, each in value.items()}
            return inner if any(inner[each] is not value[each] for each in value) else value
        if key in {"description", "title"} and isinstance(value, str):
            clean = self.find.text(value)
            return value if clean == value else clean
        return self.schema(value, name) if key not in {"enum", "required", "xml", "pattern"} else value


_GONE: Any = object()


def _texts(value: Any, find: Finder) -> Any:
    if isinstance(value, str):
        return find.text(value)
    return {key: _texts(each, find) for key, each in value.items()} if isinstance(value, dict) else value


def _place(spec: ActionSpec) -> str:
    return f"{spec.method} {spec.path}" if not spec.folder else f"{' / '.join(spec.folder)} / {spec.name}"

"""What the editor of a feature shows of a draft: its graph, its list, what is wrong with it, and the panel."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from products.features import RUNNABLE, Feature, Findings, read_feature
from products.forms.feature_draft import Draft
from products.forms.input_rows import InputRow, input_rows
from products.forms.panels import Panel, PanelField, Part
from products.lib.errors import FieldProblem
from products.queries.feature_targets import TargetField, without
from products.ui.graph import Graph, Links, graph_of

MOST_LISTED = 150
_EVENT = re.compile(r"/sequences/(\d+)(?:/events/(\d+))?")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong, or may go wrong. ``step``: what to select to see it, if it is part of something."""

    pointer: str
    detail: str
    caret: str = ""
    step: str = ""
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything that the editor's parts are drawn from."""

    draft: Draft
    troubles: list[Trouble]
    feature: Feature | None = None
    graph: Graph | None = None
    panel: Panel | None = None
    rows: list[InputRow] = field(default_factory=list)
    hints: list[TargetField] = field(default_factory=list)
    missing: list[TargetField] = field(default_factory=list)

    @property
    def errors(self) -> int:
        """How many things keep it from being saved."""
        return sum(not one.warning for one in self.troubles)

    @property
    def listed(self) -> frozenset[str]:
        """The sequences whose events the list shows: all of a small feature, of a large one the selected."""
        groups = self.graph.groups if self.graph else ()
        if sum(len(group.cards) for group in groups) <= MOST_LISTED:
            return frozenset(group.tag for group in groups)
        return frozenset({self.draft.selected.partition("/")[0]})


def bench(draft: Draft, findings: Findings, *, readonly: bool = False, hints: Sequence[TargetField] = ()) -> Bench:
    """The parts of a draft with what was found of it, and what the target of the selected event asks for."""
    if draft.document is None:
        return Bench(draft, [Trouble("", draft.broken)])
    troubles = list(_troubles(draft, findings))
    feature, _ = read_feature(draft.document, available=RUNNABLE)
    links = Links(step="?step=") if readonly else Links(buttons=True)
    graph = graph_of(feature, opened=draft.opened, selected=draft.selected, problems=_counts(troubles), links=links)
    panel = draft.panel()
    marked = _marked(panel, draft, troubles) if panel else None
    missing = without(list(hints), (draft.event() or {}).get("input"))
    return Bench(draft, troubles, feature, graph, marked, _rows(draft, troubles), list(hints), missing)


def _troubles(draft: Draft, findings: Findings) -> Iterable[Trouble]:
    names = _names(draft)
    for warning, found in ((False, findings.errors), (True, findings.warnings)):
        for one in found:
            pointer = one.pointer.removeprefix("/definition")
            yield Trouble(pointer, one.detail, one.caret, _step_of(pointer, names), warning)


def _names(draft: Draft) -> dict[tuple[str, str], str]:
    """What stands at which place: ("0", "") a sequence, ("0", "1") an event."""
    found: dict[tuple[str, str], str] = {}
    sequences = (draft.document or {}).get("sequences")
    for i, sequence in enumerate(sequences if isinstance(sequences, list) else []):
        if not isinstance(sequence, dict):
            continue
        tag = str(sequence.get("tag", ""))
        found[str(i), ""] = tag
        events = sequence.get("events")
        for j, event in enumerate(events if isinstance(events, list) else []):
            if isinstance(event, dict):
                found[str(i), str(j)] = f"{tag}/{event.get('tag', '')}"
    return found


def _step_of(pointer: str, names: Mapping[tuple[str, str], str]) -> str:
    match = _EVENT.match(pointer)
    return names.get((match[1], match[2] or ""), "") if match else ""


def _counts(troubles: Iterable[Trouble]) -> Counter[str]:
    return Counter(one.step for one in troubles if one.step and not one.warning)


def _marked(panel: Panel, draft: Draft, troubles: list[Trouble]) -> Panel:
    """Each problem beside the field that it is about."""
    parts = [
        Part(part.title, [_with_errors(one, panel, draft, troubles) for one in part.fields]) for part in panel.parts
    ]
    return replace(panel, parts=parts)


def _with_errors(one: PanelField, panel: Panel, draft: Draft, troubles: list[Trouble]) -> PanelField:
    key = one.key.removesuffix("/for") if one.key == "cache/for" else one.key  # a length alone stands without a key
    at = f"{panel.pointer}/{key}"
    own = [trouble.detail for trouble in troubles if trouble.pointer == at or trouble.pointer.startswith(f"{at}/")]
    unread = [draft.errors[one.key]] if one.key in draft.errors else []
    return replace(one, errors=[*unread, *own][:5])


def _rows(draft: Draft, troubles: list[Trouble]) -> list[InputRow]:
    errors: dict[str, tuple[str, ...]] = {}
    for one in troubles:
        if one.pointer.startswith("/input/"):
            name = one.pointer.split("/")[2].replace("~1", "/").replace("~0", "~")
            errors[name] = (*errors.get(name, ()), one.detail)
    return input_rows(draft.document or {}, errors)


def placed(errors: Iterable[FieldProblem]) -> Findings:
    """What a service refused, as findings."""
    return Findings(errors=tuple(errors))

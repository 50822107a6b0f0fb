"""The graph of a feature as its template draws it: cards with what they do and, of a run, how they did."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote

from products.features import Call, Event, Feature, StepName
from products.features import Sequence as Stretch
from products.features.layout import Box, Drawing, draw
from products.ui.graph_words import icon_of, label_of_event, marks_of, target_of
from products.ui.states import label_of, tone_of

LARGE: Final = 300  # events; of a feature that has more, every sequence is folded tightly
OPENED_FOR: Final = 60  # events of a sequence that opens by itself where one of them is selected
MOST_MARKS: Final = 4
_FOLD: Final = "\N{HORIZONTAL ELLIPSIS}"  # no tag can be this
_DONE: Final = frozenset({"completed", "skipped"})


@dataclass(frozen=True, slots=True)
class Fold:
    """A sequence of more events than `over` shows the `first` and the `last` of them."""

    over: int
    first: int
    last: int


LOOSE: Final = Fold(14, 6, 3)
TIGHT: Final = Fold(4, 2, 1)


@dataclass(frozen=True, slots=True)
class StepView:
    """How a step of a run does. ``took`` in words; ``message`` of the error, or why it waits."""

    state: str
    took: str = ""
    attempts: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """One event, or the folded middle of a sequence. ``name`` is "sequence/event"."""

    name: str
    label: str
    icon: str
    target: str
    box: Box
    marks: Sequence[tuple[str, str]] = ()
    url: str = ""
    selected: bool = False
    problems: int = 0
    state: str = ""
    tone: str = ""
    took: str = ""
    message: str = ""
    folded: str = ""  # the tag of the sequence that this card opens

    @property
    def classes(self) -> str:
        """What the stylesheet knows the card by."""
        return f"graph-card{f' graph-{self.tone}' if self.tone else ''}{' graph-fold' if self.folded else ''}"


@dataclass(frozen=True, slots=True)
class Group:
    """A sequence with its cards."""

    tag: str
    title: str
    note: str
    box: Box
    cards: Sequence[Card]
    url: str = ""
    selected: bool = False


@dataclass(frozen=True, slots=True)
class Strand:
    """A line between two boxes; ``done`` when what it comes from is done."""

    path: str
    done: bool


@dataclass(frozen=True, slots=True)
class Graph:
    """A feature, ready to be drawn by ``{% graph drawing %}``. ``buttons``: cards submit the form they stand in."""

    name: str
    width: int
    height: int
    input: Box
    input_note: str
    groups: Sequence[Group]
    lines: Sequence[Strand]
    buttons: bool
    opened: Sequence[str] = ()  # the tags of sequences that a reader unfolded


@dataclass(frozen=True, slots=True)
class Links:
    """Where cards lead. ``step`` and ``more`` are addresses that end where "sequence/event", or the tags of
    opened sequences, follow: ``"?step="``. ``buttons``: no addresses; cards are submit buttons named ``select``.
    """

    step: str = ""
    more: str = "?open="
    buttons: bool = False


def graph_of(
    feature: Feature,
    *,
    states: Mapping[str, StepView] | None = None,
    opened: Collection[str] = (),
    selected: str = "",
    problems: Mapping[str, int] | None = None,
    links: Links | None = None,
) -> Graph:
    """Return the drawing of a feature. Keys of ``states`` and ``problems``, and ``selected``, are "sequence/event".

    A sequence of very many events is folded unless its tag is in ``opened``.
    """
    links = links or Links()
    fold = TIGHT if sum(len(one.events) for one in feature.sequences) > LARGE else LOOSE
    around = selected.partition("/")[0] if "/" in selected else ""
    shown = replace(feature, sequences=tuple(_folded(one, opened, around, fold) for one in feature.sequences))
    more = links.more + "".join(f"{quote(tag, safe='')}," for tag in sorted(opened))
    maker = _Maker(draw(shown), states or {}, problems or {}, selected, replace(links, more=more), feature, fold)
    count = len(feature.input)
    return Graph(
        name=feature.name or feature.tag,
        width=maker.drawing.width,
        height=maker.drawing.height,
        input=maker.drawing.input,
        input_note=f"{count} field{'' if count == 1 else 's'}" if count else "no fields",
        groups=[maker.group(one) for one in shown.sequences],
        lines=maker.lines(),
        buttons=links.buttons,
        opened=sorted(opened),
    )


@dataclass(frozen=True, slots=True)
class _Maker:
    """What every card of one drawing is made from."""

    drawing: Drawing
    states: Mapping[str, StepView]
    problems: Mapping[str, int]
    selected: str
    links: Links
    whole: Feature
    fold: Fold

    def group(self, sequence: Stretch) -> Group:
        return Group(
            tag=sequence.tag,
            title=sequence.title or sequence.tag,
            note="side by side" if sequence.mode == "concurrent" else "",
            box=self.drawing.groups[sequence.tag],
            cards=[self._card(event) for event in sequence.events],
            selected=self.selected == sequence.tag,
        )

    def lines(self) -> list[Strand]:
        done = {one.tag: self._is_done(one) for one in self.whole.sequences} if self.states else {}
        return [Strand(line.path, done.get(line.source, bool(self.states))) for line in self.drawing.lines]

    def _is_done(self, sequence: Stretch) -> bool:
        return all(name in self.states and self.states[name].state in _DONE for name in map(_named, sequence.events))

    def _card(self, event: Event) -> Card:
        name, box = str(event.name), self.drawing.cards[event.name]
        if event.name.event == _FOLD:
            return self._folded(event, box)
        step = self.states.get(name)
        return Card(
            name=name,
            label=label_of_event(event),
            icon=icon_of(event.call.type),
            target=target_of(event),
            box=box,
            marks=marks_of(event)[:MOST_MARKS],
            url=self.links.step + quote(name) if self.links.step else "",
            selected=name == self.selected,
            problems=self.problems.get(name, 0),
            state=label_of(step.state) if step else "",
            tone=tone_of(step.state) if step else "",
            took=_took(step),
            message=step.message if step else "",
        )

    def _folded(self, event: Event, box: Box) -> Card:
        tag = event.name.sequence
        hidden = next(one for one in self.whole.sequences if one.tag == tag).events[self.fold.first : -self.fold.last]
        names = [str(one.name) for one in hidden]
        states = [self.states[name].state for name in names if name in self.states]
        return Card(
            name=str(event.name),
            label=f"{len(hidden):,} more",
            icon="dots-vertical",
            target=_counted(states),
            box=box,
            url=self.links.more + quote(tag, safe=""),
            problems=sum(self.problems.get(name, 0) for name in names),
            tone=_worst(states),
            folded=tag,
        )


def _named(event: Event) -> str:
    return str(event.name)


def _folded(sequence: Stretch, opened: Collection[str], around: str, fold: Fold) -> Stretch:
    count = len(sequence.events)
    if count <= fold.over or sequence.tag in opened or (sequence.tag == around and count <= OPENED_FOR):
        return sequence
    middle = Event(StepName(sequence.tag, _FOLD), Call(""))
    return replace(sequence, events=(*sequence.events[: fold.first], middle, *sequence.events[-fold.last :]))


def _counted(states: Sequence[str]) -> str:
    """ "3 failed, 937 completed", the fewest first: what is rare is what one looks for."""
    counts = sorted((states.count(state), state) for state in set(states))
    return ", ".join(f"{count:,} {label_of(state).lower()}" for count, state in counts)


def _worst(states: Collection[str]) -> str:
    tones = {tone_of(state) for state in states}
    return next((tone for tone in ("bad", "wait", "busy", "warn", "mute", "ok") if tone in tones), "")


def _took(step: StepView | None) -> str:
    if step is None:
        return ""
    tries = f"try {step.attempts}" if step.attempts > 1 else ""
    return ", ".join(part for part in (step.took, tries) if part)

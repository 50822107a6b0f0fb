"""Where the parts of a feature stand when it is drawn: left to right, branches side by side, few lines that cross."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from products.features.definition import Feature, Sequence, StepName

CARD_WIDTH, CARD_HEIGHT = 208, 60
CARD_GAP = 14
PADDING, TITLE = 14, 18
COLUMN_GAP, ROW_GAP = 64, 40
MARGIN = 16
INPUT_WIDTH = 132
_SWEEPS = 4


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, in CSS pixels from the top left."""

    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> int:
        """Half way down."""
        return self.y + self.height // 2


@dataclass(frozen=True, slots=True)
class Line:
    """From the right edge of one box to the left edge of another, as an SVG path. "" stands for the input."""

    source: str
    target: str
    path: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A feature, drawn."""

    width: int
    height: int
    input: Box
    groups: Mapping[str, Box]
    cards: Mapping[StepName, Box]
    lines: tuple[Line, ...]


def draw(feature: Feature) -> Drawing:
    """The drawing; the same feature always gives the same one."""
    columns = _untangled(_columns(feature), feature)
    tallest = max((_column_height(column) for column in columns), default=CARD_HEIGHT)
    middle = MARGIN + tallest // 2
    start = Box(MARGIN, middle - CARD_HEIGHT // 2, INPUT_WIDTH, CARD_HEIGHT)
    groups: dict[str, Box] = {}
    cards: dict[StepName, Box] = {}
    x = start.x + start.width + COLUMN_GAP
    for column in columns:
        y = middle - _column_height(column) // 2
        for sequence in column:
            groups[sequence.tag] = Box(x, y, CARD_WIDTH + 2 * PADDING, _group_height(sequence))
            for place, event in enumerate(sequence.events):
                top = y + TITLE + PADDING + place * (CARD_HEIGHT + CARD_GAP)
                cards[event.name] = Box(x + PADDING, top, CARD_WIDTH, CARD_HEIGHT)
            y += _group_height(sequence) + ROW_GAP
        x += CARD_WIDTH + 2 * PADDING + COLUMN_GAP
    lines = tuple(_line(parent, sequence.tag, groups, start) for sequence in feature.sequences
                  for parent in sequence.parents or ("",))  # fmt: skip
    return Drawing(x - COLUMN_GAP + MARGIN, tallest + 2 * MARGIN, start, groups, cards, lines)


def _columns(feature: Feature) -> list[list[Sequence]]:
    """Each sequence one column to the right of its last parent."""
    at: dict[str, int] = {}
    columns: list[list[Sequence]] = []
    for sequence in feature.sequences:
        place = max((at[parent] + 1 for parent in sequence.parents), default=0)
        at[sequence.tag] = place
        if place == len(columns):
            columns.append([])
        columns[place].append(sequence)
    return columns


def _untangled(columns: list[list[Sequence]], feature: Feature) -> list[list[Sequence]]:
    """Sequences near the middle of what they are joined to (the barycentre heuristic of Sugiyama, Tagawa and Toda)."""
    children: dict[str, list[str]] = {}
    for sequence in feature.sequences:
        for parent in sequence.parents:
            children.setdefault(parent, []).append(sequence.tag)
    ordered = [list(column) for column in columns]
    for sweep in range(_SWEEPS):
        places = {one.tag: place for column in ordered for place, one in enumerate(column)}
        for column in ordered if sweep % 2 == 0 else reversed(ordered):
            near = {one.tag: one.parents if sweep % 2 == 0 else children.get(one.tag, ()) for one in column}
            wanted = {
                tag: sum(places[other] for other in others) / len(others) if others else places[tag]
                for tag, others in near.items()
            }
            column.sort(key=lambda one: (wanted[one.tag], places[one.tag]))
            places.update((one.tag, place) for place, one in enumerate(column))
    return ordered


def _group_height(sequence: Sequence) -> int:
    count = max(1, len(sequence.events))
    return TITLE + 2 * PADDING + count * CARD_HEIGHT + (count - 1) * CARD_GAP


def _column_height(column: list[Sequence]) -> int:
    return sum(_group_height(sequence) for sequence in column) + ROW_GAP * (len(column) - 1)


def _line(source: str, target: str, groups: Mapping[str, Box], start: Box) -> Line:
    """A curve that leaves and arrives level."""
    left, right = groups[source] if source else start, groups[target]
    x1, y1, x2, y2 = left.x + left.width, left.middle, right.x, right.middle
    bend = max(24, (x2 - x1) // 2)
    return Line(source, target, f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}")

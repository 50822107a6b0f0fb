"""What is measured: figures with their spread, as a table and as JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """The median of some rounds, with the least and the most of them."""

    name: str
    unit: str
    median: float
    least: float
    most: float
    rounds: int
    note: str = ""


def figure(name: str, unit: str, values: Sequence[float], *, note: str = "") -> Figure:
    """Of one or more measured values."""
    return Figure(name, unit, statistics.median(values), min(values), max(values), len(values), note)


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest rank; `share` from 0 to 1."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(figures: Iterable[Figure]) -> str:
    """For people."""
    lines = [f"{'':54}{'median':>10}{'least':>10}{'most':>10}  unit"]
    for each in figures:
        numbers = "".join(f"{value:>10.{_digits(value)}f}" for value in (each.median, each.least, each.most))
        lines.append(f"{each.name:<54}{numbers}  {each.unit}{f'  ({each.note})' if each.note else ''}")
    return "\n".join(lines)


def save(figures: Iterable[Figure], path: Path) -> None:
    """For machines."""
    path.write_text(json.dumps([asdict(each) for each in figures], indent=1) + "\n", encoding="utf-8")


def _digits(value: float) -> int:
    return 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 2

"""I15: damaged copies of real documents, always the same ones; `make fuzz-importers` makes 100,000 others."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.mutator import mutant
from tests.fuzz.probe import examine
from tests.fuzz.sources import sources, trees

MUTANTS = 400
BATCHES = 8


@pytest.fixture(scope="module")
def documents() -> list[bytes]:
    return sources(random.Random(0), slices=2)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_I15_mutants_are_refused_in_words_or_are_drafts_that_all_else_can_use(documents, batch):
    grown = trees(documents)
    for number in range(batch * MUTANTS // BATCHES, (batch + 1) * MUTANTS // BATCHES):
        examine(mutant(documents, grown, random.Random(f"suite/{number}")))


def test_the_same_seed_makes_the_same_mutant(documents):
    grown = trees(documents)
    made = [mutant(documents, grown, random.Random("twice/7")) for _ in "12"]
    assert made[0] == made[1] != mutant(documents, grown, random.Random("twice/8"))

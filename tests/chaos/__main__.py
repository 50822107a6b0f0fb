"""`python -m tests.chaos --seconds 120 --seed 7`: faults at random on a Ductape of its own; 1 if anything is amiss."""

from __future__ import annotations

import argparse
import random
import shutil
import sys
from pathlib import Path

from ductape_site.embedded.folder import PROJECT
from tests.chaos.drill import MORE_PROCESSES, Plan, drill, header
from tests.chaos.stage import staged


def main() -> int:
    """One drill in a new folder, which is kept when something is amiss."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--callers", type=int, default=4)
    parser.add_argument("--features", action="store_true", help="runs of ten steps, with branches, a loop and a child")
    options = parser.parse_args()
    plan = Plan(
        options.seconds, options.seed, options.callers, processes=MORE_PROCESSES, is_of_features=options.features
    )
    root = PROJECT / "var" / "chaos" / f"seed-{plan.seed}"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    say("\n".join(["What will happen:", *header(plan), "", "What happens:"]))
    with staged(root, quick=True) as stage:
        verdict = drill(stage, plan, say)
        stage.search()
    say("\n".join(["", f"id R23\tseed {plan.seed}", *verdict.lines()]))
    return finish(root, is_good=verdict.is_good)


def finish(root: Path, *, is_good: bool) -> int:
    """The exit code."""
    if is_good:
        shutil.rmtree(root, ignore_errors=True)
        return 0
    say(f"The logs, the ledger and the history are kept in {root.relative_to(PROJECT)}.")
    return 1


def say(line: str) -> None:
    """Prints at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

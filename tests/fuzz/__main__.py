"""`python -m tests.fuzz --count 100000 --seed 1`: mutants of the corpus, each under limits of time and memory.

What fails is written to `var/fuzz/` under its number; `--only NUMBER` makes that one again.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

from tests.fuzz.mutator import mutant
from tests.fuzz.probe import examine, forget
from tests.fuzz.sources import large_sources, sources, trees

SLOWEST_S = 10.0  # of processor time, so that a busy machine fails nothing
MOST_KB = 1_000_000
CULPRITS = Path("var/fuzz")
LARGE_EVERY = 1000  # so many mutants, one of a large document whole


def main() -> int:
    """Exit code 1 when something failed."""
    options = _options()
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    sys.setrecursionlimit(1000)
    documents = sources(random.Random(0))
    grown, large = trees(documents), large_sources()
    numbers = [options.only] if options.only is not None else range(options.start, options.start + options.count)
    found: Counter[str] = Counter()
    slowest, most, begun = 0.0, 0, time.monotonic()
    for number in numbers:
        data = _made(options.seed, number, documents, grown, large)
        taken, outcome = _outcome(data, ".json" if number % 7 == 0 else "")
        found[outcome] += 1
        slowest, most = max(slowest, taken), max(most, _peak_kb())
        if outcome not in {"draft", "refused"}:
            _keep(data, options.seed, number, outcome)
        if number % 2000 == 0:
            print(number, dict(found.most_common(8)), f"slowest {slowest:.2f} s, {most // 1024} MB", flush=True)  # noqa: T201
    print(f"{sum(found.values())} in {time.monotonic() - begun:.0f} s: {dict(found)}", flush=True)  # noqa: T201
    print(f"slowest {slowest:.2f} s, at most {most // 1024} MB", flush=True)  # noqa: T201
    return 0 if set(found) <= {"draft", "refused"} else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int)
    return parser.parse_args()


def _made(seed: int, number: int, documents: list[bytes], grown: list[str], large: list[bytes]) -> bytes:
    rng = random.Random(f"{seed}/{number}")
    if number % LARGE_EVERY == LARGE_EVERY - 1:
        whole = [rng.choice(large)]
        return mutant(whole, trees(whole), rng)
    return mutant(documents, grown, rng)


def _outcome(data: bytes, filename: str) -> tuple[float, str]:
    forget()
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    begun = time.process_time()
    try:
        outcome = "refused" if examine(data, filename=filename) is None else "draft"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
        frame = traceback.extract_tb(error.__traceback__)[-1]
        outcome = f"{type(error).__name__} {Path(frame.filename).name}:{frame.lineno} {str(error)[:80]}"
    taken = time.process_time() - begun
    if taken > SLOWEST_S:
        outcome = f"slow: {taken:.0f} s"
    elif _peak_kb() > MOST_KB:
        outcome = "large"
    return taken, outcome


def _peak_kb() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def _keep(data: bytes, seed: int, number: int, outcome: str) -> None:
    CULPRITS.mkdir(parents=True, exist_ok=True)
    (CULPRITS / f"{seed}-{number}").write_bytes(data)
    print(f"  {number}: {outcome}", flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())

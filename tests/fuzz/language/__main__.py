"""`make fuzz SECONDS=60`: inputs guided by coverage. The first that fails ends it and is in `var/fuzz/`.

`python -m tests.fuzz.language --seconds 60 [FILE …]`; with files only these are examined. Needs `atheris`, which
`make fuzz` puts aside in `var/atheris`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["products.expressions", "products.features", "products.lib.fields"]):
    from tests.fuzz.language.examine import examine

FOUND = Path("var/fuzz/language")
LIMITS = (
    "-timeout=120",
    "-rss_limit_mb=1500",
    "-max_len=4096",
    "-len_control=20",
    "-print_final_stats=1",
    "-verbosity=0",
)


def main() -> None:
    """Runs until something fails or the time is up."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0, help="0: another one each time")
    parser.add_argument("files", nargs="*", type=Path, help="only these: what was found before")
    options = parser.parse_args()
    if options.files:
        for path in options.files:
            examine(path.read_bytes())
        return
    corpus = FOUND / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    ends = (f"-max_total_time={options.seconds}", f"-seed={options.seed}", f"-artifact_prefix={FOUND}/")
    atheris.Setup([sys.argv[0], *LIMITS, *ends, str(corpus)], examine)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

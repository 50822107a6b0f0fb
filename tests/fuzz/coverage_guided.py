"""`python -m tests.fuzz.coverage_guided CORPUS_FOLDER`: mutants guided by coverage. Needs `atheris`.

`make fuzz` puts it aside: `PYTHONPATH=var/atheris`. libFuzzer's own options follow, such as
`-max_total_time=600 -timeout=10 -rss_limit_mb=1000`.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["products.importers", "products.lib"]):
    from tests.fuzz.probe import examine


def main() -> None:
    """Runs until something fails or libFuzzer's limits are reached."""
    atheris.Setup(sys.argv, lambda data: examine(data) and None)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

"""Looks again at the few tests that were red; `.ci/run` asks for it: python .ci/second_look.py EXIT-CODE-OF-PYTEST.

Ten thousand tests with real servers, two at a time on two cores: where one went red for want of time or by a race, the
change at hand is seldom the reason. Up to FEW of them run once more, one at a time. Green now, they let the change
pass and are named as what they are, a fault to be mended: of the test, or of the code, which had a race.
"""

import json
import subprocess
import sys
from pathlib import Path

FEW = 5
RED = Path(".pytest_cache/v/cache/lastfailed")
TESTS_FAILED = 1  # of pytest's exit codes the only one that a second look could change


def main(code: int) -> int:
    """The exit code to end with."""
    red = list(json.loads(RED.read_text(encoding="utf-8"))) if code == TESTS_FAILED and RED.is_file() else []
    if not 0 < len(red) <= FEW:
        return code
    print(f"\n{len(red)} red: looked at once more, one at a time.", flush=True)
    again = subprocess.run([sys.executable, "-m", "pytest", *red], check=False).returncode
    if again == 0:
        for test in red:
            print(f"FLAKY, to be mended: {test}", flush=True)
    return again


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))

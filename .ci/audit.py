"""Asks the advisory services about every locked package; `make audit`.

Ends with 1 when one knows a weakness that `.ci/audit-exceptions.txt` does not excuse, with 0 and a warning when a
service cannot be reached: then nothing is known, which is said and is no failure of ours.
"""

import json
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / "var" / "audit"
LOCKS = (
    "requirements.lock",
    "requirements-image.lock",
    "requirements-otel.lock",
    "requirements-fuzz.lock",
    "requirements-bootstrap.lock",
)
EXCEPTIONS = ROOT / ".ci" / "audit-exceptions.txt"
SEVERE = {"high", "critical"}
SECONDS = 300
OUT_OF_REACH = re.compile(r"(?i)connect|time.?out|ssl|certificate|resolve|ENOTFOUND|network|retries|unavail|50[234]")


class UnreachableError(Exception):
    """The service gave no answer about advisories; the text is its reason."""


class BrokenError(Exception):
    """The tool failed for a reason of its own: that is no answer, and no excuse either."""


def unanswered(said: str) -> Exception:
    """What it means that there is no answer."""
    return UnreachableError(said) if OUT_OF_REACH.search(said) else BrokenError(said)


def main() -> int:
    """Both registries; 0 when neither knows anything against us."""
    found, unasked = [], []
    for name, ask in (("Python packages", python_advisories), ("front-end packages", npm_advisories)):
        try:
            found += ask()
        except UnreachableError as error:
            unasked.append(f"{name}: the advisory service could not be asked ({error}). Nothing is known about them.")
        except BrokenError as error:
            found.append(f"{name}: the audit itself failed: {error}")
    excused = exceptions()
    open_still = [one for one in found if not any(identity in one for identity in excused)]
    for line in [*unasked, *(f"excused: {one}" for one in found if one not in open_still), *open_still]:
        print(line)  # noqa: T201
    if not found and not unasked:
        print("No advisory is known for any locked package.")  # noqa: T201
    return 1 if open_still else 0


def python_advisories() -> list[str]:
    """One line for each advisory of a package of any lock. Raises UnreachableError, BrokenError."""
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--format", "json"]
    command += ["--progress-spinner", "off", "--timeout", "15", *(part for lock in LOCKS for part in ("-r", lock))]
    done = run(command)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        raise unanswered(last_line(done.stderr)) from None
    return [
        f"{package['name']} {package['version']}: {one['id']} {' '.join(one.get('aliases', []))}, "
        f"mended in {', '.join(one['fix_versions']) or 'no version yet'}"
        for package in packages
        for one in package.get("vulns", [])
    ]


def npm_advisories() -> list[str]:
    """One line for each severe advisory. Raises UnreachableError, BrokenError."""
    done = run([str(ROOT / ".venv" / "bin" / "npm"), "audit", "--json", "--package-lock-only"])
    try:
        found = json.loads(done.stdout)
    except ValueError:
        raise unanswered(last_line(done.stderr)) from None
    if "vulnerabilities" not in found:
        said = found.get("error", {}).get("summary") or found.get("message") or last_line(done.stderr)
        raise unanswered(str(said))
    severe = [one for one in found["vulnerabilities"].values() if one["severity"] in SEVERE]
    return [f"{one['name']} {one['range']}: {one['severity']}, {identities(one)}" for one in severe]


def identities(one: dict[str, object]) -> str:
    """The addresses of the advisories behind a finding of npm."""
    via = one.get("via")
    return " ".join(str(part["url"]) for part in via if isinstance(part, dict)) if isinstance(via, list) else ""


def exceptions() -> set[str]:
    """`ID until YYYY-MM-DD: reason`, one a line; one whose day is over counts no more. Raises ValueError."""
    known = set()
    for line in EXCEPTIONS.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        parts = re.fullmatch(r"(\S+) until (\d{4}-\d\d-\d\d): (\S.*)", line)
        if parts is None:
            raise ValueError(f"{EXCEPTIONS.name}: {line!r} is not `ID until YYYY-MM-DD: reason`")
        if date.fromisoformat(parts[2]) >= date.today():  # noqa: DTZ011 - a day, wherever it is read
            known.add(parts[1])
    return known


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """A tool in the checkout. Raises UnreachableError when it takes too long."""
    environment = {"PATH": f"{ROOT / '.venv' / 'bin'}:/usr/bin:/bin", "HOME": str(TOOLS), "PYTHONPATH": str(TOOLS)}
    try:
        return subprocess.run(  # noqa: S603
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        raise UnreachableError(f"no answer within {SECONDS} seconds") from None


def last_line(text: str) -> str:
    """What a tool says at the end."""
    return (text.strip().splitlines() or ["it said nothing"])[-1][:200]


if __name__ == "__main__":
    sys.exit(main())

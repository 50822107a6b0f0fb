"""D11: no key of anybody's lies in the repository. What only looks like one is named here, with its date and reason."""

from __future__ import annotations

import math
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHAPES = {
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "AWS": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "GitHub": r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})\b",
    "GitLab": r"\bglpat-[A-Za-z0-9_-]{20,}",
    "Slack": r"\bxox[abposr]-[A-Za-z0-9-]{10,}",
    "Stripe": r"\b[rs]k_live_[A-Za-z0-9]{16,}",
    "Google": r"\bAIza[0-9A-Za-z_-]{35}",
    "npm or PyPI": r"\b(?:npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,})",
    "token of JSON": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}",
    "URL with a password": r"\b[a-z][a-z0-9+]{2,12}://[^\s:/@{}<>$\"']{1,40}:(?P<value>[^\s:/@{}<>$\"']{3,80})@",
    "assigned": (
        r"(?i)\b[\w.-]*(?:passw(?:or)?d|secret|token|api_?key|private_?key|access_?key)[\w-]{0,12}[\"']?\s{0,3}[:=]\s{0,3}"
        r"[\"'](?P<value>[A-Za-z0-9+/=_-]{20,100})[\"']"
    ),
}
BITS = 3.6  # of each sign of an assigned value: words have less, keys more
LOOKS_LIKE_ONE = {
    "tests/": "2026-11-21: made up, to be masked, refused or looked for",
    "bench/": "2026-11-21: made up, for a load that starts its own servers",
    "deploy/kubernetes/secrets.example.yaml": "2026-11-21: CHANGE-ME",
}
# Files that hold keys by their kind must not be there at all.
KEPT_OUT = re.compile(r"\.(pem|key|p12|pfx|jks|keystore|sqlite3?|dump|rdb)$|(^|/)(\.env|id_[a-z0-9]+|keys\.env)$")
WORDS = {"password", "PASSWORD", "CHANGE-ME", "guest"}  # instead of a value


def files() -> list[str]:
    """All that git keeps."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
    return [name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def found_in(text: str) -> Iterator[str]:
    for kind, shape in SHAPES.items():
        for match in re.finditer(shape, text):
            value = match.groupdict().get("value")
            if value not in WORDS and (kind != "assigned" or bits(value or "") >= BITS):
                yield f"{kind}: {match[0][:12]}…"


def bits(text: str) -> float:
    """Shannon's, of one sign."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


@pytest.fixture(scope="module")
def found() -> dict[str, list[str]]:
    seen = {}
    for name in files():
        if not name.endswith((".lock", "package-lock.json", ".png", ".woff2", ".ico")):
            seen[name] = sorted(set(found_in((ROOT / name).read_text(errors="replace"))))
    return {name: kinds for name, kinds in seen.items() if kinds}


def test_D11_no_key_lies_in_the_repository(found: dict[str, list[str]]) -> None:
    assert {name: kinds for name, kinds in found.items() if not name.startswith(tuple(LOOKS_LIKE_ONE))} == {}


def test_D11_no_file_that_holds_keys_by_its_kind_lies_there() -> None:
    assert [name for name in files() if KEPT_OUT.search(name)] == []


def test_D11_every_allowance_is_dated() -> None:
    assert all(re.match(r"20\d\d-\d\d-\d\d: \S", reason) for reason in LOOKS_LIKE_ONE.values())


@pytest.mark.parametrize(
    "line",
    [
        "-----BEGIN " + "EC PRIVATE KEY-----", "id = AKIA" + "QWERTYUIOPASDFGH", "ghp_" + "a1B2" * 9,
        "sk_live_" + "51Hx8LkE2eZvKYlo2C", "redis://:x@h postgres://me:" + "hunter22@db/x",
        'SECRET_KEY = "' + 'kX9vQ2mZ7pL4tR8wY1nB6cD3"', "'api_key': '" + "0f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c'",
    ],
)  # fmt: skip
def test_D11_the_search_sees_keys(line: str) -> None:
    assert list(found_in(line))


@pytest.mark.parametrize(
    "line",
    ['password = "a-password-of-tests"', "token: {{ token }}", 'secret_key = env.text("SECRET_KEY_OF_THE_SITE")'],
)
def test_D11_the_search_leaves_words_alone(line: str) -> None:
    assert list(found_in(line)) == []

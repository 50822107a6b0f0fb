"""The README's lines of Python do what stands around them, with an access key as a program has one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.site import Person, Site

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("site")]
README = Path(__file__).parents[2] / "README.md"


def test_the_lines_of_python_run_as_they_stand(site: Site, owner: Person) -> None:
    given = {"name": "README", "verbs": ["read", "run"], "expires_at": "2036-01-01T00:00:00Z"}
    key = owner.made("/workspaces/main/keys/", given)["text"]
    section = README.read_text().partition("## Run an action from a program")[2].partition("\n## ")[0]
    lines = "\n".join(re.findall(r"```python\n(.*?)```", section, re.DOTALL))
    assert "runs.approve" in lines
    names: dict[str, Any] = {"access_key": key}
    exec(lines.replace("http://localhost:8000", site.address), names)
    run = names["ductape"].runs.wait(names["run"].id, 30)
    assert (run.state, run.target) == ("completed", "large-order"), run.error

"""A first call with an access key, in the languages people copy from."""

from __future__ import annotations

from typing import Final

_CURL: Final = """curl {url} \\
  -H "Authorization: Bearer {key}\""""
_PYTHON: Final = """import json
from urllib.request import Request, urlopen

request = Request("{url}", headers={{"Authorization": "Bearer {key}"}})
print(json.load(urlopen(request)))"""
_JAVASCRIPT: Final = """const answer = await fetch("{url}", {{
  headers: {{ Authorization: "Bearer {key}" }},
}});
console.log(await answer.json());"""


def examples(base_url: str, workspace: str, key: str) -> list[dict[str, str]]:
    """Snippets for `ui/copy_as.html` that list the workspace's products."""
    url = f"{base_url}/api/v1/workspaces/{workspace}/products/"
    parts = (("curl", "curl", _CURL), ("python", "Python", _PYTHON), ("javascript", "JavaScript", _JAVASCRIPT))
    return [{"id": name, "label": label, "code": text.format(url=url, key=key)} for name, label, text in parts]

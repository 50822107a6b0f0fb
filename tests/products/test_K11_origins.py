"""K11: entries of allowed hosts, and what they let through."""

from __future__ import annotations

import pytest

from products.lib.origins import EntryError, clean_entries, hidden, is_allowed, origins_of
from products.lib.safe_urls import exact_url, parse_url, same_origin


@pytest.mark.parametrize(
    ("entry", "url", "fits"),
    [
        ("api.example.com", "https://api.example.com/v1", True),
        ("API.example.com", "https://api.example.com.:443/v1", True),
        ("api.example.com", "https://api.example.com:8443/", False),
        ("api.example.com:8443", "https://api.example.com:8443/", True),
        ("api.example.com", "https://api.example.com.evil.org/", False),
        ("api.example.com", "https://evilapi.example.com/", False),
        ("*.example.com", "https://a.b.example.com/", True),
        ("*.example.com", "https://example.com/", False),
        ("*.example.com", "https://evilexample.com/", False),
        ("https://api.example.com", "http://api.example.com/", False),
        ("http://localhost:8000", "http://localhost:8000/", True),
        ("[::1]:9000", "http://[::1]:9000/", True),
        (hidden("https://a.example.com"), "https://a.example.com/x", True),
        (hidden("https://a.example.com"), "https://b.example.com/x", False),
    ],
)
def test_K11_an_entry_fits_whole_hosts_only(entry: str, url: str, fits: bool) -> None:
    entries = [entry] if entry.startswith("sha256:") else clean_entries([entry])
    assert is_allowed(url, entries) is fits


@pytest.mark.parametrize("entry", ["*", "*.", "a b", "a/path", "user@host", "ftp://x", "a..b", "x:99999", "x:0", "%41"])
def test_K11_what_is_no_host_is_refused(entry: str) -> None:
    with pytest.raises(EntryError):
        clean_entries([entry])


def test_K11_entries_are_cleaned_and_bounded() -> None:
    assert clean_entries([" A.example ", "a.example/", ""]) == ["a.example"]
    with pytest.raises(EntryError, match="At most 50"):
        clean_entries(f"h{number}.example" for number in range(51))


def test_K11_origins_leave_out_what_cannot_be_called() -> None:
    urls = ["https://{{region}}.example.com:443/v1", "{{gone}}", "ftp://x", "", "HTTP://Local:8000/a"]
    assert origins_of(urls, {"region": "EU"}) == ("https://eu.example.com", "http://local:8000")


@pytest.mark.parametrize("base", ["https://a.example:443/v1", "http://a.example:80", "https://a.example:8443/v1"])
def test_S11_a_base_url_may_spell_out_its_port(base: str) -> None:
    url = parse_url(base)
    assert exact_url(url, f"{url.raw_path.rstrip('/')}/things", "q=1").port == url.port
    assert same_origin(url, parse_url(f"{url.scheme}://A.example:{url.port}/other"))
    assert not same_origin(url, parse_url(f"{url.scheme}://a.example:9/"))

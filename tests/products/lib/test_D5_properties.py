"""D5: what holds for every input: masking twice is masking once, filling fails in one way, URLs stay on their host."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from products.importers.credentials import Finder
from products.lib import placeholders
from products.lib.http_errors import OutboundError
from products.lib.placeholders import MissingPlaceholder
from products.lib.redaction import Redactor, mask_keys
from products.lib.safe_urls import exact_url, parse_url, same_origin

TEXT = st.text(max_size=60) | st.text(alphabet="{}$ab.-/ \n:\"'=&?@%Secretpasswordtoken•", max_size=80)
NAMES = TEXT | st.sampled_from(["password", "token", "id"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
SECRETS = st.lists(st.text(min_size=4, max_size=20).filter(lambda text: "•" not in text), max_size=3)


@settings(max_examples=200, deadline=None)
@given(SECRETS, JSON)
def test_D5_masking_is_idempotent(secrets, value):
    redactor = Redactor(secrets)
    once = redactor.json(value)
    assert redactor.json(once) == once


@settings(max_examples=200, deadline=None)
@given(TEXT, JSON)
def test_D5_masking_of_imports_is_idempotent(text, value):
    assert mask_keys(mask_keys(text)) == mask_keys(text)
    once = Finder().written(text)
    assert Finder().written(once) == once
    masked = Finder().json(value)
    again = Finder().json(masked)
    assert again == masked


@settings(max_examples=300, deadline=None)
@given(TEXT, st.dictionaries(st.sampled_from(["a", "b", "a.b", "Secret"]), TEXT))
def test_D5_filling_a_template_gives_text_or_names_what_is_missing(text, values):
    for fill in (lambda: placeholders.fill(text, values), lambda: placeholders.fill_secrets(text, values.get)):
        try:
            filled = fill()
        except MissingPlaceholder as error:
            filled = "" if error.name not in values else None
        assert isinstance(filled, str)


@settings(max_examples=300, deadline=None)
@given(TEXT, TEXT)
def test_D5_a_built_url_stays_on_its_host_and_below_its_path(path, query):
    base = parse_url("https://api.example.com/v1")
    try:
        url = exact_url(base, "/v1/" + path, query)
    except OutboundError:
        return
    assert same_origin(url, base)
    assert URL(str(url), encoded=True).raw_path.startswith("/v1/")
    assert (url.host, url.user, url.port) == ("api.example.com", None, 443)


@settings(max_examples=300, deadline=None)
@given(TEXT | st.text().map(lambda text: f"https://{text}"))
def test_D5_parsing_a_url_gives_one_with_a_host_or_refuses(text):
    try:
        url = parse_url(text)
    except OutboundError:
        return
    assert url.scheme in {"http", "https"}
    assert url.host
    assert url.user is None

"""`{{name}}` and `$Secret{KEY}` are filled once, from configured texts only."""

from __future__ import annotations

import pytest

from products.lib.placeholders import MissingPlaceholder, fill, fill_secrets, find, secret_refs


def test_names_are_found_once_in_order():
    assert find("https://{{ host }}/{{v}}/{{host}}?{x}") == ("host", "v")


def test_values_are_filled_in():
    assert fill("https://{{ host }}/{{api-version}}", {"host": "h", "api-version": "2"}) == "https://h/2"


def test_J5_a_value_is_never_read_again():
    assert fill("{{a}}", {"a": "{{b}} $Secret{K}", "b": "no"}) == "{{b}} $Secret{K}"
    assert (
        fill_secrets("$Secret{A}", {"A": "$Secret{B} {{a}} \\1 \\g<0>", "B": "no"}.get) == "$Secret{B} {{a}} \\1 \\g<0>"
    )


def test_a_missing_value_is_named():
    with pytest.raises(MissingPlaceholder) as caught:
        fill("{{a}}{{b}}", {"a": ""})
    assert caught.value.name == "b"


@pytest.mark.parametrize("text", ["{0.__class__}", "{x!r}", "%s", "${x}", "{{}}", "{{a|attr}}", "{{a()}}", "{{a[0]}}"])
def test_J4_no_text_reaches_an_attribute(text):
    assert fill(text, {"a": "v", "x": "w"}) == text


def test_J4_a_dotted_name_is_only_a_name():
    with pytest.raises(MissingPlaceholder, match=r"a\.__class__"):
        fill("{{a.__class__}}", {"a": "v"})


def test_secret_keys_are_found_and_filled():
    assert secret_refs("a $Secret{ONE} $Secret{ two } $Secret{ONE} $Secret{}") == ("ONE", "two")
    assert fill_secrets("Bearer $Secret{K}", {"K": "v"}.get) == "Bearer v"
    with pytest.raises(MissingPlaceholder, match="K2"):
        fill_secrets("$Secret{K2}", {"K": "v"}.get)


def test_long_nonsense_takes_no_time():
    assert find("{{" * 50_000) == ()
    assert find("{{" + " " * 100_000) == ()

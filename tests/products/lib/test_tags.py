"""Tags are made from whatever people type, always valid, always unique."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from products.lib.tags import TAG_PATTERN, slugify_tag, unique_tag


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("Fulfil order", "fulfil-order"),
        ("  Stripe (US)  ", "stripe-us"),
        ("Straße in Øresund", "strasse-in-oresund"),
        ("ﬀ ligature", "ff-ligature"),
        ("\u0130stanbul \u0131ss\u0131z", "istanbul-issiz"),
        ("repo_slug", "repo_slug"),
        ("_private", "private"),
        ("don't", "dont"),
        ("GET /users/{id}", "get-users-id"),
        ("日本語", "item"),
        ("", "item"),
        ("<script>", "script"),
        ("__proto__", "proto"),
    ],
)
def test_names_become_tags(name, tag):
    assert slugify_tag(name) == tag


def test_D3_twins_in_other_normal_forms_have_one_tag():
    assert slugify_tag("caf\u00e9") == slugify_tag("cafe\u0301") == "cafe"


def test_the_fallback_can_be_chosen():
    assert slugify_tag("!!!", fallback="action") == "action"


def test_taken_tags_get_a_number_within_the_length():
    long = "x" * 63
    assert unique_tag("a", set()) == "a"
    assert unique_tag("a", {"a", "a-2"}) == "a-3"
    assert unique_tag(long, {long}) == "x" * 61 + "-2"


@given(st.text(max_size=300))
def test_every_tag_is_valid(name):
    assert TAG_PATTERN.fullmatch(slugify_tag(name))


@given(st.lists(st.text(max_size=80), max_size=30))
def test_tags_made_one_after_the_other_are_unique_and_valid(names):
    taken: set[str] = set()
    for name in names:
        tag = unique_tag(slugify_tag(name), taken)
        assert tag not in taken
        assert TAG_PATTERN.fullmatch(tag)
        taken.add(tag)

"""D3: two names that read the same are the same text, and no name hides anything."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from products.lib.names import name_form


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Cafe\N{COMBINING ACUTE ACCENT}", "Caf\N{LATIN SMALL LETTER E WITH ACUTE}"),
        ("\N{ANGSTROM SIGN}", "\N{LATIN CAPITAL LETTER A WITH RING ABOVE}"),
        ("ad\N{ZERO WIDTH SPACE}min", "admin"),
        ("ad\N{ZERO WIDTH JOINER}min", "admin"),
        ("ad\N{SOFT HYPHEN}min", "admin"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}nimda\N{POP DIRECTIONAL FORMATTING}", "nimda"),
        ("\N{ZERO WIDTH NO-BREAK SPACE}Shop", "Shop"),
        ("Shop\N{TAG LATIN SMALL LETTER A}", "Shop"),
        (" My\N{NO-BREAK SPACE}\N{LINE SEPARATOR} shop\n", "My shop"),
        ("\N{WORD JOINER}\N{ZERO WIDTH NON-JOINER}", ""),
        ("\N{LATIN SMALL LIGATURE FF}", "\N{LATIN SMALL LIGATURE FF}"),
        (
            "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}\N{ZERO WIDTH JOINER}",
            "\N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}",
        ),
        (
            "\N{ARABIC LETTER FARSI YEH}\N{ZERO WIDTH NON-JOINER}\N{ARABIC LETTER KHAH}",
            "\N{ARABIC LETTER FARSI YEH}\N{ZERO WIDTH NON-JOINER}\N{ARABIC LETTER KHAH}",
        ),
    ],
)
def test_D3_a_name_is_stored_as_it_is_read(typed: str, stored: str) -> None:
    assert name_form(typed) == stored


ODD = "e\u0301\u200d\u200c\u200b\u212a\u00a0 \u202eA\ufb2c\U0001f468\u2028"


@settings(derandomize=True)
@given(st.one_of(st.text(), st.text(ODD)))
def test_D3_what_is_stored_stays_as_it_is(text: str) -> None:
    once = name_form(text)
    assert name_form(once) == once
    assert unicodedata.is_normalized("NFC", once)

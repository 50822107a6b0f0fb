"""D3: text that reads the same is the same, tags are plain, and lengths are counted where they are stored."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests import app_objects, objects
from tests.contracts.described import assert_as_described
from tests.contracts.routes import signed_in
from tests.people import Cast

ACME = "/api/v1/workspaces/acme/"
ODD_TAGS = (
    "sh\N{CYRILLIC SMALL LETTER O}p", "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "cafe\N{COMBINING ACUTE ACCENT}",
    "sh\N{ZERO WIDTH SPACE}op", "\N{RIGHT-TO-LEFT OVERRIDE}pohs", "o\N{LATIN SMALL LIGATURE FF}er",
    "\N{LATIN SMALL LETTER DOTLESS I}stanbul", "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}", "\N{PILE OF POO}",
    "\N{FULLWIDTH LATIN SMALL LETTER A}", "\N{ARABIC-INDIC DIGIT ONE}", "Shop", "-shop", "",
)  # fmt: skip
EXPANDS = "\N{HEBREW LETTER SHIN WITH DAGESH AND SHIN DOT}"  # three characters in composed form


@pytest.fixture
def alice(cast: Cast) -> Client:
    objects.product(cast.workspace)
    app_objects.app(cast.workspace)
    return signed_in(cast.alice)


def post(client: Client, path: str, body: dict[str, Any]) -> Any:
    response = client.post(f"{ACME}{path}", body, content_type="application/json")
    assert_as_described("post", f"{ACME}{path}", response)
    return response


@pytest.mark.parametrize(
    "twin",
    [
        "Cafe\N{COMBINING ACUTE ACCENT}",
        "Caf\N{LATIN SMALL LETTER E WITH ACUTE}\N{ZERO WIDTH SPACE}",
        "\N{LEFT-TO-RIGHT MARK}Caf\N{LATIN SMALL LETTER E WITH ACUTE} ",
        "Ca\N{ZERO WIDTH JOINER}fe\N{COMBINING ACUTE ACCENT}",
    ],
)
def test_D3_twins_of_a_folder_are_one_folder(alice: Client, twin: str) -> None:
    path = "apps/ledger-acme/folders/"
    assert post(alice, path, {"path": "Caf\N{LATIN SMALL LETTER E WITH ACUTE}"}).status_code == 201
    again = post(alice, path, {"path": twin})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize("tag", ODD_TAGS)
def test_D3_a_tag_has_no_look_alikes(alice: Client, tag: str) -> None:
    for path, name, rest in (
        ("products/", "tag", {"name": "N"}),
        ("apps/", "tag", {"name": "N"}),
        ("products/shop-acme/environments/", "slug", {"name": "N"}),
        ("products/shop-acme/connections/", "tag", {"app": "ledger-acme"}),
        ("apps/ledger-acme/environments/", "slug", {"name": "N"}),
        ("apps/ledger-acme/auths/", "tag", {"name": "N", "kind": "bearer"}),
        ("apps/ledger-acme/actions/", "tag", {"name": "N", "method": "GET", "path": "/n"}),
    ):
        response = post(alice, path, {**rest, name: tag})
        assert response.status_code == 400, (path, response.content[:200])
        assert response.json()["errors"][0]["pointer"] == f"/{name}", path


def test_D3_names_hide_nothing_wherever_they_are_given(alice: Client) -> None:
    seen = {"name": "\N{RIGHT-TO-LEFT OVERRIDE}Shop\N{ZERO WIDTH SPACE} one"}
    for path, rest in (
        ("products/", {}),
        ("apps/", {}),
        ("products/shop-acme/environments/", {"slug": "new"}),
        ("apps/ledger-acme/environments/", {}),
        ("apps/ledger-acme/auths/", {"kind": "bearer"}),
        ("apps/ledger-acme/actions/", {"method": "GET", "path": "/n"}),
        ("apps/ledger-acme/actions/list-acme/samples/", {}),
        ("keys/", {"verbs": ["read"]}),
    ):
        response = post(alice, path, {**seen, **rest})
        assert (response.status_code, response.json().get("name")) == (201, "Shop one"), path
        nothing = post(alice, path, {**rest, "name": "\N{ZERO WIDTH SPACE}\N{WORD JOINER}"})
        assert nothing.status_code == 400, path
        assert nothing.json()["errors"][0]["pointer"] == "/name", path


def test_D3_lengths_are_of_characters_as_they_are_stored(alice: Client) -> None:
    assert post(alice, "products/", {"name": "\N{PILE OF POO}" * 120}).status_code == 201
    assert post(alice, "products/", {"name": "\N{PILE OF POO}" * 121}).status_code == 400
    grown = post(alice, "products/", {"name": EXPANDS * 120})
    assert (grown.status_code, grown.json()["errors"][0]["pointer"]) == (400, "/name")
    grown = post(alice, "apps/ledger-acme/actions/", {"name": EXPANDS * 200, "method": "GET", "path": "/n"})
    assert (grown.status_code, grown.json()["errors"][0]["pointer"]) == (400, "/name")
    grown = post(alice, "apps/ledger-acme/folders/", {"path": EXPANDS * 1000})
    assert (grown.status_code, grown.json()["errors"][0]["pointer"]) == (400, "/path")


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}stanbul", "istanbul"),
        ("\N{LATIN SMALL LETTER DOTLESS I}\N{LATIN SMALL LIGATURE FF}", "iff"),
        ("\N{PILE OF POO}", "product"),
        ("\N{GREEK CAPITAL LETTER OMEGA}", "product"),
        ("\N{LATIN SMALL LIGATURE FFI}" * 100, "ffi" * 21),
    ],
)
def test_D3_a_tag_made_from_a_name_is_plain(alice: Client, name: str, tag: str) -> None:
    assert post(alice, "products/", {"name": name}).json()["tag"] == tag


def test_D3_a_member_is_known_by_an_address_in_any_case(alice: Client) -> None:
    for address in ("DEV@example.com", "dev@EXAMPLE.COM"):
        assert post(alice, "invitations/", {"email": address, "role": "viewer"}).status_code == 409
    for name in ("d\N{CYRILLIC SMALL LETTER IE}v", "dev\N{ZERO WIDTH SPACE}", "dev\N{RIGHT-TO-LEFT OVERRIDE}"):
        refused = post(alice, "invitations/", {"email": f"{name}@example.com", "role": "viewer"})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/email"), name

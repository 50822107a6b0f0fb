"""Secrets never show, in whatever spelling and wherever a text was cut."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from products.lib.redaction import MASK, Redactor, StreamRedactor, is_secret_key, mask_keys
from tests.patience import ends

PEM = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEF\nAASCBKcwggSjAgEAAoIBAQC7VJTU\n-----END KEY-----\n"
SECRETS = [
    "k9Zq", "p@ss w+rd%20&x=1", 'quo"te\\back/slash', "ünïcødé-密码", "line one of it\nline two of it", PEM,
    '{"type": "account", "private_key": "abcdefghijklmnopqrstuvwxyz"}', "<script>&amp;'x'</script>", "a" * 4_000,
    "sk_live_51Hx8LkE2eZvKYlo2C", "tab\there it is", "0123456789",
]  # fmt: skip


def spellings(secret: str) -> dict[str, str]:
    data = secret.encode()
    return {
        "plain": secret,
        "json": json.dumps(secret)[1:-1],
        "json utf-8": json.dumps(secret, ensure_ascii=False)[1:-1],
        "json slashes": json.dumps(secret)[1:-1].replace("/", "\\/"),
        "quote": quote(secret, safe=""),
        "quote path": quote(secret),
        "quote plus": quote_plus(secret),
        "quote lower": quote(secret, safe="").lower() if secret.isascii() and secret.islower() else quote(secret),
        "quoted twice": quote(quote(secret, safe=""), safe=""),
        "html": html.escape(secret),
        "html text": html.escape(secret, quote=False),
        "hex": data.hex(),
        "HEX": data.hex().upper(),
        "base64": base64.b64encode(data).decode(),
        "base64url": base64.urlsafe_b64encode(data).decode().rstrip("="),
        "inside base64 at 1": base64.b64encode(b"x" + data + b"yy").decode(),
        "inside base64 at 2": base64.b64encode(b"xx" + data + b"y").decode(),
        "inside base64 at 3": base64.b64encode(b"xxx" + data).decode(),
    }


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret[:12].encode().hex())
def test_K1_a_secret_is_masked_in_every_spelling(secret):
    redactor = Redactor([secret])
    for name, spelling in spellings(secret).items():
        masked = redactor.text(f"before {spelling} after")
        assert MASK in masked, name
        assert secret not in masked, name
        if "inside" not in name:
            assert masked == f"before {MASK} after", name


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret[:12].encode().hex())
def test_K2_chunk_borders_do_not_let_a_secret_through(secret):
    redactor = Redactor([secret])
    text = f"head {secret} mid {base64.b64encode(secret.encode()).decode()} tail"
    for size in (1, 2, 3, 7, 64, 1000):
        if size < 7 and len(secret) > 1000:
            continue
        stream = StreamRedactor(redactor)
        shown = [stream.feed(text[at : at + size]) for at in range(0, len(text), size)]
        shown.append(stream.flush())
        assert "".join(shown) == redactor.text(text)


def test_K2_an_ordinary_line_is_not_held_back():
    stream = StreamRedactor(Redactor(["sk_live_123456"]))
    assert stream.feed("hello world\n") == "hello world\n"
    assert stream.feed("value sk_li") == "value "
    assert stream.feed("mits\n") == "sk_limits\n"


WORDS = st.text(alphabet='ab01+/ ü"', min_size=4, max_size=8)


@settings(max_examples=150)
@given(st.lists(WORDS, min_size=1, max_size=4), st.text(alphabet="ab01 ", max_size=30), st.data())
def test_K2_no_secret_gets_through_whole_or_in_chunks(secrets, noise, data):
    redactor = Redactor(secrets)
    text = noise + "".join(data.draw(st.permutations(secrets))) + noise
    stream = StreamRedactor(redactor)
    cut = data.draw(st.integers(0, len(text)))
    streamed = stream.feed(text[:cut]) + stream.feed(text[cut:]) + stream.flush()
    for shown in (redactor.text(text), streamed):
        assert redactor.text(shown) == shown
        assert not any(secret in part for part in shown.split(MASK) for secret in secrets)


def test_overlapping_secrets_leave_nothing_between():
    assert Redactor(["abcdef", "defghi", "bcde"]).text("xabcdefghix") == f"x{MASK}x"


def test_a_short_secret_is_masked_only_as_a_whole_value():
    redactor = Redactor(["abc"])
    assert redactor.text("abc") == MASK
    assert redactor.text("abcdef") == "abcdef"
    assert redactor.json({"pin": "abc", "word": "abcd", "n": 7}) == {"pin": MASK, "word": "abcd", "n": 7}


def test_empty_secrets_mask_nothing():
    assert Redactor(["", ""]).text("hello") == "hello"


@pytest.mark.parametrize(
    "name",
    ["Authorization", "proxy-authorization", "Cookie", "Set-Cookie", "X-API-Key", "apikey", "api_key", "access_token",
     "refreshToken", "client_secret", "password", "PASSWORD", "user-passwd", "private_key", "X-Auth-Token", "csrftoken",
     "X-Amz-Signature", "Ocp-Apim-Subscription-Key", "accessKey", "credentials", "pwd", "jwt"],
)  # fmt: skip
def test_secret_keys_are_known(name):
    assert is_secret_key(name)


@pytest.mark.parametrize(
    "name",
    ["token_type", "next_page_token", "nextPageToken", "page_token", "token_url", "authorization_url", "secret_name",
     "password_expires_at", "has_password", "key", "author", "id", "content-type", "Access-Control-Allow-Credentials"],
)  # fmt: skip
def test_innocent_keys_are_left_alone(name):
    assert not is_secret_key(name)


def test_json_is_masked_by_key_at_every_depth():
    value = {
        "user": {"password": "hunter2", "name": "Ann", "pin_token": 5, "credentials": {"a": ["x", 1, None, True]}},
        "items": [{"api_key": "k"}, {"usage": {"prompt_tokens": 12}}],
        "empty_secret": "",
    }
    assert Redactor().json(value) == {
        "user": {
            "password": MASK, "name": "Ann", "pin_token": 5, "credentials": {"a": [MASK, MASK, None, True]},
        },
        "items": [{"api_key": MASK}, {"usage": {"prompt_tokens": 12}}],
        "empty_secret": "",
    }  # fmt: skip


def test_json_keys_and_numbers_that_are_secrets_are_masked():
    assert Redactor(["12345678"]).json({"12345678": [12345678, "x12345678y"]}) == {MASK: [MASK, f"x{MASK}y"]}


def test_very_deep_json_does_not_break_masking():
    value: list = []
    for _ in range(5_000):
        value = [value]
    assert Redactor(["abcd"]).json(value)


def test_headers_keep_the_scheme_and_lose_the_rest():
    pairs = [("Authorization", "Bearer abc"), ("authorization", "abc"), ("Cookie", "a=b"), ("Accept", "x")]
    assert Redactor().headers(pairs) == [
        ("Authorization", f"Bearer {MASK}"), ("authorization", MASK), ("Cookie", MASK), ("Accept", "x"),
    ]  # fmt: skip


def test_K6_a_secret_in_a_url_is_masked_by_name_and_by_value():
    redactor = Redactor(["s3cr3t value"])
    url = "https://h/s3cr3t%20value/x?api_key=other&q=s3cr3t+value&page=2#s3cr3t value"
    assert redactor.url(url) == f"https://h/{MASK}/x?api_key={MASK}&q={MASK}&page=2#{MASK}"
    assert redactor.headers([("Location", url)])[0][1] == redactor.url(url)


def test_texts_are_masked_by_key_even_when_cut_off():
    text = (
        '{"password": "hunter2", "n": 1, "client_secret": "ab\\"cd", "tokens": 5, "pin_secret": 77, "api_key": "cut of'
    )
    masked = mask_keys(text)
    assert masked == (
        f'{{"password": "{MASK}", "n": 1, "client_secret": "{MASK}", "tokens": 5, "pin_secret": {MASK}, '
        f'"api_key": "{MASK}"'
    )
    assert mask_keys("grant_type=x&client_secret=abc&a=b") == f"grant_type=x&client_secret={MASK}&a=b"


def test_J10_masking_large_and_hostile_texts_ends():
    redactor = Redactor([f"secret-number-{n}-{'x' * 20}" for n in range(12)])
    text = json.dumps([{"name": f"item {n}", "secret-number": "nearly"} for n in range(2_000)])
    with ends():
        redactor.text(text)
        mask_keys(text)
        mask_keys('"' * 50_000 + "=" * 50_000 + "a=" * 50_000 + '"a":"' * 20_000)
        Redactor(["a" * 4_000]).text("a" * 100_000)

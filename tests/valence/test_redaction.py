"""What is masked, what is left alone, and that masking is stable and linear."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from valence.redaction import mask

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
PEM = (
    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nMIIEpAIB+/=\n"
    "-----END RSA PRIVATE KEY-----"
)

SECRETS = [
    ("key", "sk-proj-abcdefghijklmnop1234567890"),
    ("key", "sk-ant-api03-AbCd_1234567890-abcdefgh"),
    ("key", "AKIAIOSFODNN7EXAMPLE"),
    ("key", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"),
    ("key", "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuv"),
    ("key", "xoxb-123456789012-abcdefABCDEF"),
    ("key", "AIzaSyA1234567890abcdefghijklmnopqrstuv"),
    ("token", JWT),
    ("private_key", PEM),
    ("card", "4111 1111 1111 1111"),
    ("card", "5500-0000-0000-0004"),
    ("card", "378282246310005"),
    ("iban", "DE89 3704 0044 0532 0130 00"),
    ("iban", "gb29nwbk60161331926819"),
    ("iban", "FR14 2004 1010 0505 0001 3M02 606"),
]


@pytest.mark.parametrize(("kind", "secret"), SECRETS)
@pytest.mark.parametrize("around", ["{}", "It is {}.", "x ({}), y", "Nr. 7: {} IS MINE", "ä{}\n"])
def test_secrets_of_known_forms_are_masked(kind: str, secret: str, around: str) -> None:
    if around.startswith("ä") and kind not in ("private_key", "card", "iban"):
        around = "ä {}\n"  # a letter in front makes it part of a word
    masked = mask(around.format(secret))
    assert masked.text == around.format(f"[masked:{kind}]")
    assert masked.counts == {kind: 1}


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("password: hunter2", "password: [masked:password]"),
        ("Password = x", "Password = [masked:password]"),
        ("my password is hunter2.", "my password is [masked:password]."),
        ("DB_PASSWORD=tiger, next", "DB_PASSWORD=[masked:password], next"),
        ('{"password": "a b"}', '{"password": "[masked:password] b"}'),
        ("token=abcd", "token=[masked:token]"),
        ("api_key: 'abc123def456'", "api_key: '[masked:token]'"),
        ("OPENAI_API_KEY=zzzzzz", "OPENAI_API_KEY=[masked:token]"),
        ("Authorization: Bearer abcdef0123456789xyz", "Authorization: Bearer [masked:token]"),
        ("postgres://me:tiger@db/x", "postgres://me:[masked:password]@db/x"),
    ],
)
def test_the_word_before_a_secret_stays(text: str, masked: str) -> None:
    assert mask(text).text == masked


@pytest.mark.parametrize(
    "text",
    [
        "Ada Lovelace was born in London in 1815.",
        "A password is required.",
        "The secret: patience and time.",
        "A token: the unit of text.",
        "Call +49 30 901820 or 0800 1234567.",
        "ISBN 978-3-16-148410-0, order 1700000000000, pi 3.14159265358979",
        "4111 1111 1111 1112 fails the checksum",
        "DE89 3704 0044 0532 0130 01 fails too",
        "sk-learn-style-estimators-are-nice",
        "The AKIA is short; eyJ is nothing.",
        "2026-11-21 10:20:48.123456 and 550e8400-e29b-41d4-a716-446655440000",
        "https://example.org:8080/path",
        "",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert mask(text).text == text
    assert mask(text).counts == {}


def test_every_secret_is_counted() -> None:
    masked = mask("4111111111111111 and 5500000000000004, password: a, DE89370400440532013000")
    assert masked.counts == {"card": 2, "password": 1, "iban": 1}


PIECES = st.sampled_from(
    [secret for _, secret in SECRETS]
    + [
        "password",
        "token",
        "is",
        ":",
        "=",
        " ",
        '"',
        "'",
        "[masked:",
        "]",
        "x1",
        ".",
        "-",
        "4",
        "\n",
    ]
    + ["sk-", "eyJ", "://", "@", "Bearer ", "DE", "89", "ä", "٣", "²"]
)


@given(st.lists(PIECES, max_size=30).map("".join))
@settings(deadline=None)
@example("password=password=x")
@example("password=[masked:password]")
@example("4111111111111111 4111111111111111")
def test_masking_twice_changes_nothing(text: str) -> None:
    once = mask(text)
    assert mask(once.text).text == once.text


@pytest.mark.parametrize(
    "piece",
    ["sk-", "eyJaaaaa.", "1 ", "11", "DE11", "DE11 ", "password", "password:", "password: \"", "-",
     "-----BEGIN PRIVATE KEY-----", "://a:", "://", "token=", "Bearer ", "a", " ", "password is ",
     "secret:", "xoxb-", "4111 ", "password" + " " * 50, ". ", "password:.", "Bearer a"],
)  # fmt: skip
def test_long_text_takes_time_in_proportion(piece: str) -> None:
    # Quadratic work on these would take minutes, beyond the limit of the suite.
    mask(piece * (200_000 // len(piece)))

"""Webhooks that prove themselves, and ones that do not. Signatures are those of the senders' own documentation where they print one."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import pytest

from tieout.canon.faults import InputFault, MappingFault
from tieout.connect.signing import Forged, check_secret, scheme_of

NOW = 1_700_000_000.0
BODY = b'{"id": "in_1"}'
SECRET = "a secret that is long"


def mac(secret: str, text: bytes, algorithm: str = "sha256") -> str:
    return hmac.new(secret.encode(), text, getattr(hashlib, algorithm)).hexdigest()


def why_not(
    headers: dict[str, str], body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,), now: float = NOW, **options: Any
) -> str:
    """The reason why it is refused; empty for what is let in."""
    try:
        scheme_of(options.pop("scheme", "hmac"), options).check(headers, body, secrets, now)
    except Forged as forged:
        return forged.reason
    return ""


def test_a_hash_of_the_body_in_a_header() -> None:
    """GitHub's documentation, "Validating webhook deliveries", prints this one."""
    headers = {"x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}
    options = {"header": "X-Hub-Signature-256", "prefix": "sha256="}
    assert why_not(headers, b"Hello, World!", ("It's a Secret to Everybody",), **options) == ""
    assert why_not(headers, b"Hello, World?", ("It's a Secret to Everybody",), **options) == "wrong signature"
    assert why_not(headers, b"Hello, World!", ("Its a Secret to Everybody",), **options) == "wrong signature"


def test_base64_with_and_without_its_padding() -> None:
    digest = base64.b64encode(hmac.digest(SECRET.encode(), BODY, "sha256")).decode()
    for said in (digest, digest.rstrip("=")):
        assert why_not({"x-signature": said}, encoding="base64") == ""
    assert why_not({"x-signature": digest}, encoding="hex") == "wrong signature"


def test_a_list_with_a_time_and_several_signatures() -> None:
    """As Stripe has it: t=…,v1=…,v1=… while it rolls a secret over."""
    options = {"header": "Stripe-Signature", "part": "v1", "timestamp_part": "t"}
    good = mac(SECRET, b"1700000000." + BODY)
    assert why_not({"stripe-signature": f"t=1700000000,v1={'0' * 64},v1={good},v0=abc"}, **options) == ""
    assert why_not({"stripe-signature": f"t=1700000001,v1={good}"}, **options) == "wrong signature", (
        "the time is hashed, too"
    )
    assert why_not({"stripe-signature": f"t=1700000000,v0={good}"}, **options) == "wrong signature"
    assert why_not({"stripe-signature": f"v1={good}"}, **options) == "no time"


def test_an_old_one_sent_again_is_refused() -> None:
    options = {"timestamp_header": "X-Time", "signed": "v0:{timestamp}:{body}"}
    headers = {"x-signature": mac(SECRET, b"v0:1700000000:" + BODY), "x-time": "1700000000"}
    assert why_not(headers, now=NOW + 299, **options) == ""
    assert why_not(headers, now=NOW + 301, **options) == "too old"
    assert why_not(headers, now=NOW - 301, **options) == "from the future"
    assert why_not(headers, now=NOW + 301, **options, tolerance=600) == ""


STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
STANDARD = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


def standard(
    now: float = 1614265330,
    secrets: tuple[str, ...] = (STANDARD_SECRET,),
    body: bytes = b'{"test": 2432232314}',
    **headers: str,
) -> str:
    named = STANDARD | {name.replace("_", "-"): value for name, value in headers.items()}
    return why_not(named, body, secrets, now, scheme="standard-webhooks")


def test_standard_webhooks() -> None:
    """The example of the reference libraries."""
    assert standard() == ""
    assert standard(webhook_signature=f"v1a,xyz v1,AAAA {STANDARD['webhook-signature']}") == ""
    assert standard(body=b'{"test": 2432232315}') == "wrong signature"
    assert standard(webhook_id="msg_other") == "wrong signature"
    assert standard(webhook_signature=STANDARD["webhook-signature"].replace("v1,", "v2,")) == "no signature"
    assert standard(webhook_timestamp="soon") == "no time"
    assert standard(now=1614265330 + 301) == "too old"
    other = "whsec_" + base64.b64encode(b"x" * 32).decode()
    assert standard(secrets=(other,)) == "wrong signature"
    assert standard(secrets=(other, STANDARD_SECRET)) == "", "the old secret, while the new one takes over"
    assert standard(secrets=()) == "wrong signature"


@pytest.mark.parametrize(
    ("headers", "reason"),
    [({}, "no signature"), ({"x-signature": ""}, "no signature"), ({"x-signature": "ä" * 64}, "wrong signature")],
)
def test_no_signature_at_all(headers: dict[str, str], reason: str) -> None:
    assert why_not(headers) == reason


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("hmca", {}, "did you mean 'hmac'?"),
        ("hmac", {"heeder": "x"}, "did you mean 'header'?"),
        ("hmac", {"algorithm": "md5"}, "md5"),
        ("hmac", {"tolerance": "soon"}, "tolerance"),
        ("hmac", {"signed": "{timestamp}"}, "it has {body}"),
        ("hmac", {"signed": "{body}", "timestamp_header": "x"}, "anybody can renew it"),
        ("hmac", {"signed": "{timestamp}{body}"}, "no time is sent"),
        ("hmac", {"timestamp_part": "t"}, "the header is no list"),
    ],
)
def test_a_scheme_that_proves_nothing_is_refused_when_it_is_set_up(
    name: str, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(MappingFault) as fault:
        scheme_of(name, options)
    assert says in str(fault.value)


@pytest.mark.parametrize(
    ("name", "secret"), [("hmac", "short"), ("standard-webhooks", "whsec_%%%"), ("standard-webhooks", "whsec_QUJD")]
)
def test_a_secret_that_is_none_is_refused(name: str, secret: str) -> None:
    with pytest.raises(InputFault):
        check_secret(scheme_of(name, {}), secret)

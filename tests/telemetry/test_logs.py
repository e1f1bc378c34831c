"""What operators read: every line says what it is about, machines can read it, and no customer's address is in it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from tieout import settings
from tieout.canon.documents import Customer
from tieout.canon.faults import MappingFault
from tieout.telemetry import logs
from tieout.telemetry.redaction import MASK, Redaction, declared

Lines = Callable[[], list[dict[str, Any]]]
ANA = Customer(system="crm", id="C-1", name="Ana Lima", email="ana.lima@example.com", tax_id="DE811907980")


@pytest.fixture
def logged() -> Iterator[Lines]:
    """Logs go to a text; this reads its lines. Private are e-mail addresses and tax numbers."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    text = io.StringIO()
    logs.configure(declared(["customer.email", "customer.tax_id"]), "json", "debug", text)
    yield lambda: [json.loads(line) for line in text.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_every_line_says_what_it_is_about_until_that_is_done(logged: Lines) -> None:
    log = structlog.get_logger("tieout.engine.interpret")
    with logs.about(delivery=42):
        log.info("understood", documents=3)
        with logs.about(document="invoice/billing/INV-7", instance="order_to_bill order/crm/O-1"):
            log.warning("late", days=2)
        logging.getLogger("tieout.store.intake").info("kept %s of %s", 2, 3)
    log.info("idle")
    understood, late, kept, idle = logged()
    assert (understood["event"], understood["delivery"], understood["documents"]) == ("understood", 42, 3)
    assert (late["delivery"], late["document"], late["level"]) == (42, "invoice/billing/INV-7", "warning")
    assert (kept["event"], kept["delivery"], kept["logger"]) == ("kept 2 of 3", 42, "tieout.store.intake")
    assert "document" not in kept and "delivery" not in idle
    assert list(idle)[:3] == ["timestamp", "level", "event"] and idle["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "tell",
    [
        lambda log: log.info("seen", customer=ANA),
        lambda log: log.info("seen", email="ana.lima@example.com", tax_id="DE811907980"),
        lambda log: log.info("seen", batch=[{"customers": ({"Email": "ana.lima@example.com"}, ANA)}]),
        lambda log: log.info(f"seen {ANA}"),
        lambda log: log.info('seen {"email":"ana.lima@example.com","tax_id": "DE811907980"}'),
        lambda log: log.info("seen", body=json.dumps({"body": json.dumps({"tax_id": "DE811907980"})})),
        lambda log: log.info("mail to ana.lima@example.com bounced; tax_id=DE811907980"),
        lambda log: log.info("seen", **{"ana.lima@example.com": {"customer": str(ANA)}}),
        lambda log: logging.getLogger("django").warning("mail to %s", "ana.lima@example.com"),
        lambda log: logging.getLogger("django").warning("seen", extra={"tax_id": "DE811907980"}),
        lambda log: logging.getLogger("tieout").info("seen %r", {"tax_id": "DE811907980"}),
    ],
)  # fmt: skip
def test_a_private_field_is_in_no_line_however_it_is_told(logged: Lines, tell: Callable[[Any], None]) -> None:
    tell(structlog.get_logger("tieout"))
    told = json.dumps(logged(), ensure_ascii=False)
    assert "ana.lima" not in told and "DE811907980" not in told
    assert MASK in told


FORMS: list[Callable[[dict[str, str]], str]] = [
    lambda value: json.dumps(value),
    lambda value: json.dumps(value, ensure_ascii=False),
    lambda value: json.dumps({"body": json.dumps(value)}),
    lambda value: json.dumps({"body": json.dumps({"body": json.dumps(value)})}),
    lambda value: repr(value),
    lambda value: repr(json.dumps(value)),
    lambda value: repr({name: text.encode() for name, text in value.items()}),
    lambda value: repr(Customer(system="crm", id="C-1", name="Ana", **value)),
    lambda value: json.dumps(value)[: json.dumps(value).index("end-of-it")],  # A line that was cut.
]


@given(text=st.text(), other=st.text(), form=st.sampled_from(FORMS))
def test_a_private_value_is_masked_to_its_end_whatever_is_in_it(
    text: str, other: str, form: Callable[[dict[str, str]], str]
) -> None:
    masked = declared(["customer.tax_id"]).text(form({"country": other, "tax_id": f"sesame{text}end-of-it"}))
    assert "sesame" not in masked and "end-of-it" not in masked and MASK in masked


def test_a_private_field_is_not_in_the_traceback_of_an_error_either(logged: Lines) -> None:
    def fail(customer: Customer) -> None:
        raise ValueError(f"cannot use {customer!r}")

    try:
        fail(ANA)
    except ValueError:
        structlog.get_logger("tieout").exception("failed")
        logging.getLogger("tieout.old").exception("failed too")
    first, second = logged()
    for line in (first, second):
        assert "ValueError: cannot use Customer(" in line["exception"] and "in fail" in line["exception"]
        assert "ana.lima" not in line["exception"] and "DE811907980" not in line["exception"]


@pytest.mark.parametrize(
    ("told", "masked"),
    [
        ("Authorization: Bearer abc.def-ghi", "Authorization: •••"),
        ({"X-Api-Key": "k-123", "Accept": "*/*"}, {"X-Api-Key": MASK, "Accept": "*/*"}),
        ("postgres: password=hunter2 host=db", "postgres: password=••• host=db"),
        ('{"client_secret":"s3 cr3t","url":"x"}', '{"client_secret":"•••","url":"x"}'),
        ({"secret": "", "token": None}, {"secret": "", "token": None}),
    ],
)
def test_what_opens_doors_is_masked_without_being_declared(told: object, masked: object) -> None:
    assert Redaction().value(told) == masked


def test_what_is_not_private_stays_as_it_is() -> None:
    plain = {
        "key": "customer/crm/C-1",
        "amounts": [1, 2.5, None, True],
        "why": "billed 12.00 of 15.00; emailed: no, tokens: 3",
    }
    assert declared(["customer.email"]).value(plain) == plain


def test_settings_name_the_private_fields_and_a_wrong_one_is_refused_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('[redact]\nfields = ["customer.email"]\n[log]\nformat = "json"\n')
    read = settings.read({}, tmp_path)
    assert (read.redact, read.log_format, read.log_level) == (("customer.email",), "json", "info")
    with pytest.raises(
        MappingFault,
        match=r"settings.toml \[redact\] fields: there is no field 'customer.emial' \(did you mean 'customer.email'",
    ):
        declared(["customer.emial"])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[redact]\nfield = ['customer.email']", r"\[redact\] field: unknown key \(did you mean 'fields'"),
        ("[log]\nlevel = 'inof'", r"\[log\] level: 'inof' is none of the values \(did you mean 'info'"),
        ("[log", "settings.toml: is not TOML"),
        ("[redcat]\n", "redcat: unknown key"),
    ],
)
def test_settings_that_cannot_be_read_are_refused_by_name(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "settings.toml").write_text(text)
    with pytest.raises(MappingFault, match=fault):
        settings.read({}, tmp_path)


def test_in_a_terminal_lines_are_for_people() -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    text = io.StringIO()
    logs.configure(Redaction(), "console", "info", text)
    try:
        structlog.get_logger("tieout").info("understood", documents=3)
        structlog.get_logger("tieout").debug("not asked for")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
    (line,) = text.getvalue().splitlines()
    assert "understood" in line and "documents=3" in line and not line.startswith("{")

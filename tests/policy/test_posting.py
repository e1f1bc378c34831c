"""Which period an invoice may be booked in, and what the ERP would refuse."""

import datetime as dt

import pytest

from tieout.canon.documents import AccountingPeriod, Invoice
from tieout.policy import Policy, Sequence, parse


def locked(period: str, on: str, entity: str = "DE01", **days: dt.date) -> AccountingPeriod:
    return AccountingPeriod(
        system="erp",
        id=f"{entity}-{period}",
        entity=entity,
        period=period,
        ar_locked_on=dt.date.fromisoformat(on),
        **days,
    )


MAY = locked("2026-05", "2026-06-03")
JUNE = locked("2026-06", "2026-07-03")


@pytest.mark.parametrize(
    ("issued", "period", "accepted"),
    [
        ("2026-05-15", "2026-05", True),
        ("2026-05-15", "2026-06", False),
        ("2026-05-31", "2026-06", True),  # the invoice of the 31st, posted to the next period by policy
        ("2026-05-30", "2026-06", False),
        ("2026-05-31", "2026-07", False),
        ("2026-05-31", "2026-04", False),
        ("2025-12-31", "2026-01", True),
    ],
)
def test_an_invoice_belongs_to_its_month_and_one_of_the_last_day_may_go_to_the_next(issued, period, accepted):
    posting = Policy.default().posting
    assert posting.accepts(dt.date.fromisoformat(issued), period, "DE01") is accepted


def test_a_company_may_forbid_the_next_period():
    strict = parse({"posting": {"month_end_to_next": False}}, "audit.toml").posting
    assert not strict.accepts(dt.date(2026, 5, 31), "2026-06", "DE01")


def test_once_receivables_are_locked_a_late_invoice_goes_to_the_next_open_period():
    """May locked on 3 June: an invoice of 20 May that is posted on 3 June belongs to June, and on 3 July to July."""
    posting = Policy.default().with_periods([MAY, JUNE]).posting
    issued = dt.date(2026, 5, 20)
    assert not posting.accepts(issued, "2026-06", "DE01", dt.date(2026, 6, 2))
    assert posting.accepts(issued, "2026-06", "DE01", dt.date(2026, 6, 3))
    assert not posting.accepts(issued, "2026-07", "DE01", dt.date(2026, 6, 3))
    assert posting.accepts(issued, "2026-07", "DE01", dt.date(2026, 7, 3))
    assert not posting.accepts(issued, "2026-06", "US01", dt.date(2026, 6, 3))  # another entity's lock is not ours


def test_the_last_word_on_a_period_counts_and_a_deleted_one_does_not():
    later = locked("2026-05", "2026-06-10")
    policy = Policy.default().with_periods([MAY]).with_periods([later])
    assert not policy.posting.locked("2026-05", "DE01", dt.date(2026, 6, 9))
    assert policy.posting.locked("2026-05", "DE01", dt.date(2026, 6, 10))


def test_periods_of_weeks_are_taken_from_the_erp():
    """A 4-4-5 year: P05 ends on Saturday 30 May 2026, so an invoice of Sunday 31 May belongs to P06."""
    p05 = locked("FY26-P05", "2026-06-05", start_on=dt.date(2026, 5, 3), end_on=dt.date(2026, 5, 30))
    p06 = locked("FY26-P06", "2026-07-07", start_on=dt.date(2026, 5, 31), end_on=dt.date(2026, 7, 4))
    posting = Policy.default().with_periods([p05, p06]).posting
    assert posting.period_of(dt.date(2026, 5, 31), "DE01") == "FY26-P06"
    assert posting.accepts(dt.date(2026, 5, 31), "FY26-P06", "DE01")
    assert posting.accepts(dt.date(2026, 5, 30), "FY26-P06", "DE01")  # its last day
    assert not posting.accepts(dt.date(2026, 5, 29), "FY26-P06", "DE01")
    assert posting.accepts(dt.date(2026, 5, 29), "FY26-P06", "DE01", dt.date(2026, 6, 5))


def test_the_erp_says_everything_that_it_would_refuse_at_once():
    rules = {
        "dimensions": ["department"], "tax_codes": ["VAT-DE-STD", "VAT-DE-RED"], "sequence": {"prefix": "DE-", "digits": 4}
    }  # fmt: skip
    policy = parse({"posting": rules}, "audit.toml").with_periods([MAY])
    invoice = Invoice(
        system="billing", id="1", entity="DE01", currency="EUR", number="INV-1", net=100, total=119, posting_period="2026-05",
        ext={"departmnt": "sales", "tax_code": "VAT-DE-STDD"},
    )  # fmt: skip
    refused = policy.posting.refusals(invoice, dt.date(2026, 6, 4))
    assert [(r.field, r.what, r.mend) for r in refused] == [
        ("ext.department", "required dimension is missing", "did you mean 'departmnt'?"),
        ("ext.tax_code", "tax code 'VAT-DE-STDD' is unknown to the ERP", "did you mean 'VAT-DE-STD'?"),
        ("number", "'INV-1' is outside the sequence", "number it like DE-0001"),
        ("posting_period", "2026-05 is locked", "post it in 2026-06"),
    ]
    assert Policy.default().posting.refusals(invoice, dt.date(2026, 6, 4)) == ()


def test_gaps_between_invoice_numbers_are_named():
    sequence = Sequence(prefix="DE-", digits=4)
    numbers = ["DE-0001", "DE-0002", "DE-0004", "DE-0008", "DE-0008", "US-0005", "DE-5"]
    assert sequence.gaps(numbers) == ("DE-0003", "DE-0005 to DE-0007")
    assert sequence.gaps([]) == ()
    assert sequence.number("DE-12345") == 12345  # a sequence outgrows its digits

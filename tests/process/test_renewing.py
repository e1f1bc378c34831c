"""One contract term: renewed in time, or at risk; and whether billing and the ERP agree on its end.

The contract of these stories ends on 31 December 2026 with 60 days' notice: notice date 1 November. To be opened by
2 September plus five business days (9 September), quoted by 2 October, agreed by 1 November.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from tieout.canon.documents import Charge, Contract, Order, Renewal, Subscription
from tieout.canon.finding import Risk
from tieout.policy import Policy
from tieout.process.instance import Instance, everything_known
from tieout.process.renewing import judge_renewal, judge_term_agreement
from tieout.process.verdict import Outcome

POLICY = Policy.default()
HEADER: dict[str, Any] = {"entity": "DE01", "currency": "EUR"}
ORDER = Order(system="crm", id="O", customer="crm/C", contract="crm/K", **HEADER)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{text}T09:00:00+00:00")


def contract(**more: Any) -> Contract:
    fields = {"start_on": day("2026-01-01"), "end_on": day("2026-12-31"), "notice_days": 60, **HEADER, **more}
    return Contract(system=fields.pop("system", "crm"), id="K", customer="crm/C", **fields)


def charge(name: str, price: str, **more: Any) -> Charge:
    fields = {"start_on": day("2026-01-01"), "end_on": day("2026-12-31"), "period_months": 1, **HEADER, **more}
    return Charge(
        system="billing", id=name, order="crm/O", line=name, product="crm/P", unit_price=Decimal(price), **fields
    )  # fmt: skip


def renewal(status: str = "open", **more: Any) -> Renewal:
    return Renewal(system="crm", id="N", contract="crm/K", status=status, **HEADER, **more)


def judge(
    term: Contract,
    on: str,
    renewals: tuple[Renewal, ...] = (),
    charges: tuple[Charge, ...] = (),
    known=everything_known,
) -> Outcome:
    outcome = Outcome()
    members = {"renewals": renewals, "charges": charges, "orders": (ORDER,)}
    judge_renewal(Instance(term.key, term, members, known=known), POLICY, day(on), outcome)
    return outcome


def risk(outcome: Outcome) -> list[tuple[str, int, str]]:
    assert all(f.risk is Risk.MISSED_RENEWAL for f in outcome.findings)
    return [(f.variant, f.exposure, str(f.since)) for f in outcome.findings]


MONTHLY = (charge("A", "500.00"),)


def test_nobody_opened_the_renewal():
    """12 × 500.00 = 6,000.00, from the fifth business day after the window opened."""
    assert not judge(contract(), "2026-09-09", charges=MONTHLY).findings
    assert risk(judge(contract(), "2026-09-10", charges=MONTHLY)) == [("opened", 600_000, "2026-09-09")]


@pytest.mark.parametrize(
    ("status", "steps", "step", "since"),
    [
        ("open", {"opened_at": at("2026-09-01")}, "quoted", "2026-10-02"),
        ("quoted", {"opened_at": at("2026-09-01"), "quoted_at": at("2026-09-20")}, "agreed", "2026-11-01"),
        ("agreed", {"agreed_at": at("2026-10-20")}, "extended", "2026-10-22"),
        ("won", {"agreed_at": at("2026-10-20")}, "extended", "2026-10-22"),
    ],
)
def test_the_first_step_that_is_still_to_do_is_missed(status, steps, step, since):
    outcome = judge(contract(), "2026-12-01", (renewal(status, **steps),), MONTHLY)
    assert risk(outcome) == [(step, 600_000, since)]
    assert outcome.findings[0].deadline == day("2026-12-31")


def test_opened_late_is_no_longer_missed():
    assert not judge(contract(), "2026-09-20", (renewal(opened_at=at("2026-09-18")),), MONTHLY).findings


def test_a_step_after_the_day_has_not_happened():
    late = renewal("quoted", opened_at=at("2026-09-01"), quoted_at=at("2026-10-20"))
    assert risk(judge(contract(), "2026-10-05", (late,), MONTHLY)) == [("quoted", 600_000, "2026-10-02")]


def test_past_its_end_with_nothing_done_it_is_still_at_risk():
    assert risk(judge(contract(status="expired"), "2027-02-01", charges=MONTHLY)) == [("opened", 600_000, "2026-09-09")]


@pytest.mark.parametrize(
    ("term", "renewals"),
    [
        ({"end_on": None}, ()),
        ({"auto_renew": True}, ()),
        ({"terminated_on": day("2026-10-31")}, ()),
        ({"status": "terminated"}, ()),
        ({"status": "draft"}, ()),
        ({}, (renewal("lost"),)),
        ({}, (renewal("won", extended_to=day("2027-12-31"), agreed_at=at("2026-10-01")),)),
    ],
    ids=["evergreen", "renews by itself", "terminated", "terminated status", "draft", "lost", "won and extended"],
)
def test_nothing_to_renew(term, renewals):
    assert not judge(contract(**term), "2026-12-15", renewals, MONTHLY).findings


def test_the_renewal_that_made_the_present_term_does_not_renew_it_again():
    made = renewal("won", extended_to=day("2026-12-31"), agreed_at=at("2025-11-01"))
    assert risk(judge(contract(start_on=day("2025-01-01")), "2026-09-10", (made,), MONTHLY)) == [
        ("opened", 600_000, "2026-09-09")
    ]


def test_what_a_next_term_is_worth():
    """Next term 6 months: monthly 500.00 → 3,000.00; a yearly 1,000.00 → 500.00; a quarter's 100.00 → 200.00.

    One-time work, usage, the price before the last, a line that was dropped in June and a cancelled order are worth nothing.
    """
    charges = (
        charge("A", "500.00", replaces="billing/A0"), charge("A0", "400.00", end_on=day("2026-06-30")),
        charge("B", "1000.00", period_months=12), charge("C", "100.00", period_months=3),
        charge("D", "9999.00", kind="one_time"), charge("E", "1.00", kind="usage"),
        charge("F", "77.00", end_on=day("2026-06-30")),
    )  # fmt: skip
    assert risk(judge(contract(renewal_months=6), "2026-09-10", charges=charges))[0][1] == 300_000 + 50_000 + 20_000


def test_a_term_of_two_years_is_worth_its_next_twelve_months():
    two_years = contract(start_on=day("2025-01-01"))
    assert risk(judge(two_years, "2026-09-10", charges=MONTHLY))[0][1] == 600_000


def test_without_a_complete_crm_nothing_is_missed():
    outcome = judge(contract(), "2026-09-10", charges=MONTHLY, known=lambda *_: False)
    assert not outcome.findings
    assert outcome.unknown[0].amount == 600_000


@pytest.mark.parametrize(
    ("term", "renewals", "on", "measured"),
    [
        ({}, (renewal("won", extended_to=day("2027-12-31"), agreed_at=at("2026-12-20")),), "2027-01-10", [("on time", -11)]),
        ({}, (renewal("won", extended_to=day("2027-12-31"), agreed_at=at("2027-01-09")),), "2027-01-10", [("late", 9)]),
        ({"end_on": day("2027-12-31")}, (renewal("won", extended_to=day("2027-12-31"), agreed_at=at("2026-12-20")),),
         "2027-01-10", [("on time", -11)]),
        ({}, (renewal("lost"),), "2027-01-10", [("churned", None)]),
        ({"auto_renew": True}, (), "2027-01-10", [("on time", None)]),
        ({}, (), "2027-01-10", [("undecided", None)]),
        ({}, (), "2026-11-10", []),
    ],
    ids=["in time", "late", "extended in place", "churned", "by itself", "undecided", "not ended"],
)  # fmt: skip
def test_how_ended_terms_were_decided(term, renewals, on, measured):
    outcome = judge(contract(**term), on, renewals, MONTHLY)
    assert [(m.key, m.number) for m in outcome.measures] == measured


# The same end everywhere.


def subscription(**more: Any) -> Subscription:
    fields = {"end_on": day("2026-12-31"), "start_on": day("2026-01-01"), **HEADER, **more}
    return Subscription(system="billing", id="S", contract="crm/K", customer="billing/C", **fields)


def agree(term: Contract, on: str, *views: Subscription | Contract, renewals: tuple[Renewal, ...] = ()) -> Outcome:
    outcome = Outcome()
    members = {
        "subscriptions": tuple(v for v in views if isinstance(v, Subscription)),
        "contracts": tuple(v for v in views if isinstance(v, Contract)), "renewals": renewals,
    }  # fmt: skip
    judge_term_agreement(Instance(term.key, term, members), POLICY, day(on), outcome)
    return outcome


def test_billing_ends_a_month_earlier_than_the_contract():
    other = subscription(end_on=day("2026-11-30"))
    assert not agree(contract(), "2026-09-01", other).findings, "121 days before the end"
    (found,) = agree(contract(), "2026-09-02", other).findings
    assert (found.risk, found.exposure, found.since) == (Risk.BLOCKED_RENEWAL, 0, day("2026-09-02"))
    assert found.documents == ("contract/crm/K", "subscription/billing/S")
    assert "in billing it ends on 2026-11-30" in found.why


def test_the_erp_would_renew_by_itself():
    (found,) = agree(contract(), "2027-01-05", contract(system="erp", mirrors="crm/K", auto_renew=True)).findings
    assert found.why.endswith("in erp it renews by itself")


def test_the_erp_has_another_notice_period():
    """The CRM owns contracts: 30 days' notice in the ERP is its mistake."""
    term, view = contract(), contract(system="erp", mirrors="crm/K", notice_days=30)
    outcome = Outcome()
    members = {"contracts": (view,)}
    judge_term_agreement(
        Instance(term.key, term, members), Policy(ownership={"contract": "crm"}), day("2026-02-01"), outcome
    )
    assert [(f.risk, f.subject) for f in outcome.findings] == [(Risk.OWNERSHIP_CONFLICT, "contract/crm/K#notice_days")]


@pytest.mark.parametrize(
    ("term", "view", "renewals"),
    [
        ({}, {}, ()),
        ({}, {"end_on": day("2026-11-30"), "status": "cancelled"}, ()),
        ({}, {"end_on": day("2027-12-31")}, (renewal("won", extended_to=day("2027-12-31")),)),
        ({"auto_renew": True}, {"auto_renew": True, "end_on": day("2027-12-31")}, ()),
        ({"auto_renew": True, "renewal_months": 3}, {"auto_renew": True, "end_on": day("2027-06-30")}, ()),
        ({"end_on": None}, {}, ()),
        ({"terminated_on": day("2026-10-31")}, {"end_on": day("2026-10-31")}, ()),
    ],
    ids=["equal", "cancelled", "extended", "carried on a year", "carried on two quarters", "evergreen", "terminated"],
)
def test_terms_that_agree(term, view, renewals):
    assert not agree(contract(**term), "2027-01-05", subscription(**view), renewals=renewals).findings


def test_carried_on_by_half_a_term_does_not_agree():
    odd = subscription(auto_renew=True, end_on=day("2027-06-30"))
    assert len(agree(contract(auto_renew=True), "2027-01-05", odd).findings) == 1

"""What changed between two policies, as one would say it."""

import datetime as dt
import tomllib

from tieout.canon.documents import AccountingPeriod
from tieout.policy import Policy, decisions, differences, parse
from tieout.policy.rules import Entity

BEFORE = """
[systems.netsuite]
role = "erp"
[entities.DE01]
region = "EMEA"
time_zone = "Europe/Berlin"
[entities.JP01]
[tolerances]
line = 1
[tolerances.entity.JP01]
line = 0
[within.order_to_bill]
invoiced = "2 business days"
[owners]
unapplied_cash = "treasury"
[ownership.customer]
name = "crm"
[[crosswalks]]
table = "item"
rows = [ { code = "SKU-7", target = "I-100", to = 2026-03-31 } ]
"""

AFTER = """
[systems.netsuite]
role = "erp"
[entities.DE01]
region = "EMEA"
time_zone = "Europe/Berlin"
holidays = [2026-12-24]
[entities.JP01]
[tolerances]
line = 2
[tolerances.entity.JP01]
line = 0
[within.order_to_bill]
invoiced = "1 business day"
[modes]
order_to_bill = "approve"
[modes.region.EMEA]
order_to_bill = "enforce"
[owners.entity.DE01]
unapplied_cash = "cash Munich"
[ownership.customer]
name = "erp"
[posting]
month_end_to_next = false
[[crosswalks]]
table = "item"
rows = [ { code = "SKU-7", target = "I-100", to = 2026-03-31 }, { code = "SKU-7", target = "I-200", from = 2026-04-01 } ]
[fx]
rows = [ { currency = "USD", to = "EUR", rate = 0.92, on = 2026-06-01, source = "ECB" } ]
"""


def policy(text: str) -> Policy:
    return parse(tomllib.loads(text), "audit.toml")


def test_every_change_is_said_once_and_what_holds_for_all_is_not_repeated_by_entity():
    assert [str(change) for change in differences(policy(BEFORE), policy(AFTER))] == [
        "crosswalk item: SKU-7 from 2026-04-01: now I-200",
        "holidays 2026 in DE01: now 12-24",
        "invoices of a period's last day: stay in their period, was may go to the next",
        "mode of order_to_bill: now approve",
        "mode of order_to_bill in DE01: now enforce",
        "owner of customer.name: erp, was crm",
        "owner of unapplied_cash: no longer treasury",
        "owner of unapplied_cash in DE01: now cash Munich",
        "rate USD to EUR on 2026-06-01: now 0.92 (ECB)",
        "time for order_to_bill.invoiced: 1 business day, was 2 business days",
        "tolerance line: 2 minor units a line, was 1 minor unit a line",
    ]


def test_a_policy_does_not_differ_from_itself():
    assert differences(policy(AFTER), policy(AFTER)) == ()


def test_policies_of_different_versions_differ_in_words_and_of_equal_ones_do_not():
    """Nothing is decided that could not be said: whatever changes the version changes the words."""
    base = policy(BEFORE)
    day = dt.date(2026, 6, 3)
    locked = AccountingPeriod(system="erp", id="1", entity="DE01", period="2026-05", ar_locked_on=day)
    changed = [
        base.with_crosswalk("account", []),
        base.with_crosswalk("item", [{"code": "SKU-8", "target": "I-8", "entity": "DE01"}]),
        base.with_rates([{"currency": "USD", "to": "EUR", "rate": "0.9", "on": day}]),
        base.with_periods([locked]),
        policy(BEFORE + '[posting.entity.DE01]\nsubsidiary = "2"\naccounts = { bank = "1800" }'),
        policy(BEFORE + "[fx]\ninverse = true"),
        policy(BEFORE.replace("[entities.JP01]", "[entities.JP01]\nfiscal_year_starts = 4")),
        policy(BEFORE.replace("[entities.JP01]", '[entities.JP01]\noffice_hours = ["08:00", "16:00"]')),
    ]
    for other in changed:
        assert other.version != base.version
        assert differences(base, other)
    assert decisions(base)["time zone of DE01"] == "Europe/Berlin"


def test_a_calendar_of_many_years_is_one_change() -> None:
    """Nobody reads a hundred lines of holidays to learn that an entity keeps Germany's."""
    days = tuple(dt.date(year, 12, 25) for year in range(2020, 2031))
    after = Policy(entities={"DE01": Entity(holidays=days)})
    said = [str(change) for change in differences(Policy(), after) if "holidays" in change.about]
    assert said == ["holidays in DE01: now 11 days from 2020 to 2030"]
    moved = Policy(entities={"DE01": Entity(holidays=(*days[:-1], dt.date(2030, 12, 26)))})
    assert [str(change) for change in differences(after, moved)] == ["holidays 2030 in DE01: 12-26, was 12-25"]

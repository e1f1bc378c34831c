"""What a company writes down, what it then gets, and how a slip of the pen is answered."""

import datetime as dt
import pickle
import tomllib

import pytest

from tieout.canon.faults import MappingFault
from tieout.canon.finding import Risk
from tieout.policy import Duration, Policy, Sequence, parse

DEFAULT = Duration(2, "business day")

ACME = """
[audit]
company = "Acme Group"
base_currency = "EUR"

[systems.netsuite]
role = "erp"
[systems.stripe]
role = "billing"
[systems.crm]

[entities.DE01]
name = "Acme GmbH"
region = "EMEA"
functional_currency = "EUR"
time_zone = "Europe/Berlin"
holidays = ["DE-BY", 2026-12-24]
[entities.JP01]
region = "APAC"
functional_currency = "JPY"
time_zone = "Asia/Tokyo"
holidays = "JP"
fiscal_year_starts = 4
[entities.KW01]
region = "EMEA"
functional_currency = "KWD"
weekend = ["friday", "saturday"]
office_hours = ["08:00", "15:00"]

[tolerances]
line = 2
[tolerances.entity.JP01]
line = 0

[within.order_to_bill]
invoiced = "1 business day"
posted = "4 hours"
[within.region.EMEA.order_to_bill]
posted = "8 hours"
[within.entity.KW01.order_to_bill]
posted = "1 day"

[owners]
unposted_invoice = "AR"
[owners.region.EMEA]
unposted_invoice = "AR EMEA"
unapplied_cash = "cash EMEA"
[owners.entity.DE01]
unposted_invoice = "AR Munich"

[modes]
default = "observe"
order_to_bill = { default = "approve", unposted_invoice = "enforce" }
[modes.entity.JP01]
order_to_bill = "observe"
[modes.region.EMEA]
payment_to_cash = "approve"

[ownership]
price = "billing"
[ownership.customer]
name = "crm"
tax_id = "erp"

[posting]
month_end_to_next = false
accounts = { receivable = "1200", revenue = "4000" }
dimensions = ["department"]
[posting.entity.DE01]
subsidiary = "2"
accounts = { revenue = "8400" }
sequence = { prefix = "DE-", digits = 6 }

[[crosswalks]]
table = "item"
path = "crosswalks/item.csv"
columns = { code = "Article" }  # how the file is written is for its reader
[[crosswalks]]
table = "tax_code"
match = "loose"
rows = [ { code = "DE 19", target = "VAT-DE-STD", from = 2021-01-01 } ]

[fx]
inverse = true
rows = [ { currency = "USD", to = "EUR", rate = 0.92, on = 2026-06-01, source = "ECB" } ]

[[files]]
path = "billing/*.csv"
[[complete]]
system = "billing"
"""


def acme(extra: str = "", flows=None) -> Policy:
    return parse(tomllib.loads(ACME + extra), "audit.toml", flows)


POLICY = acme()


def test_a_system_plays_the_role_that_was_given_to_it():
    assert POLICY.role("netsuite") == "erp"
    assert POLICY.role("crm") == "crm"
    assert POLICY.role("warehouse") == "warehouse"


def test_an_entity_has_its_own_clock_holidays_and_books():
    munich = POLICY.calendar("DE01")
    assert munich.day(dt.datetime(2026, 6, 30, 22, 30, tzinfo=dt.UTC)) == dt.date(2026, 7, 1)
    assert not munich.is_business_day(dt.date(2026, 6, 4))  # Corpus Christi, in Bavaria
    assert not munich.is_business_day(dt.date(2026, 12, 24))  # the company's own
    assert POLICY.calendar("KW01").is_business_day(dt.date(2026, 6, 7))  # a Sunday
    assert POLICY.functional("JP01") == "JPY"
    assert POLICY.functional("XX") == "EUR"
    assert POLICY.fiscal("JP01").year(dt.date(2026, 4, 1)) == 2027


def test_what_an_entity_decides_goes_before_its_region_and_that_before_everyone():
    assert [POLICY.owner(Risk.UNPOSTED_INVOICE, e) for e in ("DE01", "KW01", "JP01", "XX")] == [
        "AR Munich", "AR EMEA", "AR", "AR",
    ]  # fmt: skip
    assert POLICY.owner(Risk.UNAPPLIED_CASH, "DE01") == "cash EMEA"
    assert POLICY.owner(Risk.UNAPPLIED_CASH, "JP01") == "cash application"  # the class's own
    posted = {e: str(POLICY.within("order_to_bill", "posted", e, DEFAULT)) for e in ("DE01", "KW01", "JP01")}
    assert posted == {"DE01": "8 hours", "KW01": "1 day", "JP01": "4 hours"}
    assert str(POLICY.within("order_to_bill", "invoiced", "KW01", DEFAULT)) == "1 business day"
    assert POLICY.within("renewal", "quoted", "KW01", DEFAULT) is DEFAULT
    assert (POLICY.tolerance("line", "JP01"), POLICY.tolerance("line", "DE01"), POLICY.tolerance("tax", "DE01")) == (
        0,
        2,
        1,
    )


def test_a_mode_is_the_closest_that_was_decided():
    assert POLICY.mode("order_to_bill", "DE01", Risk.UNPOSTED_INVOICE) == "enforce"
    assert POLICY.mode("order_to_bill", "DE01", Risk.UNDERBILLED) == "approve"
    assert POLICY.mode("payment_to_cash", "DE01", Risk.UNAPPLIED_CASH) == "approve"
    assert POLICY.mode("payment_to_cash", "JP01", Risk.UNAPPLIED_CASH) == "observe"


def test_an_entity_that_only_observes_a_flow_observes_all_of_it():
    """JP01 set the whole flow back to observe: what all others enforce for one class must not act there."""
    assert POLICY.mode("order_to_bill", "JP01", Risk.UNPOSTED_INVOICE) == "observe"
    halted = acme('[modes.entity.DE01]\ndefault = "observe"\norder_to_bill = { underbilled = "approve" }')
    assert halted.mode("order_to_bill", "DE01", Risk.UNPOSTED_INVOICE) == "observe"
    assert halted.mode("order_to_bill", "DE01", Risk.UNDERBILLED) == "approve"


def test_a_field_belongs_to_the_system_that_was_named_for_it_or_for_its_type():
    assert POLICY.owner_of("customer", "name") == "crm"
    assert POLICY.owner_of("customer", "email") is None
    assert POLICY.owner_of("price", "unit_price") == "billing"


def test_posting_rules_of_an_entity_add_to_those_of_all():
    assert POLICY.posting.account("receivable", "DE01") == "1200"
    assert POLICY.posting.account("revenue", "DE01") == "8400"
    assert POLICY.posting.account_role("4000", "JP01") == "revenue"
    assert POLICY.posting.account_role("9999", "JP01") is None
    assert POLICY.posting.rules("DE01").sequence == Sequence(prefix="DE-", digits=6)
    assert POLICY.posting.rules("DE01").dimensions == ("department",)
    assert POLICY.posting.rules("JP01").subsidiary == ""


def test_tables_and_rates_are_there_and_a_table_with_a_path_is_declared_and_waits_for_its_rows():
    day = dt.date(2026, 6, 2)
    assert POLICY.crosswalk("tax_code").find("de  19", day) == "VAT-DE-STD"
    assert POLICY.crosswalk("item").declared
    assert POLICY.crosswalk("item").find("SKU-7", day) is None
    assert (
        POLICY.with_crosswalk("item", [{"code": "SKU-7", "target": "I-1"}]).crosswalk("item").find("SKU-7", day)
        == "I-1"
    )
    assert not POLICY.crosswalk("account").declared
    rate = POLICY.rate("USD", "EUR", day)
    assert rate is not None
    assert rate.source == "ECB"


def test_the_version_is_of_what_is_decided_not_of_how_it_is_written():
    tables = tomllib.loads(ACME)
    turned = {name: dict(reversed(t.items())) if isinstance(t, dict) else t for name, t in reversed(tables.items())}
    assert parse(turned, "elsewhere.toml").version == POLICY.version
    assert acme("\n").version == POLICY.version
    assert POLICY.with_crosswalk("item", [{"code": "SKU-7", "target": "I-1"}]).version != POLICY.version


FLOWS = {"order_to_bill": ("invoiced", "posted"), "payment_to_cash": ("applied",)}


def test_names_of_flows_and_steps_are_checked_where_the_flows_are_known():
    assert acme(flows=FLOWS) == POLICY
    with pytest.raises(MappingFault) as caught:
        parse({"within": {"order_to_bil": {}}}, "audit.toml", FLOWS)
    assert (
        str(caught.value)
        == "audit.toml [within] order_to_bil: flow 'order_to_bil' is unknown (did you mean 'order_to_bill'?)"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[entitys.DE01]", "audit.toml entitys: unknown key (did you mean 'entities'?)"),
        ("entities = 3", "audit.toml [entities]: a number where a table is expected (write it as [entities] with keys)"),
        ('[systems.b]\nrole = "biling"', "audit.toml [systems.b] role: 'biling' is none of the values (did you mean 'billing'?)"),
        ('[systems.b]\nrol = "billing"', "audit.toml [systems.b] rol: unknown key (did you mean 'role'?)"),
        (
            '[entities.A]\ntime_zone = "Europe/Berln"',
            "audit.toml [entities.A] time_zone: 'Europe/Berln' is not a time zone (did you mean 'Europe/Berlin'?)",
        ),
        (
            '[entities.A]\ntime_zone = "../../etc/passwd"',
            "audit.toml [entities.A] time_zone: '../../etc/passwd' is not a time zone (use a name such as Europe/Berlin)",
        ),
        (
            '[entities.A]\nfunctional_currency = "EURO"',
            "audit.toml [entities.A] functional_currency: unknown currency 'EURO' (did you mean 'EUR'?)",
        ),
        (
            '[entities.A]\nfunctional_curency = "EUR"',
            "audit.toml [entities.A] functional_curency: unknown key (did you mean 'functional_currency'?)",
        ),
        ('[audit]\nbase_currency = "XXX"', "audit.toml [audit] base_currency: unknown currency 'XXX' (use an ISO 4217 code"),
        (
            "[entities.A]\nholidays = [2026-12-24, 7]",
            "audit.toml [entities.A] holidays: 7 is not a day (write it like 2026-06-30)",
        ),
        (
            "[entities.A]\nholidays = [2026-12-24T00:00:00]",
            "audit.toml [entities.A] holidays: datetime.datetime(2026, 12, 24, 0, 0) is not a day (write it like 2026-06-30)",
        ),
        ('[entities.A]\nholidays = "Germany"', "audit.toml [entities.A] holidays: 'Germany' is not a country whose"),
        (
            '[entities.A]\nweekend = ["sonday"]',
            "audit.toml [entities.A] weekend: 'sonday' is not a weekday (did you mean 'sunday'?)",
        ),
        (
            '[entities.A]\nweekend = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]',
            "audit.toml [entities.A] weekend: no day is left to work on (name the days without work only)",
        ),
        (
            '[entities.A]\noffice_hours = ["17:00", "09:00"]',
            "audit.toml [entities.A] office_hours: it closes at 09:00, before it opens at 17:00 (swap the times)",
        ),
        (
            '[entities.A]\noffice_hours = ["9"]',
            "audit.toml [entities.A] office_hours: ['9'] is not an opening and a closing time (write [\"09:00\", \"17:00\"])",
        ),
        ("[entities.A]\nfiscal_year_starts = 13", "audit.toml [entities.A] fiscal_year_starts: 13 is out of range (from 1 to 12)"),
        (
            '[entities.A]\nfiscal_weeks = "4-4-4"',
            "audit.toml [entities.A] fiscal_weeks: '4-4-4' is none of the values (did you mean",
        ),
        ("[tolerances]\nlines = 1", "audit.toml [tolerances] lines: tolerance 'lines' is unknown (did you mean 'line'?)"),
        ("[tolerances]\nline = 1.5", "audit.toml [tolerances] line: 1.5 is not a whole number (from 0 to 1000000000)"),
        ("[tolerances]\nline = -1", "audit.toml [tolerances] line: -1 is out of range (from 0 to 1000000000)"),
        (
            "[entities.DE01]\n[tolerances.entity.DE1]\nline = 1",
            "audit.toml [tolerances.entity] DE1: entity 'DE1' is unknown (did you mean 'DE01'?)",
        ),
        ("[tolerances.region.EMEA]\nline = 1", "audit.toml [tolerances.region] EMEA: region 'EMEA' is unknown (known: none)"),
        (
            '[within.order_to_bill]\nposted = "4 ours"',
            "audit.toml [within.order_to_bill] posted: 'our' is not a unit of time (did you mean 'hour'?)",
        ),
        ("[within.order_to_bill]\nposted = 4", "audit.toml [within.order_to_bill] posted: a number where a text is expected"),
        (
            '[owners]\nunposted_invoices = "AR"',
            "audit.toml [owners] unposted_invoices: risk class 'unposted_invoices' is unknown (did you mean 'unposted_invoice'?)",
        ),
        ('[modes]\ndefault = "enforced"', "audit.toml [modes] default: 'enforced' is none of the values (did you mean 'enforce'?)"),
        (
            '[modes.order_to_bill]\nunderbiled = "approve"',
            "audit.toml [modes.order_to_bill] underbiled: risk class 'underbiled' is unknown (did you mean 'underbilled'?)",
        ),
        ('[ownership]\ncustomers = "crm"', "audit.toml [ownership] customers: type 'customers' is unknown (did you mean 'customer'?)"),
        (
            '[ownership.customer]\nnam = "crm"',
            "audit.toml [ownership.customer] nam: field of customer 'nam' is unknown (did you mean 'name'?)",
        ),
        (
            '[ownership.customer]\nname = "crn"',
            "audit.toml [ownership.customer] name: 'crn' is none of the values (did you mean 'crm'?)",
        ),
        (
            '[posting]\nmonth_end_to_next = "yes"',
            "audit.toml [posting] month_end_to_next: 'yes' is neither true nor false (write true or false, without quotes)",
        ),
        (
            '[posting.accounts]\nrecievable = "1200"',
            "audit.toml [posting.accounts] recievable: account 'recievable' is unknown (did you mean 'receivable'?)",
        ),
        ("[posting]\ndimensions = [1]", "audit.toml [posting] dimensions: [1] is not a list of texts"),
        ('[posting.sequence]\nprefx = "DE"', "audit.toml [posting.sequence] prefx: unknown key (did you mean 'prefix'?)"),
        ("[crosswalks]\ntable = 1", "audit.toml crosswalks: a table where a list of tables is expected (write it as [[crosswalks]])"),
        ('[[crosswalks]]\npath = "x"', "audit.toml [crosswalks #1] table: missing (add table)"),
        (
            '[[crosswalks]]\ntable = "item"\npath = "x"\nrows = []',
            "audit.toml [crosswalks #1] rows: given beside a path (keep one of them)",
        ),
        (
            '[[crosswalks]]\ntable = "item"\nmatch = "lose"',
            "audit.toml [crosswalks #1] match: 'lose' is none of the values (did you mean 'loose'?)",
        ),
        (
            '[[crosswalks]]\ntable = "item"\n[[crosswalks]]\ntable = "item"\nmatch = "loose"',
            "audit.toml [crosswalks #2] match: crosswalk 'item' is exact above (say the same here)",
        ),
        (
            '[[crosswalks]]\ntable = "item"\nrows = [ { code = "A" } ]',
            "audit.toml [crosswalk item row 1] target: missing (add target)",
        ),
        ('[fx]\npth = "x"', "audit.toml [fx] pth: unknown key (did you mean 'path'?)"),
        ("[fx]\nrows = [ { currency = \"USD\" } ]", "audit.toml [fx row 1] rate: missing (add rate)"),
    ],
)  # fmt: skip
def test_a_slip_of_the_pen_is_answered_with_file_key_and_the_nearest_name(text, message):
    with pytest.raises(MappingFault) as caught:
        parse(tomllib.loads(text), "audit.toml")
    assert str(caught.value).startswith(message)


def test_a_policy_travels_to_another_process_with_everything_in_it():
    copy = pickle.loads(pickle.dumps(POLICY))
    assert copy == POLICY
    assert copy.version == POLICY.version
    assert copy.calendar("DE01").holidays == POLICY.calendar("DE01").holidays

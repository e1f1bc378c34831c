"""docs/policy.md is what the parser reads: its blocks are one policy, and do what the page says."""

import datetime as dt
import re
import tomllib
from pathlib import Path

from tieout.canon.finding import Risk
from tieout.policy import TABLES, Duration, parse

PAGE = (Path(__file__).parents[2] / "docs" / "policy.md").read_text(encoding="utf-8")
POLICY = parse(tomllib.loads("\n".join(re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))), "docs/policy.md")


def test_every_table_of_the_policy_has_a_section():
    assert all(re.search(rf"^## .*`\[+{table}[.\]]", PAGE, re.MULTILINE) for table in TABLES)


def test_the_examples_do_what_the_page_says():
    assert POLICY.role("netsuite") == "erp"
    assert not POLICY.calendar("DE01").is_business_day(dt.date(2026, 12, 24))
    assert POLICY.fiscal("US01").period(dt.date(2026, 12, 27)).name == "FY2027-P01"
    assert POLICY.tolerance("line", "JP01") == 0
    assert str(POLICY.within("order_to_bill", "invoiced", "JP01", Duration(2, "day"))) == "3 business days"
    assert POLICY.owner(Risk.UNPOSTED_INVOICE, "JP01") == "AR Singapore"
    assert POLICY.mode("order_to_bill", "JP01", Risk.UNPOSTED_INVOICE) == "observe"
    assert POLICY.mode("order_to_bill", "DE01", Risk.UNPOSTED_INVOICE) == "enforce"
    assert POLICY.owner_of("customer", "tax_id") == "erp"
    assert POLICY.posting.account("revenue", "DE01") == "8400"
    assert POLICY.crosswalk("tax_code").find("de 19", dt.date(2026, 6, 1)) == "VAT-DE-STD"
    assert POLICY.rate("EUR", "USD", dt.date(2026, 6, 1)) is None
    assert POLICY.casework("JP01").queues == {"AR Singapore": ("mei", "arjun")}
    assert str(POLICY.casework("JP01").resolved_within("high", Risk.OVERBILLED)) == "4 business hours"
    assert POLICY.casework("DE01").severity(249_999) == "high"

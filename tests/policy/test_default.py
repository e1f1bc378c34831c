"""What holds where a company has decided nothing."""

import datetime as dt
import pickle

from tieout.canon.finding import Risk
from tieout.policy import Duration, Policy

DAY = dt.date(2026, 6, 5)


def test_a_company_that_decided_nothing_gets_utc_monday_to_friday_and_one_cent():
    policy = Policy.default()
    assert policy.role("billing") == "billing"
    assert policy.calendar("DE01").day(dt.datetime(2026, 6, 5, 23, 59, tzinfo=dt.UTC)) == DAY
    assert policy.calendar("DE01").add_business_days(DAY, 1) == dt.date(2026, 6, 8)  # Friday, then Monday
    assert policy.owner(Risk.UNPOSTED_INVOICE, "DE01") == "AR"
    assert policy.tolerance("line", "DE01") == 1
    assert policy.within("order_to_bill", "invoiced", "DE01", Duration.parse("2 business days")).count == 2
    assert policy.mode("order_to_bill", "DE01", Risk.UNPOSTED_INVOICE) == "observe"
    assert policy.owner_of("customer", "name") is None


def test_a_code_is_missing_only_where_its_table_exists():
    policy = Policy.default()
    assert policy.crosswalk("item").find("SKU-7", DAY) is None
    assert not policy.crosswalk("item").declared
    assert policy.with_crosswalk("item", []).crosswalk("item").declared


def test_a_policy_travels_to_another_process_unchanged():
    policy = Policy.default()
    copy = pickle.loads(pickle.dumps(policy))
    assert copy == policy and copy.version == policy.version
    assert copy.version != policy.with_crosswalk("item", []).version

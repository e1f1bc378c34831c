"""How cases are worked, as policy decides it: severity by money, time by severity and class, escalation, queues."""

import tomllib

import pytest

from tieout.canon.faults import MappingFault
from tieout.policy import Policy, differences, parse

DECIDED = """
[entities.JP01]
region = "APAC"
[cases]
near = "2 weeks"
escalate_to = ["AR manager"]
[cases.within]
high = "1 business day"
low = { default = "1 month", stream_silent = "2 business days" }
[cases.severity]
critical = 500000
[cases.queues]
AR = ["anna", "ben"]
[cases.region.APAC.within]
low = "2 weeks"
[cases.entity.JP01.queues]
"AR Tokyo" = ["mei"]
"""


def policy(text: str) -> Policy:
    return parse(tomllib.loads(text), "audit.toml")


def test_without_a_decision_money_makes_severity_and_severity_makes_haste():
    cases = Policy.default().casework("DE01")
    assert [cases.severity(whole) for whole in (0, 999, 1_000, 10_000, 99_999, 100_000)] == [
        "low", "low", "medium", "high", "high", "critical",
    ]  # fmt: skip
    assert str(cases.resolved_within("critical", "unposted_invoice")) == "4 business hours"


def test_the_closest_layer_wins_even_over_a_finer_name():
    decided = policy(DECIDED)
    everyone, tokyo = decided.casework("DE01"), decided.casework("JP01")
    assert str(everyone.resolved_within("low", "stream_silent")) == "2 business days"
    assert str(everyone.resolved_within("low", "overbilled")) == "1 month"
    assert str(tokyo.resolved_within("low", "stream_silent")) == "2 weeks"
    assert everyone.severity(499_999) == "high" and everyone.severity(500_000) == "critical"
    assert everyone.escalate_to == ("AR manager",) and str(everyone.near) == "2 weeks"
    assert tokyo.queues == {"AR": ("anna", "ben"), "AR Tokyo": ("mei",)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[cases.within]\nhihg = '1 day'", "did you mean 'high'"),
        ("[cases.within]\nhigh = 'soon'", "[cases.within] high: 'soon' is not a duration"),
        ("[cases.within.high]\nunposted = '1 day'", "did you mean 'unposted_invoice'"),
        ("[cases.severity]\nlow = 5", "severity with a limit 'low' is unknown"),
        ("[cases.severity]\nhigh = -5", "-5 is out of range"),
        ("[cases]\nescalate = ['x']", "did you mean 'escalate_to'"),
        ("[cases.queues]\nAR = 'anna'", "is not a list of texts"),
    ],
)
def test_what_is_misspelt_is_refused_by_name(text, said):
    with pytest.raises(MappingFault) as fault:
        policy(text)
    assert said in str(fault.value)


def test_what_is_decided_otherwise_is_said():
    everyones = policy(DECIDED[DECIDED.index("[cases]") : DECIDED.index("[cases.region")])
    assert [str(change) for change in differences(Policy.default(), everyones)] == [
        "a case is critical: now from 500000 of the base currency",
        "a case's deadline is near: now within 2 weeks",
        "late cases are escalated to: now AR manager, 1 business day apart",
        "queue AR is worked by: now anna, ben",
        "time for high cases: now 1 business day",
        "time for low cases: now 1 month",
        "time for low cases of stream_silent: now 2 business days",
    ]

"""What `explain` and the live engine ask beside the money: slices in words, and when to look again."""

from __future__ import annotations

from typing import Any


def states(judged: Any) -> list[tuple[str, str, int, int, int]]:
    return [(f"{s.from_on}", s.state, s.expected, s.fulfilled, s.billed) for s in judged.outcome.slices]


def test_every_period_says_what_became_of_it(shop: Any) -> None:
    """April free, May billed, June forgotten, July not begun; as of 30 June."""
    free = shop.charge("0", "2026-04-01", "2026-04-30", price_reason="free month")
    paid = shop.charge("500", "2026-05-01", "2026-07-31", id="CH2", replaces=free.ref)
    judged = shop.judge(
        "2026-06-30", free, paid, shop.active("2026-04-01"), shop.monthly(50_000, "2026-05", charge="CH2"), detail=True
    )
    assert states(judged) == [
        ("2026-04-01", "free", 0, 0, 0),
        ("2026-05-01", "billed", 50_000, 50_000, 50_000),
        ("2026-06-01", "late", 50_000, 50_000, 0),
        ("2026-07-01", "not due", 50_000, 0, 0),
    ]


def test_days_past_the_end_are_a_slice_of_their_own(shop: Any) -> None:
    contract = shop.contract("2026-05-01", "2026-05-31")
    judged = shop.judge(
        "2026-06-15", shop.order(contract=contract.ref), contract, shop.charge("500", "2026-05-01", "2026-05-31"),
        shop.active("2026-05-01"), shop.monthly(50_000, "2026-05"), detail=True,
    )  # fmt: skip
    assert states(judged)[-1] == ("2026-06-01", "served past its end", 0, 25_000, 0)


def test_it_asks_to_be_looked_at_when_the_next_money_can_be_late(shop: Any) -> None:
    """July's bill is of Wednesday 1 July, due on Friday 3 July: look again on the 4th."""
    judged = shop.judge(
        "2026-06-10",
        shop.charge("500", "2026-06-01", "2026-12-31"),
        shop.active("2026-06-01"),
        shop.monthly(50_000, "2026-06"),
    )
    assert f"{judged.outcome.wake_on}" == "2026-07-04"


def test_it_asks_to_be_looked_at_the_day_after_an_issue(shop: Any) -> None:
    judged = shop.judge(
        "2026-06-01", shop.charge("500", "2026-06-01", "2026-12-31"), shop.active("2026-06-01"),
        shop.monthly(50_000, "2026-06", posted=False),
    )  # fmt: skip
    assert f"{judged.outcome.wake_on}" == "2026-06-02"

"""Bank lines that are not customers' money: interest, tax refunds, fees and transfers between own accounts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from ...canon.dates import ONE_DAY, month_end
from ...canon.documents import BankLine
from ..amounts import coins
from ..entities import Entity
from ..world import World


def keep_accounts(world: World) -> None:
    """A year of such lines on the main account of every entity; made once, by the first shard."""
    rng = world.rng("treasury")
    for entity in world.entities.values():
        main, second = f"{entity.code}-{entity.functional}", f"{entity.code}-{entity.functional}-RESERVE"
        for last in _month_ends(world.start, world.as_of):
            day = last if entity.is_business_day(last) else _business_day_before(entity, last)
            fee, interest = (coins(entity.functional, rng.randrange(5, 60)) for _ in range(2))
            moved = coins(entity.functional, 1000 * rng.randrange(5, 40))
            for kind, account, amount, text in (
                ("fee", main, -fee, "KONTOFÜHRUNG" if entity.country == "DE" else "ACCOUNT FEE"),
                ("interest", main, interest + 1, "HABENZINSEN" if entity.country == "DE" else "INTEREST"),
                ("internal", main, -moved, "TRANSFER TO RESERVE"),
                ("internal", second, moved, "TRANSFER FROM MAIN"),
            ):
                _line(world, entity, account, kind, amount, day, text)
            if last.month % 3 == 0:
                text = "FINANZAMT ERSTATTUNG USt" if entity.country == "DE" else "TAX REFUND"
                _line(world, entity, main, "tax_refund", coins(entity.functional, rng.randrange(200, 3000)), day, text)
    world.shown |= {"bank_interest", "tax_refund", "internal_transfer"}


def _line(world: World, entity: Entity, account: str, kind: str, amount: int, day: dt.date, text: str) -> None:
    world.add(
        BankLine(
            system="bank", id=world.id("BL"), entity=entity.code, currency=entity.functional, account=account,
            amount=amount, booked_on=day, value_on=day, text=text, kind=kind,  # type: ignore[arg-type]
        )
    )  # fmt: skip


def _month_ends(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    day = month_end(first)
    while day <= last:
        yield day
        day = month_end(day + ONE_DAY)


def _business_day_before(entity: Entity, day: dt.date) -> dt.date:
    while not entity.is_business_day(day):
        day -= ONE_DAY
    return day

"""What all rows of a file share, and no column says, stands in the mapping once."""

from __future__ import annotations

import datetime as dt

import pytest

from tieout.canon.faults import MappingFault

from .exports import Exports


def test_what_all_rows_share_needs_no_column(exports: Exports) -> None:
    """The statement of one account does not repeat it in every row; its days are German like those of the file."""
    exports.write("statement.csv", "id;amount;booked_on\n1;10,50;31.05.2026\n2;-3,00;01.06.2026\n").read(
        """
        [[files]]
        path = "statement.csv"
        system = "bank"
        type = "bank_line"
        currency = "EUR"
        delimiter = ";"
        decimal = ","
        date = "%d.%m.%Y"
        [files.constants]
        account = "DE89 3704"
        value_on = "02.06.2026"
        """
    )
    assert exports.refused() == []
    june = dt.date(2026, 6, 2)
    assert exports.rows("bank_line", "account", "amount", "value_on") == [
        ("DE89 3704", 1050, june),
        ("DE89 3704", -300, june),
    ]


def test_a_constant_of_a_field_that_there_is_not_is_refused_with_the_nearest(exports: Exports) -> None:
    exports.write("statement.csv", "id,amount\n")
    with pytest.raises(MappingFault, match="there is no field 'acount'.*did you mean 'account'"):
        exports.read(
            '[[files]]\npath = "statement.csv"\nsystem = "bank"\ntype = "bank_line"\n[files.constants]\nacount = "1"\n'
        )

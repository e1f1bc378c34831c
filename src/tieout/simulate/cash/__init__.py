"""From posted invoice to applied cash: payments, payouts, bank lines, and what goes wrong with them."""

from .settle import settle

__all__ = ["settle"]

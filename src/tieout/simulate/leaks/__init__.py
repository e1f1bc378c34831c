"""What goes wrong, class by class, in every way we know of; each injection writes the truth of what it spoilt."""

from . import books, combinations, consolidated, credits, missing, overlays, prices, surplus, terms, upsells, usage
from .register import LEAKS, Injection

__all__ = [
    "LEAKS", "Injection", "books", "combinations", "consolidated", "credits", "missing", "overlays", "prices", "surplus", "terms",
    "upsells", "usage",
]  # fmt: skip

"""Everything that looks like a leak and is none: every company has each of them, or silence would prove nothing."""

from . import amending, fulfilling, invoicing, pricing, renewing
from .register import LOOKALIKES

__all__ = ["LOOKALIKES", "amending", "fulfilling", "invoicing", "pricing", "renewing"]

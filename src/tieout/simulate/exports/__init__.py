"""Exports of a simulated company, in the many ways in which systems write them."""

from .company import company

__all__ = ["company"]

"""Tieout keeps the money path of a company in step across the systems that carry it."""

__version__ = "0.1.0"

"""Flows: what must happen to a document, what should be true now, and what the difference is worth. Pure."""

"""Whole sets of documents: tables of canonical documents, and flows evaluated over them by a relational plan."""

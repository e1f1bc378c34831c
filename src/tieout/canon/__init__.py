"""The vocabulary: money, dates, identity, documents, findings and faults. Pure: no I/O, clock or randomness."""

"""A seeded company's exports, its leaks, and a truth that shares no formula with the product."""

"""The controls that put money on what is wrong: pure functions over one instance, docs/money.md in code."""

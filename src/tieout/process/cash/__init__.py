"""Controls of cash: payments, payouts and receivables, and rows R4 to R6 of the bridge. Source: docs/money.md, "Cash"."""

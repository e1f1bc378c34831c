"""The roles that a company's systems play in the money path."""

ROLES: dict[str, str] = {
    "crm": "customers, opportunities, contracts and renewals",
    "cpq": "quotes and prices",
    "billing": "subscriptions, invoices and credit memos",
    "provisioning": "what is switched on, and metered usage",
    "psa": "projects, milestones and hours",
    "commerce": "shop orders and shipments",
    "payments": "payments, refunds, disputes and payouts of a processor",
    "support": "support cases",
    "tax": "tax answers",
    "bank": "bank statements",
    "erp": "posted invoices, receipts, applications and the ledger",
    "tieout": "people's decisions",
}
"""Role → what a system in this role knows."""

"""Accounts: people, roles, access."""

"""Accounts as a Django app."""

from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who you are and what you may touch."""

    name = "accounts"

    def ready(self) -> None:
        """Have logins written down; importing listens to them."""
        import_module("accounts.logins")

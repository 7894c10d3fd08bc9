"""What docs/security.md promises, tried."""

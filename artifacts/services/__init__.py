"""The writes: keyword-only functions, one transaction each."""

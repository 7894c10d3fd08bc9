"""What templates say about artifacts."""

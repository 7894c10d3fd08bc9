"""What templates say about lineage and comparisons."""

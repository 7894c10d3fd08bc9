"""How things came to be."""

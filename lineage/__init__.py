"""How things came to be: runs, what they used, and the graph around a version."""

"""HTTP for people: artifacts and their versions."""

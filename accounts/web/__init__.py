"""HTTP for people: who they are."""

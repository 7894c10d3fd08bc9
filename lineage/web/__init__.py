"""HTTP for people: how things came to be, the runs, and what differs."""

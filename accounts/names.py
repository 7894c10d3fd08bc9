"""What teams may be called."""

EVERYONE = "everyone"
"""How people write that something belongs to no team; so no team is called that."""

TEAM_NAME = r"^[a-z0-9][a-z0-9_-]{0,62}$"
"""Part of paths on disk, and of artifacts as people write them."""

NEW_TEAM_NAME = rf"^(?!{EVERYONE}\Z)[a-z0-9][a-z0-9_-]{{0,62}}\Z"
"""The same without the word for no team: what somebody may type who makes one."""

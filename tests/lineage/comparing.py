"""The page that compares two versions, and what it says."""

import re
from typing import Any

BASE = "/artifacts/model/model-a/compare"


def text_of(answer: Any) -> str:
    """What is to be read, with one space between words."""
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())

"""What a program shows on a terminal."""

import os
import re
import select


def read_all(terminal: int) -> bytes:
    """All that is shown until the other side closes, or says nothing for half a minute."""
    shown = b""
    while select.select([terminal], [], [], 30)[0]:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other side closed
            break
        shown += piece
    return shown


def plain(shown: bytes) -> str:
    """The text alone, without colours and moves of the cursor."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())

"""Reading a file here and there, and never more of it than was agreed."""

from typing import Protocol

from accounts.sentences import Sentence, say


class Unreadable(ValueError):
    """The content is not what it looked like, or too much; the ``sentence`` says why."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class OverBudget(Unreadable):
    """To read on would be more than was agreed."""


class Source(Protocol):
    """An open content, such as a ``ContentReader`` of the store."""

    size_bytes: int

    def seek(self, offset: int, /) -> int:
        """Go on reading at ``offset``."""

    def read(self, size: int, /) -> bytes:
        """The next ``size`` bytes, fewer only at the end."""


class BoundedReader:
    """Reads of ``source`` at any offset, of ``budget_bytes`` together."""

    def __init__(self, source: Source, budget_bytes: int) -> None:
        self._source = source
        self.size_bytes = source.size_bytes
        self.left_bytes = budget_bytes

    def read_at(self, offset: int, length: int) -> bytes:
        """``length`` bytes from ``offset`` on, fewer where the content ends.

        Raises OverBudget before anything is read.
        """
        count = max(0, min(length, self.size_bytes - offset))
        if count > self.left_bytes:
            raise OverBudget(say("There is more of it than is looked at."))
        self.left_bytes -= count
        if not count:
            return b""
        self._source.seek(offset)
        return self._source.read(count)

    def charge(self, size_bytes: int) -> None:
        """Count also what was unpacked from what was read. Raises OverBudget."""
        self.left_bytes -= size_bytes
        if self.left_bytes < 0:
            self.left_bytes = 0
            raise OverBudget(say("There is more of it than is looked at."))

    def read_exactly(self, offset: int, length: int, what: Sentence) -> bytes:
        """``length`` bytes from ``offset`` on. Raises Unreadable where the content ends before."""
        found = self.read_at(offset, length)
        if len(found) != length:
            raise Unreadable(say("The file ends inside {what}.", what=what))
        return found

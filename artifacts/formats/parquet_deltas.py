"""The encodings of Parquet that keep differences: of whole numbers, and of the lengths of texts."""

from collections.abc import Iterator

from accounts.sentences import say
from artifacts.formats.parquet_values import read_varint
from artifacts.formats.source import Unreadable

_MAX_BLOCK = 1 << 16


class Deltas:
    """DELTA_BINARY_PACKED: blocks of differences, packed in as few bits as each part needs."""

    def __init__(self, raw: bytes, bits: int) -> None:
        """``bits``: of a number, 32 or 64; they wrap around. Raises Unreadable."""
        self._raw = raw
        self._bits = bits
        self._first: list[int] = []
        self.at = 0
        """Where what was read ends."""

    def read(self) -> Iterator[int]:
        """The numbers, as far as the bytes reach. Raises Unreadable."""
        try:
            yield from self._read()
        except IndexError:
            return

    def find_end(self) -> int:
        """Where they end, found by the heads of the blocks; behind the bytes where these end."""
        try:
            block, parts, left = self._read_head()
            while left > 0:
                _, widths = self._zigzag(), self._read_widths(parts)
                size = block // parts
                needed = widths[: -(-min(left, block) // size)]
                self.at += sum(size * width // 8 for width in needed)
                left -= block
        except IndexError:
            return len(self._raw)
        return self.at

    def _read_head(self) -> tuple[int, int, int]:
        """Numbers in a block, parts of a block, and how many numbers follow the first."""
        block, parts, count = self._varint(), self._varint(), self._varint()
        self._first = [self._zigzag()][:count]
        if not (0 < parts <= block <= _MAX_BLOCK and block % parts == 0) or block // parts % 8:
            raise Unreadable(say("it is damaged"))
        return block, parts, count - 1

    def _read(self) -> Iterator[int]:
        block, parts, left = self._read_head()
        yield from self._first
        value = sum(self._first)
        while left > 0:
            for difference in self._read_block(parts, block // parts, left):
                value = self._wrapped(value + difference)
                yield value
            left -= block

    def _read_block(self, parts: int, size: int, left: int) -> Iterator[int]:
        """The differences of a block, of which ``left`` at most are meant."""
        least = self._zigzag()
        for width in self._read_widths(parts):
            if left <= 0:
                return
            yield from (least + number for number in self._unpack(width, min(size, left)))
            self.at += size * width // 8
            left -= size

    def _read_widths(self, parts: int) -> bytes:
        widths = self._raw[self.at : self.at + parts]
        self.at += parts
        if len(widths) < parts:
            raise IndexError
        if max(widths) > self._bits:
            raise Unreadable(say("it is damaged"))
        return widths

    def _unpack(self, width: int, count: int) -> Iterator[int]:
        mask = (1 << width) - 1
        for number in range(count):
            start, shift = divmod(number * width, 8)
            end = self.at + start + (shift + width + 7) // 8
            if end > len(self._raw):
                raise IndexError
            yield int.from_bytes(self._raw[self.at + start : end], "little") >> shift & mask

    def _wrapped(self, number: int) -> int:
        half = 1 << self._bits - 1
        return (number + half) % (2 * half) - half

    def _varint(self) -> int:
        number, self.at = read_varint(self._raw, self.at)
        return number

    def _zigzag(self) -> int:
        number = self._varint()
        return number >> 1 ^ -(number & 1)


def read_lengths(raw: bytes) -> Iterator[bytes]:
    """DELTA_LENGTH_BYTE_ARRAY: all lengths, then all texts, as far as the bytes reach."""
    at = Deltas(raw, 32).find_end()
    for length in Deltas(raw, 32).read():
        if not 0 <= length <= len(raw) - at:
            return
        yield raw[at : at + length]
        at += length

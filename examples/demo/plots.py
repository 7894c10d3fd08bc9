"""Small plots as PNG, drawn pixel by pixel: no plotting library is needed to fill a portal."""

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

WIDTH, HEIGHT, MARGIN = 480, 300, 36
WHITE, GREY, DARK = (255, 255, 255), (224, 228, 234), (90, 100, 115)
COLOURS = ((38, 110, 200), (222, 120, 30), (45, 150, 90))

Image = np.ndarray
"""Rows of pixels of red, green and blue."""


def write_png(path: Path, image: Image) -> None:
    """Write ``image`` as an 8-bit RGB PNG."""
    height, width, _ = image.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), image.reshape(height, -1)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    ]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


def draw_lines(path: Path, *series: Sequence[float]) -> None:
    """Plot each of ``series`` over its index, all in one frame."""
    image = _empty_plot()
    low = min(min(values) for values in series)
    high = max(max(values) for values in series)
    for values, colour in zip(series, COLOURS, strict=False):
        _draw(image, values, (low, high), colour)
    write_png(path, image)


def draw_matrix(path: Path, counts: np.ndarray, cell_pixels: int = 36) -> None:
    """Draw a table of counts as squares, the darker the larger in their row."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    colours = 255 - shares[..., None] * (255 - np.array(COLOURS[0]))
    image = colours.astype(np.uint8).repeat(cell_pixels, axis=0).repeat(cell_pixels, axis=1)
    image[::cell_pixels] = GREY
    image[:, ::cell_pixels] = GREY
    write_png(path, image)


def draw_texture(path: Path, rng: np.random.Generator, *, scratches: int) -> None:
    """Draw what a line camera sees: brushed metal, perhaps scratched."""
    light = 150 + rng.normal(0, 9, (160, 1)) + rng.normal(0, 4, (160, 160))
    for _ in range(scratches):
        row, start, slope = rng.integers(20, 140), rng.integers(0, 90), rng.uniform(-0.6, 0.6)
        for column in range(start, start + 60):
            light[int(np.clip(row + slope * (column - start), 0, 158)) :, column][:2] = 60
    grey = np.clip(light, 0, 255).astype(np.uint8)
    write_png(path, np.stack([grey, grey, grey], axis=2))


def _empty_plot() -> Image:
    image = np.full((HEIGHT, WIDTH, 3), WHITE, np.uint8)
    for row in np.linspace(MARGIN, HEIGHT - MARGIN, 5).astype(int):
        image[row, MARGIN : WIDTH - MARGIN] = GREY
    image[MARGIN : HEIGHT - MARGIN, MARGIN] = DARK
    image[HEIGHT - MARGIN, MARGIN : WIDTH - MARGIN] = DARK
    return image


def _draw(
    image: Image, values: Sequence[float], limits: tuple[float, float], colour: tuple[int, int, int]
) -> None:
    low, high = limits
    columns = np.arange(MARGIN + 1, WIDTH - MARGIN)
    along = np.linspace(0, len(values) - 1, len(columns))
    heights = (np.interp(along, range(len(values)), values) - low) / ((high - low) or 1)
    rows = (HEIGHT - MARGIN - heights * (HEIGHT - 2 * MARGIN)).astype(int)
    before = rows[0]
    for column, row in zip(columns, rows, strict=True):
        image[min(before, row) - 1 : max(before, row) + 1, column] = colour
        before = row

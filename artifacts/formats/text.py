"""Text: whether bytes are any, in which language, and what of it may be shown."""

import codecs
import re

MAX_BAD_SHARE = 20
"""One byte in so many may be none that text has."""
_CONTROL = re.compile("[\x00-\x07\x0b\x0e-\x1a\x1c-\x1f]")
_BOMS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

LANGUAGES = {
    "bash": "bash", "bat": "batch", "c": "c", "cc": "cpp", "cfg": "ini", "clj": "clojure",
    "conf": "ini", "cpp": "cpp", "cs": "csharp", "css": "css", "cu": "cuda", "cuh": "cuda",
    "cxx": "cpp", "diff": "diff", "dockerfile": "dockerfile", "go": "go", "gradle": "groovy",
    "h": "c", "hpp": "cpp", "htm": "html", "html": "html", "ini": "ini", "ipynb": "json",
    "java": "java", "jl": "julia", "js": "javascript", "json": "json", "jsonl": "json",
    "jsx": "javascript", "kt": "kotlin", "lua": "lua", "m": "matlab", "makefile": "makefile",
    "markdown": "markdown", "md": "markdown", "mjs": "javascript", "mk": "makefile",
    "ndjson": "json", "patch": "diff", "php": "php", "pl": "perl", "proto": "protobuf",
    "ps1": "powershell", "py": "python", "pyi": "python", "pyx": "python", "r": "r", "rb": "ruby",
    "rs": "rust", "rst": "rst", "scala": "scala", "sh": "bash", "sql": "sql", "svg": "xml",
    "swift": "swift", "tex": "latex", "toml": "toml", "ts": "typescript", "tsx": "typescript",
    "xml": "xml", "yaml": "yaml", "yml": "yaml", "zsh": "bash",
}  # fmt: skip
"""The end of a file's name → what it is written in, by the names that highlighters use."""


def suffix_of(path: str) -> str:
    """What follows the last dot of the file's name, in lower case; its name where there is none."""
    return path.rpartition("/")[2].rpartition(".")[2].lower()


def guess_language(path: str) -> str | None:
    """What the text at ``path`` is written in, by its name; None for plain text."""
    return LANGUAGES.get(suffix_of(path))


def decode(raw: bytes, *, is_whole: bool) -> str | None:
    """The text in ``raw``: UTF-8, or UTF-16 with its mark; None where it is no text.

    Single bytes that are no UTF-8 become U+FFFD. Of a text that is not whole, a character that is
    cut in two is left out.
    """
    encoding = next((name for mark, name in _BOMS if raw.startswith(mark)), "utf-8-sig")
    if encoding == "utf-8-sig" and b"\0" in raw:
        return None
    text = codecs.getincrementaldecoder(encoding)("replace").decode(raw, final=is_whole)
    if raw and not text:  # two or three bytes that might be a mark, and nothing marked
        return None
    num_bad = text.count("\ufffd") + len(_CONTROL.findall(text))
    return None if num_bad * MAX_BAD_SHARE > len(raw) else text


def show_text(text: str, max_characters: int) -> str:
    """``text`` as it may go into JSON and pages: cut, and without lone surrogates."""
    cut = text if len(text) <= max_characters else f"{text[:max_characters]}…"
    return cut.encode("utf-8", "replace").decode()

"""Sentences for people that know how they were put together, so that a page can say them anew.

The rooms raise and return English, which is what the API sends. A page shows
``accounts.web.language.translated`` of it: the same sentence in the reader's language. Nothing here
knows Django, so that storage and formats may say what is wrong too.
"""

from datetime import datetime


class Sentence(str):
    """English text that keeps its ``template``, which is the id of its translation, and its values.

    ``str`` of one is the same one: what ``str(error)`` gives can be translated still.
    """

    template: str
    values: dict[str, object]

    __slots__ = ("template", "values")

    def __str__(self) -> "Sentence":
        """Itself; of a subclass, Python would make a plain text."""
        return self


def say(template: str, /, **values: object) -> Sentence:
    """The sentence that ``template`` makes of ``values``, as ``say("{name!r} is reserved", …)``.

    The template stands in the call, so that ``make messages`` finds it. A value may be a sentence
    itself; it is translated with the whole. What is neither text, number nor time becomes text now.
    """
    kept = {name: _plain(value) for name, value in values.items()}
    said = Sentence(template.format(**kept))
    said.template, said.values = template, kept
    return said


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | datetime) else str(value)

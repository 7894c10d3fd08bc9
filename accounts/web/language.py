"""What the rooms said in English, in the language of who reads the page."""

from collections.abc import Mapping

from django.utils.translation import gettext

from accounts.sentences import Sentence


def translated(text: str) -> str:
    """``text`` in the reader's language; as it is where it is no ``Sentence``.

    In English, which is also the language of the API, a sentence comes back as it was.
    """
    if not isinstance(text, Sentence):
        return text
    values = {
        name: translated(value) if isinstance(value, str) else value
        for name, value in text.values.items()
    }
    return gettext(text.template).format(**values)


def translated_errors(errors: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The same for the texts of each field."""
    return {name: [translated(text) for text in texts] for name, texts in errors.items()}

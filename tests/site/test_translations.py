"""Every text of the pages is there in Chinese, and what is compiled is what was translated."""

import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES"
KEYWORDS = ["-k", "gettext_lazy", "-k", "say"]
COLLECT = ["-q", "extract", "-F", "locale/babel.cfg", *KEYWORDS, "--omit-header"]
FIELDS = re.compile(r"\{[^}]*\}")
TAGS = re.compile(r"</?\w+[^>]*>|&\w+;")


@pytest.fixture(scope="module")
def chinese() -> Catalog:
    with (FOLDER / "django.po").open("rb") as source:
        return read_po(source, locale="zh_Hans")


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """The texts that are in the code and the templates now."""
    target = tmp_path_factory.mktemp("messages") / "django.pot"
    command = [sys.executable, "-m", "babel.messages.frontend", *COLLECT, "-o", str(target), "."]
    subprocess.run(command, cwd=ROOT, check=True)
    with target.open("rb") as source:
        return read_po(source)


def texts(catalog: Catalog) -> set[str]:
    return {text for message in catalog if message.id for text in words(message.id)}


def words(text: object) -> list[str]:
    """The plural forms of a text, or the one it has."""
    return [text] if isinstance(text, str) else list(text)  # type: ignore[call-overload]


def test_nothing_is_forgotten_and_nothing_left_over(chinese: Catalog, collected: Catalog) -> None:
    assert len(texts(collected)) > 50
    assert texts(chinese) == texts(collected), "run `make messages`"


def test_everything_is_translated_and_nothing_guessed(chinese: Catalog) -> None:
    untranslated = [one.id for one in chinese if one.id and not all(words(one.string))]
    assert untranslated == []
    assert [one.id for one in chinese if one.fuzzy and one.id] == []


def test_a_translation_keeps_placeholders_and_markup(chinese: Catalog) -> None:
    assert [errors for _, errors in chinese.check()] == []
    for message in filter(lambda one: one.id, chinese):
        for text in words(message.string):
            for kind in (TAGS, FIELDS):
                assert sorted(kind.findall(text)) == sorted(kind.findall(words(message.id)[-1]))


def test_what_is_compiled_is_what_was_translated(chinese: Catalog) -> None:
    with (FOLDER / "django.mo").open("rb") as source:
        compiled = read_mo(source)
    assert texts(compiled) == texts(chinese), "run `make messages`"
    assert all(words(compiled[one.id].string) == words(one.string) for one in chinese if one.id)


def test_a_text_of_a_template_is_found() -> None:
    source = b"""{% load i18n %}
    <p title="{% translate 'A "title"' %}">
      {% blocktranslate with n=x %}{{ n }} files{% endblocktranslate %}
    </p>"""
    found = extract("runicorn_site.messages:extract_template", BytesIO(source))
    assert [text for _, text, _, _ in found] == ['A "title"', "%(n)s files"]

"""JSON is read by the same rules in the API and in every form."""

import json
from io import BytesIO
from typing import Any

import pytest
from rest_framework.exceptions import ParseError

from artifacts.descriptions import read_json
from artifacts.web.describe_forms import MetadataForm
from artifacts.web.upload_form import UploadForm
from runicorn_site.json_parser import StrictJSONParser
from tests.conftest import ANYBODY

REFUSED = [
    ('{"a": NaN}', "NaN is not a JSON number"),
    ('{"a": -Infinity}', "-Infinity is not a JSON number"),
    ('{"a": 1e999}', "the number 1e999 is too large"),
    ('{"a": {"b": 1, "b": 1}}', "the key 'b' is there twice"),
    ('{"a": ' + "[" * 100_000, "it is nested too deeply"),
]


def test_values_are_read_as_they_are() -> None:
    text = (
        '{"n": 12345678901234567890, "x": 1.0, "e": 5e-324, "z": [null, true, "\\u00e9"], "": {}}'
    )
    assert read_json(text) == json.loads(text)


def test_what_is_no_json_says_where() -> None:
    with pytest.raises(json.JSONDecodeError) as caught:
        read_json('{"a": 1,\n "b": tru}')
    assert (caught.value.lineno, caught.value.colno) == (2, 7)


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_what_means_nothing_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match="^" + why):
        read_json(text)


def api_says(text: str) -> Any:
    with pytest.raises(ParseError) as caught:
        StrictJSONParser().parse(BytesIO(text.encode()))
    return caught.value.detail


@pytest.mark.django_db
@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_the_api_and_the_forms_say_the_same(text: str, why: str) -> None:
    assert api_says(text) == f"The body is not JSON: {why}"
    for form in (
        MetadataForm({"metadata": text}),
        UploadForm({"metadata": text}, uploaded_by=ANYBODY),
    ):
        assert form.errors["metadata"] == [f"This is no JSON object: {why}"]

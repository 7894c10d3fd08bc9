"""Description, tags and metadata are changed where they are shown; nothing typed is lost."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from accounts.models import AuditEvent, User
from accounts.roles import Role
from artifacts.descriptions import MAX_DESCRIPTION_CHARACTERS, MAX_METADATA_BYTES
from artifacts.models import Version
from artifacts.services.versions import (
    describe_version,
    restore_version,
    soft_delete_version,
)
from tests.conftest import ANYBODY, MakeVersion
from tests.web.conftest import As
from tests.web.reading import PageElements, elements_of, read

URL = "/artifacts/model/model-a/v1"
META = f"{URL}/metadata"


def seen_at() -> str:
    """What the form says of when it was made."""
    return str(Version.objects.get().updated_at.isoformat())


def send(client: Client, what: str, text: str, status: int = 303, **more: str) -> Any:
    """Send the form; ``seen_at`` is now unless said otherwise."""
    url = META if what == "metadata" else URL
    answer = client.post(url, {"what": what, what: text, "seen_at": seen_at(), **more})
    assert answer.status_code == status, answer.content
    return answer


def typed(page: PageElements, answer: Any) -> str:
    """What stands in the form."""
    text: str = answer.content.decode().partition("<textarea")[2].partition(">")[2]
    assert "textarea" in [tag for tag, _ in page.tags]
    return text.partition("</textarea>")[0]


@pytest.mark.parametrize("what", ["description", "tags", "metadata"])
def test_the_form_stands_in_its_place_with_what_is_said(
    client: Client, make_version: MakeVersion, what: str
) -> None:
    make_version(description="Some <b>", tags=["one", "two"], metadata={"a": "é"})
    url = META if what == "metadata" else URL
    page = read(client, url, edit=what)
    assert [tag for tag, _ in page.tags].count("textarea") == 1
    said = {"description": "Some <b>", "tags": "one two", "metadata": '{ "a": "é" }'}
    assert said[what] in page.text
    assert seen_at() in page.values("input", "value")


def test_each_is_saved(client: Client, make_version: MakeVersion) -> None:
    make_version()
    answer = send(client, "description", "# Head\r\n\r\n **x** ")
    assert answer["Location"] == URL
    send(client, "tags", " one \r\n\r\ntwo, three\r\none")
    assert send(client, "metadata", '{"b": [1, 2.5e3, null]}')["Location"] == META
    version = Version.objects.get()
    assert version.description == "# Head\n\n **x** "
    assert version.tags == ["one", "two, three"]
    assert version.metadata == {"b": [1, 2500, None]}
    assert "Saved." in read(client, URL).text
    assert AuditEvent.objects.filter(action="version.describe").count() == 3


def test_each_is_emptied(client: Client, make_version: MakeVersion) -> None:
    make_version(description="x", tags=["x"], metadata={"x": 1})
    for what in ("description", "tags", "metadata"):
        send(client, what, "")
    version = Version.objects.get()
    assert (version.description, version.tags, version.metadata) == ("", [], {})


def test_saving_what_the_form_says_changes_nothing(
    client: Client, make_version: MakeVersion
) -> None:
    metadata = {"z": 1, "a": {"é": [1.5, "x\n\u2028", 10**30, True, None]}, "": ""}
    make_version(description=" a\n\nb \n", tags=["a b", "c,d"], metadata=metadata)
    stored = Version.objects.get()
    for what in ("description", "tags", "metadata"):
        answer = client.get(META if what == "metadata" else URL, {"edit": what})
        form = answer.context["editing"]
        send(client, what, form.initial[what])
    version = Version.objects.get()
    assert (version.description, version.tags) == (stored.description, stored.tags)
    assert version.metadata == stored.metadata


def send_as_browsers_do(client: Client) -> Any:
    """The metadata as the form has it, in the encoding that the form says."""
    answer = client.get(META, {"edit": "metadata"})
    (kind,) = elements_of(answer).values("form", "enctype") or ["application/x-www-form-urlencoded"]
    text = answer.context["editing"].initial["metadata"].replace("\n", "\r\n")
    sent = {"what": "metadata", "metadata": text, "seen_at": seen_at()}
    if kind != "multipart/form-data":
        return client.post(META, urlencode(sent), content_type=kind)
    return client.post(META, sent)


def nested(value: Any, levels: int) -> Any:
    """``value`` inside so many lists."""
    return nested([value], levels - 1) if levels else value


@pytest.mark.parametrize(
    "value",
    ["\u5b57" * 349_000, ["\u5b57"] * 170_000, nested([1] * 500_000, 50), "\U0001f600" * 260_000],
    ids=["text", "list", "deep", "emoji"],
)
def test_metadata_as_large_as_the_api_takes_may_be_edited(
    client: Client, make_version: MakeVersion, value: Any
) -> None:
    size_bytes = len(json.dumps({"a": value}, ensure_ascii=False, separators=(",", ":")).encode())
    assert 0.95 < size_bytes / MAX_METADATA_BYTES <= 1
    make_version(metadata={"a": value})
    assert send_as_browsers_do(client).status_code == 303
    assert Version.objects.get().metadata == {"a": value}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": 1,\n "b": tru}', "line 2, column 7"),
        ('{"a": 1,}', "line 1, column 9"),
        ("[1, 2]", "must be a JSON object"),
        ('"text"', "must be a JSON object"),
        ('{"a": NaN}', "NaN is not a JSON number"),
        ('{"a": 1, "a": 2}', "the key 'a' is there twice"),
        ('{"a": "\\u0000"}', "no NUL character"),
        ('{"a": "\\ud800"}', "no lone surrogate"),
        ('{"a": 1e999}', "the number 1e999 is too large"),
        ('{"a": ' + "[" * 100 + "]" * 100 + "}", "nested deeper than 64"),
        ('{"a": ' + "[" * 50_000 + "]" * 50_000 + "}", "nested too deeply"),
    ],
)
def test_wrong_metadata_says_where_and_comes_back_as_typed(
    client: Client, make_version: MakeVersion, text: str, says: str
) -> None:
    make_version(metadata={"old": 1})
    answer = send(client, "metadata", text, 400)
    page = elements_of(answer)
    assert says in page.text
    assert page.text.count(" ".join(text.split())[:40]) >= 1
    assert Version.objects.get().metadata == {"old": 1}


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("tags", "x" * 129),
        ("tags", "\n".join(str(n) for n in range(101))),
        ("description", "x" * 100_001),
        ("description", "a\0b"),
        ("metadata", '{"a": "' + "x" * (1 << 20) + '"}'),
    ],
)
def test_what_is_over_a_limit_is_refused_and_kept_in_the_form(
    client: Client, make_version: MakeVersion, what: str, text: str
) -> None:
    make_version()
    answer = send(client, what, text, 400)
    page = elements_of(answer)
    assert [attrs for _, attrs in page.tags if attrs.get("class") == "errorlist"]
    assert text[-20:].rsplit(maxsplit=1)[-1] in page.text


def test_a_preview_shows_the_markdown_and_saves_nothing(
    client: Client, make_version: MakeVersion
) -> None:
    make_version()
    answer = send(client, "description", "# New\n\n<script>1</script>", 200, preview="1")
    page = elements_of(answer)
    assert "h3" in [tag for tag, _ in page.tags]
    assert typed(page, answer).strip() == "# New\n\n&lt;script&gt;1&lt;/script&gt;"
    assert Version.objects.get().description == ""


def test_who_was_overtaken_sees_both_and_may_insist(as_role: As, make_version: MakeVersion) -> None:
    client = as_role(Role.CONTRIBUTOR)
    version = make_version(description="old", created_by=User.objects.get())
    before = seen_at()
    describe_version(
        version=version, changes={"description": "theirs"}, changed_by=User.objects.get()
    )
    answer = send(client, "description", "mine", 409, seen_at=before)
    page = elements_of(answer)
    assert "theirs" in page.text
    assert typed(page, answer).strip() == "mine"
    assert "described anew meanwhile" in page.text
    assert Version.objects.get().description == "theirs"
    (now,) = [value for value in page.values("input", "value") if value == seen_at()]
    send(client, "description", "mine", 303, seen_at=now)
    assert Version.objects.get().description == "mine"


def test_what_was_typed_survives_a_deletion(client: Client, make_version: MakeVersion) -> None:
    soft_delete_version(version=make_version(), deleted_by=ANYBODY)
    answer = send(client, "tags", "mine", 409)
    page = elements_of(answer)
    assert "restore it first" in page.text
    assert "What you wrote is still here." in page.text
    assert "What it says by now" not in page.text
    assert "Saving once more" not in page.text
    assert typed(page, answer).strip() == "mine"
    restore_version(version=Version.objects.get(), restored_by=ANYBODY)
    send(client, "tags", "mine", 303)
    assert Version.objects.get().tags == ["mine"]


@pytest.mark.parametrize("seen", ["", "nonsense", "\0", "2026-13-01T00:00:00+00:00"])
def test_a_form_that_says_not_when_it_was_made_writes_over_nothing(
    client: Client, make_version: MakeVersion, seen: str
) -> None:
    make_version(tags=["old"])
    page = elements_of(send(client, "tags", "x", 400, seen_at=seen))
    assert "seen_at" in page.text
    assert Version.objects.get().tags == ["old"]


@pytest.mark.parametrize("seen", ["2026-01-01T00:00:00", "2026-01-01"])
def test_a_time_without_its_zone_is_another(
    client: Client, make_version: MakeVersion, seen: str
) -> None:
    make_version(tags=["old"])
    send(client, "tags", "x", 409, seen_at=seen)
    assert Version.objects.get().tags == ["old"]


@pytest.mark.parametrize(
    ("url", "what"), [(URL, "metadata"), (META, "tags"), (URL, ""), (URL, "x")]
)
def test_only_what_stands_on_the_page_is_changed_there(
    client: Client, make_version: MakeVersion, url: str, what: str
) -> None:
    make_version()
    assert client.post(url, {"what": what, what: "x"}).status_code == 400


@pytest.mark.parametrize("edit", ["metadata", "created_by", "<b>"])
def test_no_form_for_anything_else(client: Client, make_version: MakeVersion, edit: str) -> None:
    make_version()
    assert "textarea" not in [tag for tag, _ in read(client, URL, edit=edit).tags]


def test_no_form_for_who_may_not(as_role: As, make_version: MakeVersion) -> None:
    owner = as_role(Role.CONTRIBUTOR, "owner")
    make_version(created_by=User.objects.get())
    assert "textarea" in [tag for tag, _ in read(owner, URL, edit="tags").tags]
    viewer = as_role(Role.VIEWER, "viewer")
    assert "textarea" not in [tag for tag, _ in read(viewer, URL, edit="tags").tags]
    assert "textarea" not in [tag for tag, _ in read(viewer, META, edit="metadata").tags]


def test_the_service_takes_a_time_that_holds(make_version: MakeVersion) -> None:
    version = make_version()
    for later in (timedelta(0), timedelta(seconds=1)):
        seen = version.updated_at + later
        if later:
            with pytest.raises(Exception, match="meanwhile"):
                describe_version(
                    version=version, changes={"tags": []}, changed_by=ANYBODY, seen_at=seen
                )
        else:
            version = describe_version(
                version=version, changes={"tags": ["x"]}, changed_by=ANYBODY, seen_at=seen
            )
    assert json.dumps(Version.objects.get().tags) == '["x"]'


def test_metadata_is_a_tree_with_paths_to_copy(client: Client, make_version: MakeVersion) -> None:
    make_version(metadata={"optimizer": {"lr": 0.1}, "classes": ["a", "b"]})
    page = read(client, META)
    assert {"optimizer", "optimizer.lr", "classes[1]"} <= set(page.values("button", "data-copy"))
    assert "/api/artifacts/model-a/v1?type=model&team=everyone" in page.values("a", "href")


def test_metadata_is_filtered_on_the_server(client: Client, make_version: MakeVersion) -> None:
    make_version(metadata={"optimizer": {"lr": 0.1}, "classes": ["a", "b"]})
    page = read(client, META, q="LR")
    assert "optimizer.lr" in page.values("button", "data-copy")
    assert "classes[1]" not in page.values("button", "data-copy")
    assert "Nothing in it is like this" in read(client, META, q="nowhere").text
    part = client.get(META, {"q": "lr"}, headers={"HX-Request": "true"})
    assert b"<html" not in part.content


def test_a_place_in_the_metadata_has_a_page(client: Client, make_version: MakeVersion) -> None:
    make_version(metadata={"a": {"b": list(range(3000))}})
    page = read(client, META)
    (more,) = [link for link in page.values("a", "href") if "from=" in link]
    number = more.rpartition("=")[2]
    assert f"a.b[{number}]" in read(client, META + more).values("button", "data-copy")
    assert "There is nothing in this place" in read(client, META, at="/none").text


def test_large_metadata_makes_no_large_page(client: Client, make_version: MakeVersion) -> None:
    rows = {f"key <{n}>": {"values": ["<&>"] * 20, "text": "&" * 500} for n in range(900)}
    make_version(metadata=rows)
    for query in ({}, {"q": "<"}, {"q": "&"}, {"at": "/key <1>"}):
        assert len(client.get(META, query).content) < 200_000, query
    assert len(client.get(URL).content) < 200_000


def test_a_line_end_counts_as_one_character(client: Client, make_version: MakeVersion) -> None:
    make_version()
    text = "ab\n" * (MAX_DESCRIPTION_CHARACTERS // 3)
    send(client, "description", text.replace("\n", "\r\n"))
    assert Version.objects.get().description == text

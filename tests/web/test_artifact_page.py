"""The page of an artifact: what it shows, to whom it offers what, and what it refuses."""

import re
import shlex
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.roles import Role
from artifacts.errors import StoreUnavailable
from artifacts.models import Blob, ProtectedAlias, Version
from artifacts.services import contents
from artifacts.services.aliases import move_alias, remove_alias
from artifacts.services.entries import READMES
from artifacts.services.purge import purge_version
from artifacts.services.versions import soft_delete_version
from tests.conftest import ANYBODY, MakeVersion
from tests.people import client_of, make_user

PAGE = "/artifacts/model/net"
HTMX = {"HX-Request": "true"}
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def shown(client: Any, path: str = PAGE) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content
    text: str = answer.content.decode()
    return text


def context(client: Any, path: str = PAGE) -> Any:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content
    return answer.context


@pytest.fixture
def net(make_version: MakeVersion) -> list[Version]:
    return [
        make_version("net", files={"a": b"x" * 10}, metadata={"accuracy": 0.5}, run_id="run-1"),
        make_version("net", files={"a": b"x" * 25}, metadata={"accuracy": 0.75, "notes": "good"}),
        make_version(
            "net",
            files={"a": b"y" * 20},
            metadata={"opt": {"lr": 0.125}, "layers": [1]},
            tags=["best"],
            aliases=["staging"],
        ),
    ]


def test_its_head_says_what_it_is(client: Client, net: list[Version]) -> None:
    html = shown(client)
    assert "<h1>net</h1>" in html
    assert 'href="/artifacts?tag=best"' in html
    assert '<a class="strong" href="/artifacts/model/net/v3">v3</a>' in html


def test_versions_have_their_sizes_and_changes(client: Client, net: list[Version]) -> None:
    rows = list(context(client)["page"])
    assert [row.number for row in rows] == [3, 2, 1]
    assert [row.size_change for row in rows] == [-5, 15, None]
    assert [row.physical_bytes for row in rows] == [20, 25, 10]
    assert [row.alias_names for row in rows] == [["latest", "staging"], [], []]
    assert 'href="/runs/run-1"' in shown(client)


def test_a_change_is_against_what_is_still_there(client: Client, net: list[Version]) -> None:
    purge_version(version=net[1], purged_by=ANYBODY)
    soft_delete_version(version=net[0], deleted_by=ANYBODY)
    rows = list(context(client)["page"])
    assert [(row.number, row.size_change) for row in rows] == [(3, 10), (1, None)]


def test_a_change_goes_on_from_page_to_page(client: Client, net: list[Version]) -> None:
    artifact = net[0].artifact
    Version.objects.bulk_create(
        Version(artifact=artifact, number=number, size_bytes=number * 100)
        for number in range(4, 61)
    )
    first, second = (list(context(client, f"{PAGE}?page={n}")["page"]) for n in (1, 2))
    assert (first[-1].number, first[-1].size_change) == (11, 100)
    assert [row.number for row in second] == list(range(10, 0, -1))


@pytest.mark.parametrize(
    "query", ["columns=accuracy,opt.lr,notes", "columns=accuracy&columns=opt.lr,notes"]
)
def test_metadata_are_columns(client: Client, net: list[Version], query: str) -> None:
    found = context(client, f"{PAGE}?{query}")
    values = [[value for _, value in row.values] for row in found["page"]]
    assert found["columns"] == ["accuracy", "opt.lr", "notes"]
    assert [path for path, _ in found["page"][0].values] == found["columns"]
    assert values == [[None, "0.125", None], ["0.75", None, "good"], ["0.5", None, None]]


def test_the_table_of_versions_has_the_lock_of_protected_aliases(
    client: Client, make_version: MakeVersion
) -> None:
    make_version("net", aliases=["prod", "free"])
    ProtectedAlias.objects.create(pattern="prod*")
    ProtectedAlias.objects.create(pattern="late*")
    (row,) = context(client)["page"]
    assert (row.alias_names, row.kept_names) == (["latest", "free", "prod"], {"prod"})
    rows = client.get(PAGE).content.decode().partition("<tbody>")[2].partition("</tbody>")[0]
    assert rows.count("chip alias protected") == 1
    assert rows.count("only maintainers move it") == 1
    assert client.get(PAGE, headers={"HX-Request": "true"}).content.decode().count("protected") == 1


def test_keys_that_occur_are_offered(client: Client, net: list[Version]) -> None:
    keys = [(key.path, key.is_number) for key in context(client)["keys"]]
    assert keys == [("accuracy", True), ("layers", False), ("notes", False), ("opt.lr", True)]


def test_long_keys_are_not_offered(client: Client, make_version: MakeVersion) -> None:
    for length in (49, 50):
        make_version("net", metadata={"a" * 50: {"b" * length: 1}, "c" * 2 * length: 1})
    make_version("net", metadata={"d" * 101: 1, "e" * 101: {"f": 1}, "": 1, "g.h": {"i": 1}})
    keys = [key.path for key in context(client)["keys"]]
    assert keys == [f"{'a' * 50}.{'b' * 49}", "c" * 98, "c" * 100]


def test_much_that_is_stored_small_is_not_looked_at(
    client: Client, make_version: MakeVersion
) -> None:
    make_version("net", metadata={"seen": 1})
    make_version("net", metadata={"unseen": "x" * 100_000})
    assert [key.path for key in context(client)["keys"]] == ["seen"]


def test_a_long_key_above_many_does_not_hold_the_page_up(
    client: Client, make_version: MakeVersion
) -> None:
    metadata = {"k" * 30_000: {str(number): 0 for number in range(3000)}}
    artifact = make_version("net").artifact
    Version.objects.bulk_create(
        Version(artifact=artifact, number=number, metadata=metadata) for number in range(2, 40)
    )
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '2s'")
    assert context(client)["keys"] == []


@pytest.mark.parametrize("query", ["columns=,,a..b,%00,.", "columns=" + "a." * 200, "columns=none"])
def test_columns_that_are_none_do_no_harm(client: Client, net: list[Version], query: str) -> None:
    assert client.get(f"{PAGE}?{query}").status_code == 200
    assert client.get(f"{PAGE}?{query.replace('columns', 'chart')}").status_code == 200


def test_long_metadata_are_cut(client: Client, make_version: MakeVersion) -> None:
    make_version("net", metadata={"text": "ab" * 1000, "list": list(range(1000)), "n": 10**60})
    row = next(iter(context(client, f"{PAGE}?columns=text,list,n")["page"]))
    assert all(len(value) <= 125 for value in row.values)


def test_a_number_is_drawn_over_versions(client: Client, net: list[Version]) -> None:
    html = shown(client, f"{PAGE}?chart=accuracy")
    assert '<title id="chart-title">accuracy over versions</title>' in html
    assert "2 versions; from 0.5 to 0.75." in html
    assert '<a href="/artifacts/model/net/v2"><circle' in html
    assert "style=" not in html
    assert "No version has a number in notes" in shown(client, f"{PAGE}?chart=notes")


def test_numbers_that_cannot_be_drawn_are_left_out(
    client: Client, make_version: MakeVersion
) -> None:
    for value in (10**309, -(10**305), 1e308, 1.0, True, "2", None, 10**3999):
        make_version("net", metadata={"x": value})
    chart = context(client, f"{PAGE}?chart=x")["chart"]
    assert [point.name for point in chart.points] == ["v4"]


def test_how_to_use_it_names_this_server(client: Client, net: list[Version]) -> None:
    python, shell, curl = (one.text for one in context(client)["snippets"])
    assert 'os.environ["RUNICORN_TRACKING_URI"] = "http://testserver"' in python
    assert 'use_artifact("model/net:latest")' in python
    assert "runicorn artifacts get model/net:latest" in shell
    assert "'http://testserver/api/artifacts/net/v3/archive?type=model&team=everyone'" in curl
    assert "Authorization" not in curl
    compile(python, "snippet", "exec")


def test_the_line_of_curl_fetches_the_archive(client: Client, make_version: MakeVersion) -> None:
    make_version("it's $HOME & é")
    curl = context(client, "/artifacts/model/it's $HOME & é")["snippets"][2].text
    *_, url = shlex.split(curl.replace("\\\n", " "))
    assert client.get(url.removeprefix("http://testserver")).status_code == 200
    assert """'it'"'"'s $HOME & é-v1.zip'""" in curl


@pytest.mark.usefixtures("team")
def test_a_teams_artifact_is_named_with_its_team(make_version: MakeVersion) -> None:
    owner = make_user("owner", Role.MAINTAINER, {"vision": Role.MAINTAINER})
    make_version("net", team="vision", created_by=owner)
    make_version("net", team="everyone", created_by=owner)
    client = client_of(owner)
    theirs = context(client, "/teams/vision/artifacts/model/net")["snippets"]
    ours = context(client)["snippets"]
    assert '"vision/model/net:latest"' in theirs[0].text
    assert '"everyone/model/net:latest"' in ours[0].text
    assert "Bearer $RUNICORN_API_KEY" in theirs[2].text
    other = client_of(make_user("other", Role.VIEWER))
    assert '"model/net:latest"' in context(other)["snippets"][0].text


def test_the_readme_of_the_latest_version_is_shown(
    client: Client, make_version: MakeVersion
) -> None:
    text = b"# Net\n\n**fine** [use](docs/use.md) ![p](https://x.example/p.png) <b>raw</b>"
    make_version("net", files={"README.md": text, "docs/use.md": b"how"})
    html = shown(client)
    assert "<strong>fine</strong>" in html
    link = re.search(r'<a href="([^"]+)" rel="nofollow noopener">use</a>', html)
    assert link is not None
    assert client.get(link[1].replace("&amp;", "&")).status_code == 200
    assert "&lt;b&gt;raw&lt;/b&gt;" in html
    assert 'src="https://x.example' not in html


def test_without_a_readme_the_description_is_shown(
    client: Client, make_version: MakeVersion
) -> None:
    make_version("net", description="*what* it is")
    assert "<em>what</em> it is" in shown(client)


def test_a_long_readme_is_cut_and_says_so(client: Client, make_version: MakeVersion) -> None:
    make_version("net", files={"README.md": b"word " * 50_000})
    html = shown(client)
    assert "There is more of it" in html
    assert len(html) < 100_000


def test_a_damaged_readme_spoils_no_page(
    client: Client, make_version: MakeVersion, store: Any
) -> None:
    version = make_version("net", files={"README.md": b"gone"})
    blob = version.entries.get().blob
    next(store.root.rglob(f"*{blob.sha256}*")).unlink()
    assert "This file is damaged" in shown(client)


def test_a_readme_known_to_be_damaged_is_not_shown(
    client: Client, make_version: MakeVersion
) -> None:
    version = make_version("net", files={"README.md": b"# Torn"})
    Blob.objects.update(damaged_at=version.created_at)
    html = shown(client)
    assert "This file is damaged" in html
    assert "Torn" not in html


def test_a_readme_on_a_disk_that_is_away_is_not_called_damaged(
    client: Client, make_version: MakeVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise StoreUnavailable("/mnt/secret/place is gone")

    make_version("net", files={"README.md": b"# Here"})
    monkeypatch.setattr(contents, "current_store", away)
    html = shown(client)
    assert "The disk of the store is away" in html
    assert "damaged" not in html
    assert "secret" not in html


@pytest.mark.parametrize("name", READMES)
def test_every_name_of_a_readme_is_known(
    client: Client, make_version: MakeVersion, name: str
) -> None:
    make_version("net", files={name: b"Read *me*"})
    assert "<em>me</em>" in shown(client)


def test_a_readme_that_is_no_text_is_shown_as_far_as_it_goes(
    client: Client, make_version: MakeVersion
) -> None:
    make_version("net", files={"README.md": b"\xff\xfe\x00 bytes <script>"})
    assert "&lt;script&gt;" in shown(client)


def test_moves_are_told(client: Client, net: list[Version]) -> None:
    artifact = net[0].artifact
    move_alias(
        artifact=artifact, name="staging", version=net[0], moved_by=ANYBODY, comment="too slow"
    )
    remove_alias(artifact=artifact, name="staging", removed_by=ANYBODY)
    moves = list(context(client)["moves"])
    told = [(move.from_number, move.to_number, move.comment) for move in moves]
    assert told == [(1, None, ""), (3, 1, "too slow"), (None, 3, "")]
    assert [move.can_roll_back for move in moves] == [True, False, False]
    assert "too slow" in shown(client)


def test_many_moves_have_pages(client: Client, net: list[Version]) -> None:
    for step in range(30):
        move_alias(artifact=net[0].artifact, name="x", version=net[step % 2], moved_by=ANYBODY)
    assert "1\N{EN DASH}12 of 31" in shown(client)
    assert "25\N{EN DASH}31 of 31" in shown(client, f"{PAGE}?moves=3")


def test_a_deleted_target_is_marked(client: Client, net: list[Version]) -> None:
    soft_delete_version(version=net[2], deleted_by=ANYBODY)
    found = context(client)
    assert [(alias.name, alias.expected) for alias in found["aliases"]] == [("staging", None)]
    assert found["latest"].number == 2


def test_nothing_ready_is_a_page_too(client: Client, net: list[Version]) -> None:
    for version in net:
        soft_delete_version(version=version, deleted_by=ANYBODY)
    html = shown(client)
    assert "Use it" not in html
    assert "deleted" in html


def test_hostile_text_is_text(client: Client, make_version: MakeVersion) -> None:
    version = make_version(
        "it's {{ name }} & co",
        files={"README.md": f"# {HOSTILE}\n[x](javascript:alert(1))".encode()},
        metadata={HOSTILE: HOSTILE, "n": 1, "</title><script>x": 2},
        tags=[HOSTILE],
        description=HOSTILE,
    )
    artifact = version.artifact
    move_alias(artifact=artifact, name="a", version=version, moved_by=ANYBODY, comment=HOSTILE)
    path = "/artifacts/model/it's {{ name }} & co"
    keys = [HOSTILE, "</title><script>x", "n"]
    for chart in keys:
        answer = client.get(path, {"columns": keys, "chart": chart})
        html = answer.content.decode()
        assert answer.status_code == 200
        assert "<script>alert" not in html
        assert "<script>x" not in html
        assert "<img src=x" not in html
        assert 'href="javascript' not in html
        assert "{{ name }} &amp; co" in html
    bad = client.post(f"{path}/aliases/move", {"name": HOSTILE, "version": HOSTILE, "is_new": "y"})
    assert bad.status_code == 400
    assert "<script>alert" not in bad.content.decode()


def test_a_page_costs_the_same_whatever_it_shows(
    client: Client, make_version: MakeVersion, django_assert_max_num_queries: Any
) -> None:
    make_version("net", aliases=["a"], files={"README.md": b"[a](a)"}, metadata={"n": 1})
    path = f"{PAGE}?columns=n&chart=n"
    with django_assert_max_num_queries(20) as few:
        shown(client, path)
    for step in range(6):
        make_version(
            "net", aliases=[f"a{step}", "b"], files={"README.md": b"[a](a)"}, metadata={"n": step}
        )
    with django_assert_max_num_queries(20) as many:
        shown(client, path)
    assert len(few) == len(many)


def test_a_part_is_the_versions_alone(client: Client, net: list[Version]) -> None:
    html = client.get(f"{PAGE}?page=1", headers=HTMX).content.decode()
    assert "v3" in html
    assert "<h1>" not in html


@pytest.mark.usefixtures("team")
def test_whom_it_is_shown_to(make_version: MakeVersion, client: Client) -> None:
    owner = make_user("owner", None, {"vision": Role.MAINTAINER})
    make_version("net", team="vision", created_by=owner)
    path = "/teams/vision/artifacts/model/net"
    stranger = client_of(make_user("stranger", Role.VIEWER))
    assert client_of(owner).get(path).status_code == 200
    assert stranger.get(path).status_code == 404
    assert client.get(path)["Location"] == f"/login?next={path}"

"""``/artifacts/{type}/{name}/v3``: what a version is, and what may be done with it."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.roles import Role
from artifacts.models import Artifact, Blob, ProtectedAlias, Version
from artifacts.services.purge import purge_version
from artifacts.services.versions import soft_delete_version
from artifacts.storage.manifest import ManifestReference
from tests.conftest import ANYBODY, MakeVersion
from tests.people import make_user
from tests.web.conftest import As
from tests.web.reading import read

URL = "/artifacts/model/model-a/v1"
TABS = ["", "/files", "/files/a.bin", "/metadata", "/usage", "/lineage"]


def test_the_page_says_what_the_version_is(client: Client, make_version: MakeVersion) -> None:
    version = make_version(
        description="# What\n\nA **fine** model, see [a](a.bin) and [b](b.bin)",
        tags=["vision", "a b"],
        metadata={"accuracy": 0.5, "is_best": True, "epochs": 1, "deep": {"x": 1}, "why": None},
        aliases=["production"],
        run_id="run-1",
        references=(ManifestReference("https://example.org/x", "md5:1", 1536, "x", {}),),
    )
    page = read(client, URL)
    for text in ("model-a", "v1", "ready", "latest", "production", "What", "fine", "run-1"):
        assert text in page.text
    for text in ("0.5", "true", "null", "All of 5 keys", "1.5 KiB", "md5:1", "12 B"):
        assert text in page.text
    assert f"sha256:{version.manifest_sha256}" in page.values("button", "data-copy")
    links = page.values("a", "href")
    assert "/artifacts/model/model-a/v1/files/a.bin" in links
    assert "/artifacts?tag=a%20b" in links
    assert "https://example.org/x" in links
    assert "b.bin" not in " ".join(links)


def test_the_ways_to_get_it_name_this_very_version(
    client: Client, make_version: MakeVersion
) -> None:
    make_version()
    page = read(client, URL)
    assert 'run.use_artifact("model/model-a:v1").download()' in page.text
    assert "runicorn artifacts get model/model-a:v1" in page.text
    assert "/api/artifacts/model-a/v1/archive?type=model&team=everyone" in page.text


def test_in_team_mode_they_say_who_asks(as_role: As, make_version: MakeVersion) -> None:
    make_version(created_by=make_user("owner", Role.ADMIN))
    page = read(as_role(Role.VIEWER), URL)
    assert '--header "Authorization: Bearer $RUNICORN_API_KEY"' in page.text


def test_where_a_team_has_the_same_name_everyones_is_named_in_full(
    as_role: As, make_version: MakeVersion
) -> None:
    client = as_role(Role.CONTRIBUTOR, vision=Role.CONTRIBUTOR)
    ada = User.objects.get()
    make_version(created_by=ada, team="everyone")
    make_version(created_by=ada, team="vision")
    assert "get everyone/model/model-a:v1" in read(client, URL).text
    assert "get vision/model/model-a:v1" in read(client, f"/teams/vision{URL}").text


@pytest.mark.parametrize("tab", TABS)
def test_an_alias_leads_to_the_same_tab_of_its_version(
    client: Client, make_version: MakeVersion, tab: str
) -> None:
    make_version(aliases=["prod"])
    for alias in ("prod", "latest"):
        answer = client.get(f"/artifacts/model/model-a/{alias}{tab}")
        assert (answer.status_code, answer["Location"]) == (302, f"{URL}{tab}")
    assert client.get(f"/artifacts/model/model-a/none{tab}").status_code == 404


def test_the_query_goes_along_with_an_alias(client: Client, make_version: MakeVersion) -> None:
    make_version()
    answer = client.get("/artifacts/model/model-a/latest/files?q=%2Fa&page=2")
    assert answer["Location"] == f"{URL}/files?q=%2Fa&page=2"


@pytest.mark.parametrize("tab", TABS)
def test_a_stranger_finds_nothing(as_role: As, make_version: MakeVersion, tab: str) -> None:
    owner = make_user("owner", None, {"vision": Role.MAINTAINER})
    make_version(team="vision", created_by=owner)
    url = f"/teams/vision{URL}{tab}"
    assert as_role(None, "owner").get(url).status_code == 200
    stranger = as_role(Role.MAINTAINER, "bob")
    there, absent = stranger.get(url), stranger.get(url.replace("vision", "absent"))
    assert (there.status_code, absent.status_code) == (404, 404)
    for one in ("/delete", "/restore", "/metadata", ""):
        assert stranger.post(f"/teams/vision{URL}{one}", {"what": "tags"}).status_code == 404


@pytest.mark.parametrize("tab", TABS)
def test_without_a_login_one_is_asked_for(
    client: Client, team: None, make_version: MakeVersion, tab: str
) -> None:
    make_version(created_by=make_user("owner", Role.ADMIN))
    answer = client.get(f"{URL}{tab}")
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/login")


def actions(client: Client) -> set[str]:
    """What the page offers to do."""
    page = read(client, URL)
    edits = [link.rpartition("=")[2] for link in page.values("a", "href") if "edit=" in link]
    return {form.rpartition("/")[2] for form in page.values("form", "action") if URL in form} | set(
        edits
    )


def test_everybody_is_offered_what_he_may_do(as_role: As, make_version: MakeVersion) -> None:
    owner = make_user("owner", Role.CONTRIBUTOR)
    make_version(created_by=owner)
    assert actions(as_role(Role.VIEWER, "viewer")) == set()
    assert actions(as_role(Role.CONTRIBUTOR, "other")) == {"description", "tags"}
    assert actions(as_role(Role.CONTRIBUTOR, "owner")) == {"description", "tags", "delete"}
    assert actions(as_role(Role.MAINTAINER, "keeper")) == {"description", "tags", "delete"}
    soft_delete_version(version=Version.objects.get(), deleted_by=owner)
    assert actions(as_role(Role.CONTRIBUTOR, "owner")) == set()
    assert actions(as_role(Role.MAINTAINER, "keeper")) == {"restore"}


def test_what_is_not_offered_is_refused(as_role: As, make_version: MakeVersion) -> None:
    make_version(created_by=make_user("owner", Role.CONTRIBUTOR))
    viewer, other = as_role(Role.VIEWER, "viewer"), as_role(Role.CONTRIBUTOR, "other")
    for url, data in (
        (f"{URL}/delete", {}),
        (f"{URL}/restore", {}),
        (URL, {"what": "tags", "tags": "x"}),
        (URL, {"what": "description", "description": "x"}),
        (URL, {"what": "description", "description": "x", "preview": "1"}),
        (f"{URL}/metadata", {"what": "metadata", "metadata": "not json"}),
    ):
        assert viewer.post(url, data).status_code == 403, url
    assert other.post(f"{URL}/delete").status_code == 403
    assert other.post(f"{URL}/restore").status_code == 403
    version = Version.objects.get()
    assert (version.status, version.tags, version.description) == ("ready", [], "")


def test_forms_want_their_csrf_token(make_version: MakeVersion) -> None:
    make_version()
    client = Client(enforce_csrf_checks=True)
    for url in (URL, f"{URL}/delete", f"{URL}/restore", f"{URL}/metadata"):
        assert client.post(url, {"what": "tags", "tags": "x"}).status_code == 403


def test_deleted_and_restored_from_the_page(as_role: As, make_version: MakeVersion) -> None:
    keeper = as_role(Role.MAINTAINER, "keeper")
    make_version(created_by=User.objects.get(), aliases=["prod"])
    answer = keeper.post(f"{URL}/delete")
    assert (answer.status_code, answer["Location"]) == (303, URL)
    page = read(keeper, URL)
    assert "Deleted by keeper" in page.text
    assert "prod" in page.text
    assert "Use it" not in page.text
    assert keeper.post(f"{URL}/restore").status_code == 303
    assert Version.objects.get().status == "ready"
    assert "Restored" in read(keeper, URL).text


def test_deleting_and_restoring_are_posts_alone(client: Client, make_version: MakeVersion) -> None:
    make_version()
    assert client.get(f"{URL}/delete").status_code == 405
    assert client.get(f"{URL}/restore").status_code == 405
    assert Version.objects.get().status == "ready"


def test_a_protected_alias_keeps_its_version(client: Client, make_version: MakeVersion) -> None:
    ProtectedAlias.objects.create(pattern="release-*")
    make_version(aliases=["release-1", "other"])
    page = read(client, URL)
    locked = [attrs for tag, attrs in page.tags if "protected" in attrs.get("class", "").split()]
    assert len(locked) == 1
    assert "while the protected alias release-1 points at it" in page.text
    assert f"{URL}/delete" not in page.values("form", "action")
    assert client.post(f"{URL}/delete").status_code == 409


@pytest.mark.parametrize("tab", TABS)
def test_of_a_deleted_version_all_but_its_content_can_be_read(
    client: Client, make_version: MakeVersion, tab: str
) -> None:
    soft_delete_version(version=make_version(), deleted_by=ANYBODY)
    page = read(client, f"{URL}{tab}", 410 if tab.startswith("/files") else 200)
    assert "Deleted" in page.text
    assert f"{URL}/restore" in page.values("form", "action")
    links = " ".join(page.values("a", "href"))
    assert "/archive" not in links
    assert "/v1/files/" not in links


def test_a_damaged_version_names_the_files_and_the_remedy(
    client: Client, make_version: MakeVersion
) -> None:
    version = make_version(files={f"f{n:02}": b"%d" % n for n in range(14)})
    Blob.objects.filter(entries__path__lt="f12").update(damaged_at=version.created_at)
    Version.objects.update(corrupted_at=version.created_at)
    page = read(client, URL)
    assert "The content of 12 files is damaged" in page.text
    assert "f00" in page.text
    assert "f09" in page.text
    assert "f10" not in page.text
    assert "log the same files once more" in page.text
    assert "corrupted" in page.text


def test_a_purged_version_is_gone(client: Client, make_version: MakeVersion) -> None:
    make_version()
    version = make_version(files={"b": b"2"})
    Version.objects.filter(pk=version.pk).update(
        purged_at=version.created_at, description="", manifest_sha256="", size_bytes=0, num_files=0
    )
    assert client.get("/artifacts/model/model-a/v2").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_purged_version_leaves_its_neighbours(client: Client, make_version: MakeVersion) -> None:
    make_version()
    purge_version(version=make_version(files={"b": b"2"}), purged_by=ANYBODY)
    assert client.get("/artifacts/model/model-a/v2").status_code == 404
    assert "latest" in read(client, URL).text


@pytest.mark.parametrize("text", ["v0", "v01", "v9", f"v{10**20}", "v", "1", "v1v", "\0", "v1\0"])
def test_no_such_version_is_404(client: Client, make_version: MakeVersion, text: str) -> None:
    make_version()
    assert client.get(f"/artifacts/model/model-a/{text}").status_code == 404


def test_many_references_are_paged(client: Client, make_version: MakeVersion) -> None:
    many = tuple(ManifestReference(f"s3://bucket/{n:02}", None, None, None, {}) for n in range(25))
    make_version(files={}, references=many)
    first, second = read(client, URL), read(client, URL, page=2)
    assert ("s3://bucket/19" in first.text, "s3://bucket/20" in first.text) == (True, False)
    assert ("s3://bucket/19" in second.text, "s3://bucket/20" in second.text) == (False, True)
    assert "curl" not in first.text
    assert "no files, only references" in read(client, f"{URL}/files").text


def test_the_queries_do_not_grow_with_what_there_is(
    client: Client, make_version: MakeVersion, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def num_queries(url: str) -> int:
        with django_assert_num_queries(100, exact=False) as captured:
            assert client.get(url).status_code == 200
        return len(captured)

    small = make_version("small", aliases=["a"], tags=["x"], metadata={"a": 1})
    large = make_version(
        "large",
        files={f"d{n}/f{n}": b"%d" % n for n in range(40)},
        aliases=[f"alias-{n}" for n in range(20)],
        tags=[f"tag-{n}" for n in range(50)],
        metadata={f"k{n}": list(range(20)) for n in range(40)},
    )
    for one in (small, large):
        Artifact.objects.filter(pk=one.artifact_id).update(updated_at=one.created_at)
    for tab in ("", "/files", "/metadata", "/usage"):
        few, many = (num_queries(f"/artifacts/model/{n}/v1{tab}") for n in ("small", "large"))
        assert few == many, tab


def test_the_tabs_say_which_is_open(client: Client, make_version: MakeVersion) -> None:
    make_version()
    for tab in ("", "/files", "/metadata", "/usage", "/lineage"):
        tags = read(client, f"{URL}{tab}").tags
        current = [attrs["href"] for _, attrs in tags if attrs.get("aria-current") == "page"]
        assert f"{URL}{tab}" in current


def test_the_way_to_the_comparison_with_the_version_before(
    client: Client, make_version: MakeVersion
) -> None:
    versions = [make_version(files={"a": b"%d" % n}) for n in range(4)]
    soft_delete_version(version=versions[2], deleted_by=ANYBODY)

    def ways(number: int) -> list[str]:
        page = read(client, f"/artifacts/model/model-a/v{number}")
        return [link for link in page.values("a", "href") if "..." in link]

    (way,) = ways(4)
    assert way == "/artifacts/model/model-a/compare/v2...v4"
    read(client, way)
    assert (ways(3), ways(1)) == ([], [])


def test_the_comparison_of_a_teams_versions_is_its_own(
    as_role: As, make_version: MakeVersion
) -> None:
    client = as_role(None, vision=Role.MAINTAINER)
    for content in (b"1", b"2"):
        make_version(files={"a": content}, team="vision", created_by=User.objects.get())
    page = read(client, "/teams/vision/artifacts/model/model-a/v2")
    assert "/teams/vision/artifacts/model/model-a/compare/v1...v2" in page.values("a", "href")

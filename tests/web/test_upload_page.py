"""The page that uploads: who gets it, what it is told, and the check of what its form says."""

import re
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client

from accounts.errors import DomainError
from accounts.models import Team
from accounts.roles import Role
from artifacts.models import Alias, Artifact, ProtectedAlias
from artifacts.services.teams import owners_open_to
from tests.conftest import ANYBODY, MakeVersion, sha256_of
from tests.people import client_of, make_user

pytestmark = pytest.mark.usefixtures("store")

VENDORED = django_settings.BASE_DIR / "runicorn_site/static/vendor/noble-hashes"
SCRIPTS = sorted((django_settings.BASE_DIR / "runicorn_site/static/runicorn/upload").glob("*.js"))
GOOD = {"type": "model", "team": "everyone", "name": "resnet"}


@pytest.fixture
def html() -> Client:
    """A browser of somebody in open mode."""
    return Client(headers={"accept": "text/html"})


def text_of(answer: Any) -> str:
    return answer.content.decode()


def check(client: Any, **said: str) -> Any:
    return client.post("/upload/check", {**GOOD, **said})


def wrong(client: Any, **said: str) -> dict[str, list[str]]:
    """The errors by field."""
    answer = check(client, **said)
    assert answer.status_code == 400, answer.content
    errors: dict[str, list[str]] = answer.json()["errors"]
    return errors


def chosen(page: str, field: str) -> list[str]:
    """The option that is chosen in a select."""
    (select,) = re.findall(rf'<select name="{field}".*?</select>', page, re.S)
    return re.findall(r'<option value="([^"]*)" selected', select)


# The page


def test_the_page_has_the_form_the_limits_and_its_script(html: Client, settings: Any) -> None:
    settings.RUNICORN_MAX_FILE_BYTES, settings.RUNICORN_MAX_VERSION_FILES = 5 << 30, 1234
    page = text_of(html.get("/upload"))
    assert 'data-max-file-bytes="5368709120"' in page
    assert 'data-max-files="1234"' in page
    assert "Each has at most 5.0 GiB." in page
    assert 'type="module" src="/static/runicorn/upload/page.js"' in page
    assert 'aria-current="page">Upload' in page


def test_without_a_limit_none_is_told(html: Client) -> None:
    page = text_of(html.get("/upload"))
    assert 'data-max-file-bytes=""' in page
    assert "Each has at most" not in page


def test_without_script_it_says_what_else_there_is(html: Client) -> None:
    page = text_of(html.get("/upload"))
    (said,) = re.findall(r"<noscript>(.*?)</noscript>", page, re.S)
    assert "needs JavaScript" in said
    assert "http://testserver" in said
    assert "runicorn artifacts put model/my-model folder" in said


def test_the_query_fills_it_in(html: Client) -> None:
    Team.objects.create(name="vision")
    page = text_of(html.get("/upload?type=dataset&name=cats&team=vision"))
    assert chosen(page, "type") == ["dataset"]
    assert chosen(page, "team") == ["vision"]
    assert re.search(r'<input type="text" name="name" value="cats"', page)
    assert re.search(r'name="project" value="manual"', page)


@pytest.mark.parametrize(
    "query", ["", "?team=", "?team=unknown&type=nothing", "?team=%00&name=%00"]
)
def test_a_query_that_says_nothing_is_no_harm(html: Client, query: str) -> None:
    page = html.get(f"/upload{query}")
    assert page.status_code == 200
    assert chosen(text_of(page), "team") == ["everyone"]


def test_hostile_text_in_the_query_stays_text(html: Client) -> None:
    page = text_of(html.get("/upload", {"name": '"><script>alert(1)</script>', "project": "<b>"}))
    assert "<script>alert" not in page
    assert "<b>" not in page


def test_it_asks_the_same_few_things_for_many_teams(
    html: Client, django_assert_max_num_queries: Any
) -> None:
    Team.objects.bulk_create(Team(name=f"t{number}") for number in range(50))
    with django_assert_max_num_queries(2):
        html.get("/upload")


# Who


def test_a_stranger_is_sent_to_the_login(html: Client, team: None) -> None:
    assert html.get("/upload?name=a")["Location"] == "/login?next=/upload%3Fname%3Da"
    answer = check(html)
    assert (answer.status_code, answer["Location"][:6]) == (302, "/login")


def test_a_viewer_reads_why_not_and_is_refused(team: None) -> None:
    client = client_of(make_user("ada", Role.VIEWER))
    page = client.get("/upload", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert "Yours is viewer" in text_of(page)
    assert 'id="upload"' not in text_of(page)
    assert "page.js" not in text_of(page)
    assert check(client).status_code == 403


def test_somebody_without_a_role_gets_nothing(team: None) -> None:
    make_user("boss", Role.ADMIN)
    assert client_of(make_user("ada")).get("/upload").status_code == 403


def test_the_owners_are_those_one_may_log_for(team: None) -> None:
    """A viewer everywhere who contributes to one team and reads another."""
    ada = make_user("ada", Role.VIEWER, {"vision": Role.CONTRIBUTOR, "audio": Role.VIEWER})
    Team.objects.create(name="others")
    assert owners_open_to(ada) == ["vision"]
    page = text_of(client_of(ada).get("/upload?team=audio"))
    assert chosen(page, "team") == ["vision"]
    assert "others" not in page
    assert 'value="audio"' not in page


def test_a_contributor_may_log_for_everyone_and_in_his_teams(team: None) -> None:
    ada = make_user("ada", Role.CONTRIBUTOR, {"vision": Role.VIEWER})
    assert owners_open_to(ada) == ["everyone", "vision"]


def test_admins_and_anybody_in_open_mode_may_log_for_all(settings: Any) -> None:
    Team.objects.create(name="vision")
    assert owners_open_to(ANYBODY) == ["everyone", "vision"]
    settings.RUNICORN_ACCESS = "team"
    assert owners_open_to(make_user("boss", Role.ADMIN)) == ["everyone", "vision"]
    assert owners_open_to(ANYBODY) == []


def test_another_team_is_the_same_as_none(team: None) -> None:
    """Whether a team that is not the caller's exists does not show."""
    Team.objects.create(name="others")
    client = client_of(make_user("ada", Role.CONTRIBUTOR))
    hidden, absent = wrong(client, team="others"), wrong(client, team="absent")
    assert str(hidden).replace("others", "") == str(absent).replace("absent", "")


def test_the_check_wants_the_token_of_the_page() -> None:
    client = Client(enforce_csrf_checks=True)
    page = text_of(client.get("/upload"))
    assert check(client).status_code == 403
    (token,) = re.findall(r'"X-CSRFToken": "(\w+)"', page)
    answer = client.post("/upload/check", GOOD, headers={"x-csrftoken": token})
    assert answer.status_code == 200


# The check


def test_the_check_says_what_to_commit(html: Client) -> None:
    said = {
        "aliases": "staging, best best", "tags": "two words, , b, b", "description": " as is\n",
        "metadata": '{"n": 12345678901234567890, "a": 1.0}',
    }  # fmt: skip
    assert check(html, **said).json() == {
        "name": "resnet",
        "fields": {
            "type": "model", "team": "everyone", "tags": ["two words", "b"],
            "description": " as is\n", "aliases": ["staging", "best"], "comment": "",
        },
        "metadata": '{"n": 12345678901234567890, "a": 1.0}',
        "project": "manual",
        "url": "/artifacts/model/resnet",
    }  # fmt: skip


def test_a_comment_goes_with_the_aliases(html: Client) -> None:
    fields = check(html, aliases="staging", comment=" better ").json()["fields"]
    assert (fields["comment"], fields["aliases"]) == ("better", ["staging"])


def test_the_page_of_a_teams_artifact_is_the_teams(html: Client) -> None:
    Team.objects.create(name="vision")
    plan = check(html, team="vision", project="p").json()
    assert (plan["url"], plan["project"]) == ("/teams/vision/artifacts/model/resnet", "p")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", "nothing"), ("team", "nobody"), ("name", ""), ("name", "a/b"), ("name", "stats"),
        ("name", "x" * 129), ("name", ".hidden"), ("aliases", "v3"), ("aliases", "a b/c"),
        ("aliases", ",".join(f"a{n}" for n in range(101))), ("comment", "\x07"),
        ("comment", "nothing moves"), ("comment", "x" * 2001), ("tags", "x" * 129),
        ("tags", ",".join(f"t{n}" for n in range(101))), ("description", "x" * 100_001),
        ("metadata", "{"), ("metadata", "[1]"), ("metadata", '{"a": NaN}'),
        ("metadata", '{"a": 1e999}'), ("metadata", '{"a": 1, "a": 2}'),
        ("metadata", "[" * 100_000), ("metadata", '{"a": "\\u0000"}'), ("project", "x" * 256),
        ("project", "a\nb"),
    ],
)  # fmt: skip
def test_what_the_commit_would_refuse_is_said_at_its_field(
    html: Client, field: str, value: str
) -> None:
    assert list(wrong(html, **{field: value})) == [field]


def test_latest_is_no_mistake_and_no_alias(html: Client) -> None:
    assert check(html, aliases="latest").json()["fields"]["aliases"] == []


def test_errors_are_in_the_language_of_the_reader(html: Client) -> None:
    answer = html.post(
        "/upload/check", {**GOOD, "name": ""}, headers={"accept-language": "zh-hans"}
    )
    assert re.search("[一-鿿]", answer.json()["errors"]["name"][0])


def test_a_protected_alias_is_refused_before_anything_is_sent(
    team: None, make_version: MakeVersion
) -> None:
    boss = make_user("boss", Role.ADMIN)
    make_version("resnet", created_by=boss, aliases=["mine"])
    Alias.objects.update(is_protected=True)
    ProtectedAlias.objects.create(pattern="prod*", needs_comment=True)
    ada = client_of(make_user("ada", Role.CONTRIBUTOR))
    assert list(wrong(ada, aliases="mine")) == ["aliases"]
    assert list(wrong(ada, aliases="prod-1", comment="why")) == ["aliases"]
    assert list(wrong(client_of(boss), aliases="prod-1")) == ["comment"]
    assert check(client_of(boss), aliases="prod-1 mine", comment="why").status_code == 200


def test_the_check_makes_nothing(html: Client) -> None:
    check(html)
    assert not Artifact.objects.exists()


def test_the_check_takes_a_post_alone(html: Client) -> None:
    assert html.get("/upload/check").status_code == 405


# The scripts


def test_the_vendored_files_are_what_their_readme_says() -> None:
    said = dict(re.findall(r"^([0-9a-f]{64})  (\S+)$", (VENDORED / "README.md").read_text(), re.M))
    found = {sha256_of(path.read_bytes()): path.name for path in VENDORED.glob("*.js")}
    assert said == found
    assert len(found) == 4


def codes(kind: type[DomainError]) -> set[str]:
    """What errors of this kind are called in the API."""
    return {kind.code}.union(*(codes(one) for one in kind.__subclasses__()))


def test_every_text_of_the_scripts_stands_in_the_page(html: Client) -> None:
    page = text_of(html.get("/upload"))
    texts = set(re.findall(r'data-text="([\w-]+)"', page))
    source = "\n".join(path.read_text() for path in SCRIPTS)
    asked = set(re.findall(r'(?:say|begin)\("([\w-]+)"', source))
    named = set(re.findall(r'"([a-z-]+)"', source)) | {
        f"code-{code}" for code in codes(DomainError)
    }
    assert asked <= texts
    assert texts <= named, "a text that nothing says"


def test_every_field_has_a_place_for_its_error(html: Client) -> None:
    page = text_of(html.get("/upload"))
    fields = set(re.findall(r'name="(\w+)"[^>]*aria-describedby', page))
    assert fields == set(re.findall(r'data-error-of="(\w+)"', page))
    assert len(fields) == 9


def test_the_vendored_digest_is_imported_by_the_worker_alone() -> None:
    """Where it would hash in the page, the page would stand still."""
    users = [path.name for path in SCRIPTS if "vendor/noble-hashes" in path.read_text()]
    assert users == ["hash_worker.js"]


def test_the_scripts_load_from_where_the_page_says(html: Client) -> None:
    for path in [*SCRIPTS, *VENDORED.glob("*.js")]:
        for wanted in re.findall(r'from "(\.[^"]+)"', path.read_text()):
            assert (path.parent / wanted).resolve().is_file(), (path.name, wanted)


def test_a_viewer_reads_his_role_in_his_language(team: None) -> None:
    client = client_of(make_user("ada", Role.VIEWER))
    page = text_of(client.get("/upload", headers={"accept-language": "zh-hans"}))
    assert "查看者" in page
    assert "viewer" not in page

"""``/artifacts/{type}/{name}/v{n}/lineage``: the page of a version's lineage."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client

from accounts.models import Team
from accounts.roles import Role
from artifacts.models import Alias, Artifact, Version
from artifacts.services.purge import purge_version
from artifacts.services.versions import soft_delete_version
from lineage.models import Run, RunInput
from lineage.services import use_version
from tests.conftest import ANYBODY, MakeVersion
from tests.lineage.conftest import MakeRun, Tell
from tests.people import make_user

PAGE = "/artifacts/model/m/v1/lineage"
HTMX = {"HX-Request": "true"}


class Elements(HTMLParser):
    """Every start tag of a page, with its attributes, and the text of each kind of element."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self.open and data.strip():
            self.texts.append((self.open[-1], " ".join(data.split())))

    def with_class(self, *names: str) -> list[dict[str, str]]:
        """The attributes of the elements that have all these classes."""
        return [one for _, one in self.tags if set(names) <= set(one.get("class", "").split())]

    def within(self, tag: str) -> list[str]:
        """The texts that stand in such elements."""
        return [text for name, text in self.texts if name == tag]


def read(client: Client, url: str = PAGE, **headers: str) -> Elements:
    answer = client.get(url, headers=headers)
    assert answer.status_code == 200, answer.content
    return Elements(answer.content.decode())


def test_the_list_counts_steps_from_version_to_version_as_the_impact_does(
    client: Client, tell: Tell
) -> None:
    tell("dataset/b:v1 > r0 > dataset/a:v1 > r1 > m:v1 > r2 > c:v1 > r3 > d:v1")
    context = client.get(PAGE).context
    listed = {
        way: [(step, one.node.node_id) for step, one in steps]
        for way, steps in context["sections"].items()
    }
    assert listed["upstream"] == [(1, "r1"), (1, "a:v1"), (2, "r0"), (2, "b:v1")]
    assert listed["downstream"] == [(1, "r2"), (1, "c:v1"), (2, "r3"), (2, "d:v1")]
    assert [(one.depth, one.name) for one in context["impact"].items] == [(1, "c"), (2, "d")]
    nearest = client.get(f"{PAGE}?depth=1").context["sections"]
    assert [[step for step, _ in nearest[way]] for way in nearest] == [[1, 1], [1, 1]]


def test_the_graph_has_every_node_and_edge(client: Client, tell: Tell) -> None:
    tell("dataset/a:v1 > r1 > m:v1 > r2 > b:v1")
    page = read(client)
    assert [one["href"] for one in page.with_class("node", "artifact")] == [
        PAGE, "/artifacts/dataset/a/v1/lineage", "/artifacts/model/b/v1/lineage",
    ]  # fmt: skip
    assert [one["href"] for one in page.with_class("node", "run")] == ["/runs/r1", "/runs/r2"]
    assert len(page.with_class("edge", "uses")) == 2 + 1  # the legend has one too
    assert len(page.with_class("edge", "produces")) == 2 + 1
    assert [one["href"] for one in page.with_class("node", "root")] == [PAGE]
    assert "model m v1, this version (latest)" in page.within("title")


def test_the_list_says_the_same(client: Client, tell: Tell) -> None:
    tell("dataset/a:v1 > r1 > m:v1 > r2 > b:v1")
    page = client.get(PAGE).content.decode()
    listed = page[page.index('class="lineage-list"') :]
    before, after = listed.split("Used for</h2>")
    assert "/artifacts/dataset/a/v1/lineage" in before
    assert "/runs/r1" in before
    assert "/artifacts/model/b/v1/lineage" in after
    assert "/runs/r2" in after


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"a", "b"}),
        ("?direction=both", {"a", "b"}),
        ("?direction=upstream", {"a"}),
        ("?direction=downstream", {"b"}),
        ("?direction=sideways", {"a", "b"}),
    ],
)
def test_the_direction_is_in_the_url(
    client: Client, tell: Tell, query: str, names: set[str]
) -> None:
    tell("a:v1 > r1 > m:v1 > r2 > b:v1")
    shown = {
        one["href"].split("/")[3]
        for one in read(client, PAGE + query).with_class("artifact", "node")
    }
    assert shown == names | {"m"}


@pytest.mark.parametrize(
    ("depth", "count"),
    [
        ("1", 2),
        ("3", 4),
        ("10", 11),
        ("99", 11),
        ("0", 2),
        ("x", 4),
        ("-1", 4),
        ("²", 4),
        ("1e9", 4),
    ],
)
def test_the_depth_is_in_the_url_and_within_its_bounds(
    client: Client, tell: Tell, depth: str, count: int
) -> None:
    tell(" > ".join(word for n in range(12) for word in (f"m:v{n + 1}", f"r{n}")))
    page = read(client, f"{PAGE}?depth={depth}")
    assert len(page.with_class("node", "artifact")) == count


def test_a_link_to_another_lineage_keeps_depth_and_direction(client: Client, tell: Tell) -> None:
    tell("m:v1 > r1 > b:v1")
    query = "?depth=5&direction=downstream"
    page = read(client, PAGE + query)
    links = [one["href"] for one in page.with_class("node", "artifact")]
    assert links[1] == f"/artifacts/model/b/v1/lineage{query}"


def test_many_siblings_fold_and_unfold(client: Client, tell: Tell) -> None:
    tell(*(f"m:v1 > r > b:v{n}" for n in range(1, 13)))
    page = read(client)
    assert len(page.with_class("node", "artifact")) == 1 + 4
    (more,) = page.with_class("node", "more")
    assert more["href"] == "?expand=%3Er+model%2Fb#lineage"
    assert "+8 more" in page.within("text")
    unfolded = read(client, PAGE + more["href"].partition("#")[0])
    assert len(unfolded.with_class("node", "artifact")) == 13
    assert {"type": "hidden", "name": "expand", "value": ">r model/b"} in [
        one for _, one in unfolded.tags
    ]
    assert "Fold again" in unfolded.within("a")


def test_a_cut_is_said(client: Client, tell: Tell) -> None:
    version = tell("m:v1")["m:v1"]
    runs = Run.objects.bulk_create(Run(id=f"r{n}", project=f"p{n}") for n in range(120))
    RunInput.objects.bulk_create(RunInput(run=run, version=version) for run in runs)
    answer = client.get(PAGE)
    assert b"The lineage is larger than this picture" in answer.content
    assert b"The lineage is larger" not in client.get(f"{PAGE}?direction=upstream").content


@pytest.mark.parametrize("status", ["deleted", "purged", "corrupted"])
def test_a_version_that_is_not_well_is_marked(
    client: Client, make_run: MakeRun, make_version: MakeVersion, status: str
) -> None:
    run, data = make_run("r1"), make_version("data")
    use_version(run=run, version=data, used_by=ANYBODY)
    version = make_version("m", run_id="r1")
    if status == "deleted":
        soft_delete_version(version=data, deleted_by=ANYBODY)
    elif status == "purged":
        purge_version(version=data, purged_by=ANYBODY)
    else:
        Version.objects.filter(pk=data.pk).update(corrupted_at=data.created_at)
    page = read(client)
    (node,) = page.with_class("node", status)
    assert ("href" in node) is (status != "purged")
    assert f"model data v1, {status}" in [text.split(" (")[0] for text in page.within("title")]
    assert version.number == 1


def test_aliases_are_chips_that_fit(client: Client, tell: Tell) -> None:
    version = tell("m:v1")["m:v1"]
    for name in (
        "production",
        "staging-of-a-very-long-name-indeed-that-nobody-reads",
        "x",
        "y",
        "z",
    ):
        Alias.objects.create(artifact=version.artifact, name=name, version=version)
    page = read(client)
    chips = page.with_class("tag")
    right = max(int(one["x"]) + int(one["width"]) for one in chips)
    assert right <= 208
    assert "latest" in page.within("text")
    assert any(re.fullmatch(r"\+\d", text) for text in page.within("text"))


def test_a_run_that_is_not_known_is_no_link(client: Client, tell: Tell) -> None:
    version = tell("m:v1")["m:v1"]
    version.created_by_run = "gone"
    version.save()
    (node,) = read(client).with_class("node", "run")
    assert "href" not in node


# Whom it is there for -----------------------------------------------------------------------------


@pytest.fixture
def hidden(tell: Tell, settings: Any) -> dict[str, Version]:
    """``m:v1`` and what a hidden version came from and became."""
    versions = tell("m:v1 > r1 > secret:v1 > r2 > c:v1")
    Artifact.objects.filter(name="secret").update(team=Team.objects.create(name="vision"))
    settings.RUNICORN_ACCESS = "team"
    return versions


def test_what_is_hidden_is_one_opaque_node(client: Client, hidden: dict[str, Version]) -> None:
    client.force_login(make_user("stranger", Role.MAINTAINER))
    answer = client.get(PAGE)
    page = Elements(answer.content.decode())
    (node,) = page.with_class("node", "restricted")
    assert "href" not in node
    assert b"secret" not in answer.content
    assert b"/teams/" not in answer.content
    assert b"1 more that you may not see." in answer.content
    assert client.get("/teams/vision/artifacts/model/secret/v1/lineage").status_code == 404


def test_a_member_sees_it_below_the_team(client: Client, hidden: dict[str, Version]) -> None:
    client.force_login(make_user("member", Role.VIEWER, {"vision": Role.VIEWER}))
    links = [one["href"] for one in read(client).with_class("node", "artifact")]
    assert "/teams/vision/artifacts/model/secret/v1/lineage" in links
    for link in links:
        assert client.get(link).status_code == 200


def test_the_page_asks_for_a_login_and_a_role(client: Client, hidden: dict[str, Version]) -> None:
    assert client.get(PAGE)["Location"] == f"/login?next={PAGE}"
    make_user("boss", Role.ADMIN)
    client.force_login(make_user("nobody"))
    assert client.get(PAGE).status_code == 403


@pytest.mark.parametrize(
    "path", ["model/none/v1", "dataset/m/v1", "model/m/v2", "model/m/none", "none/m/v1"]
)
def test_what_is_not_there_is_404(client: Client, tell: Tell, path: str) -> None:
    tell("m:v1")
    assert client.get(f"/artifacts/{path}/lineage").status_code == 404


def test_an_alias_leads_on(client: Client, tell: Tell) -> None:
    tell("m:v1")
    answer = client.get("/artifacts/model/m/latest/lineage?depth=5")
    assert answer["Location"] == f"{PAGE}?depth=5"


# What it is made of -------------------------------------------------------------------------------

HOSTILE = "\"><script>alert('1')</script>&"


def test_nothing_that_somebody_named_is_markup(client: Client, tell: Tell) -> None:
    tell("script:v1 > r0 > m:v1")
    Run.objects.update(project=HOSTILE, name=HOSTILE)
    Artifact.objects.filter(name__contains="script").update(
        name="'><svg onload=alert(1)>&amp;{{x}}"
    )
    Alias.objects.create(
        artifact=Version.objects.get(artifact__name="m").artifact,
        name="<b>",
        version=Version.objects.get(artifact__name="m"),
    )
    answer = client.get(PAGE)
    page = Elements(answer.content.decode())
    assert "b" not in {tag for tag, _ in page.tags}
    assert all("onload" not in one for _, one in page.tags)
    assert b"<script>" not in answer.content
    assert HOSTILE in "".join(page.within("title"))


@pytest.mark.parametrize("url", [PAGE, "/runs", "/runs/r1"])
def test_nothing_is_inline(client: Client, tell: Tell, url: str) -> None:
    tell("a:v1 > r1 > m:v1")
    page = read(client, url)
    assert all("style" not in one for _, one in page.tags)
    assert all(tag != "style" for tag, _ in page.tags)
    assert all(one.get("src") for tag, one in page.tags if tag == "script")
    assert not [name for _, one in page.tags for name in one if name.startswith("on")]


def test_htmx_gets_the_part_alone(client: Client, tell: Tell) -> None:
    tell("m:v1")
    part = client.get(PAGE, headers=HTMX)
    assert b"<html" not in part.content
    assert b"lineage-graph" in part.content
    assert "HX-Request" in part["Vary"]


def test_the_impact_has_its_owners_and_its_file(
    client: Client, make_run: MakeRun, tell: Tell
) -> None:
    versions = tell("m:v1 > r1 > b:v1 > r2 > c:v1")
    Version.objects.filter(pk=versions["b:v1"].pk).update(created_by=make_user("ada"))
    page = read(client)
    cells = page.within("td")
    assert "ada" in cells
    assert cells.count("everyone") == 2
    (link,) = [one["href"] for _, one in page.tags if one.get("href", "").startswith("/api/art")]
    assert link == "/api/artifacts/m/v1/impact?type=model&team=everyone&format=csv"
    assert client.get(link).status_code == 200


def test_of_a_large_impact_the_nearest_are_shown(client: Client, tell: Tell) -> None:
    tell(*(f"m:v1 > r > b:v{n}" for n in range(1, 61)))
    assert b"The nearest 50 of 60" in client.get(PAGE).content


def test_the_number_of_queries_does_not_grow(
    client: Client, tell: Tell, django_assert_num_queries: Any
) -> None:
    tell("before:v1 > r0 > small:v1 > alone > after:v1")
    tell(" > ".join(word for n in range(30) for word in (f"m:v{n + 1}", f"r{n}")))
    tell(*(f"m:v1 > s{n} > o:v{n + 1}" for n in range(20)))
    for name in ("small", "m"):
        with django_assert_num_queries(19):
            client.get(f"/artifacts/model/{name}/v1/lineage?depth=10")


def test_the_largest_page_stays_small(client: Client, tell: Tell) -> None:
    version = tell("m:v1")["m:v1"]
    named = [f"model-of-a-long-name-as-people-make-them-{n}" for n in range(20)]
    artifacts = Artifact.objects.bulk_create(Artifact(type="model", name=name) for name in named)
    runs = Run.objects.bulk_create(
        Run(id=f"20260101_120000_{n:06}", project=f"project-{n}", name=f"train-{n}-of-many")
        for n in range(30)
    )
    RunInput.objects.bulk_create(RunInput(run=run, version=version) for run in runs)
    made = Version.objects.bulk_create(
        Version(artifact=artifacts[n % 20], number=n // 20 + 1, created_by_run=run.id)
        for n, run in enumerate(runs)
    )
    RunInput.objects.bulk_create(
        RunInput(run=run, version=one)
        for run in runs
        for one in made
        if one.created_by_run < run.id
    )
    answer = client.get(f"{PAGE}?depth=10")
    assert len(answer.content) < 200_000

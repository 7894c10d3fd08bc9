"""Hidden versions in a lineage: where they stand, and what a cut keeps, tells nothing of them."""

from itertools import product
from typing import Any

import pytest

from accounts.models import Team, User
from accounts.roles import Role
from artifacts.models import Artifact, Version
from lineage.graph import RestrictedNode, neighbourhood
from tests.lineage.conftest import Tell
from tests.people import client_of, make_user

pytestmark = pytest.mark.django_db

IDENTITIES = list(product(("code", "dataset", "model"), ("a", "mm", "zz"), (1, 9)))


@pytest.fixture
def root(tell: Tell, settings: Any) -> Version:
    """Made from everyone's ``mm:v5`` and a hidden one, and used by a run that made such two."""
    lines = ["dataset/mm:v5 > make > model/start:v1", "model/mm:v5 > make", "model/h:v3 > make"]
    more = ["model/start:v1 > use > model/o:v1", "use > model/k:v1"]
    versions = tell(*lines, *more)
    team = Team.objects.create(name="vision")
    Artifact.objects.filter(name__in=["h", "k"]).update(team=team)
    settings.RUNICORN_ACCESS = "team"
    return versions["model/start:v1"]


def become(name: str, identity: tuple[str, str, int]) -> None:
    """Give the hidden artifact called ``name`` another type, name and number."""
    type_, new_name, number = identity
    artifact = Version.objects.get(artifact__name=name).artifact
    Version.objects.filter(artifact=artifact).update(number=number)
    Artifact.objects.filter(pk=artifact.pk).update(type=type_, name=new_name)


@pytest.mark.parametrize("identity", IDENTITIES)
@pytest.mark.parametrize("name", ["h", "k"])
def test_the_answer_is_the_same_whatever_is_hidden(
    root: Version, identity: tuple[str, str, int], name: str
) -> None:
    client = client_of(make_user("stranger", Role.MAINTAINER))
    url = "/api/artifacts/start/v1/lineage?type=model"
    before = client.get(url)
    become(name, identity)
    after = client.get(url)
    assert (before.status_code, before.content) == (200, after.content)


@pytest.mark.parametrize("limit", range(1, 9))
def test_a_cut_is_the_same_whatever_is_hidden(root: Version, limit: int) -> None:
    stranger = make_user("stranger", Role.MAINTAINER)
    before = neighbourhood(version=root, asked_by=stranger, depth=3, limit=limit)
    become("h", ("code", "a", 1))
    assert neighbourhood(version=root, asked_by=stranger, depth=3, limit=limit) == before


def places(root: Version, asked_by: User) -> list[str]:
    graph = neighbourhood(version=root, asked_by=asked_by, depth=1)
    return ["hidden" if isinstance(node, RestrictedNode) else node.node_id for node in graph.nodes]


def test_what_is_hidden_comes_last_at_its_distance(root: Version) -> None:
    become("h", ("code", "a", 1))
    become("k", ("code", "b", 1))
    seen = ["start:v1", "make", "use", "dataset/mm:v5", "mm:v5", "o:v1"]
    assert places(root, make_user("stranger", Role.VIEWER)) == [*seen, "hidden", "hidden"]
    whole = [*seen[:3], "a:v1", "b:v1", *seen[3:]]
    assert places(root, make_user("admin", Role.ADMIN)) == whole
    assert places(root, make_user("member", Role.VIEWER, {"vision": Role.VIEWER})) == whole

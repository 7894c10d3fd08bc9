"""What is suggested in place of what is not there: only what the reader sees, the likest first."""

from difflib import SequenceMatcher
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.roles import Role
from artifacts.models import Artifact, Version
from artifacts.services.aliases import ANYWHERE, move_alias
from artifacts.services.versions import soft_delete_version
from artifacts.web import nearest
from artifacts.web.nearest import near_artifacts, near_versions
from tests.conftest import ANYBODY, MakeVersion
from tests.people import client_of, make_user

PLACE = {"type_": "model", "name": "model-a"}


def labels(name: str, caller: Any = ANYBODY) -> list[str]:
    return [one.label for one in near_artifacts(asked_by=caller, name=name)]


def test_the_likest_name_comes_first(make_version: MakeVersion) -> None:
    for name in ("resnet50-imagenet", "resnet18-imagenet", "bert-base", "resnet"):
        make_version(name)
    assert labels("resnet5-imagenet")[:2] == [
        "model/resnet50-imagenet", "model/resnet18-imagenet",
    ]  # fmt: skip
    assert labels("RESNET50-ImageNet")[0] == "model/resnet50-imagenet"
    assert labels("zzz") == labels("") == labels("\0" * 300) == []


def test_the_same_name_of_another_type_is_the_likest(make_version: MakeVersion) -> None:
    make_version("faces", type="dataset")
    [found] = near_artifacts(asked_by=ANYBODY, name="faces")
    assert (found.label, found.path) == ("dataset/faces", "/artifacts/dataset/faces")


def test_there_are_few_and_looking_has_an_end(
    make_version: MakeVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(9):
        make_version(f"model-{number}")
    assert len(labels("model-x")) == nearest.MAX_SUGGESTIONS
    monkeypatch.setattr(nearest, "MAX_NAMES", 2)
    assert len(labels("model-x")) == 4
    with CaptureQueriesContext(connection) as captured:
        labels("model-x")
    assert len(captured) == 2


def test_of_many_long_names_few_are_compared(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    compared: list[str] = []

    class Counted(SequenceMatcher[str]):
        def ratio(self) -> float:
            compared.append(self.a)  # type: ignore[arg-type]
            return super().ratio()

    monkeypatch.setattr(nearest, "SequenceMatcher", Counted)
    name = "ab" * 64
    Artifact.objects.bulk_create(
        Artifact(type="model", name=f"{name[:-4]}{number:04}") for number in range(300)
    )
    Version.objects.bulk_create(
        Version(artifact=artifact, number=1) for artifact in Artifact.objects.all()
    )
    found = labels(f"{name[:-4]}0123")
    assert found[0] == f"model/{name[:-4]}0123"
    assert len(compared) == nearest.MAX_COMPARED


@pytest.fixture
def owner(team: None, db: None) -> User:
    return make_user("owner", Role.MAINTAINER, {"vision": Role.MAINTAINER})


def test_what_is_hidden_is_not_suggested(owner: User, make_version: MakeVersion) -> None:
    make_version("secret-model", created_by=owner, team="vision")
    make_version("secret-models", created_by=owner, team="everyone")
    assert set(labels("secret-mode", owner)) == {
        "vision/model/secret-model", "model/secret-models",
    }  # fmt: skip
    stranger = make_user("stranger", Role.MAINTAINER)
    assert labels("secret-mode", stranger) == ["model/secret-models"]
    assert near_artifacts(asked_by=owner, name="secret-model")[0].path == (
        "/teams/vision/artifacts/model/secret-model"
    )


def test_private_and_absent_have_one_page(owner: User, make_version: MakeVersion) -> None:
    make_version("known", created_by=owner, team="everyone")
    client = client_of(make_user("stranger", Role.MAINTAINER))
    answers = []
    for step in range(2):
        for path in ("model/line", "model/line/v1", "model/line/stable"):
            for prefix in ("/artifacts/", "/teams/vision/artifacts/"):
                with CaptureQueriesContext(connection) as captured:
                    answer = client.get(prefix + path)
                text = answer.content.decode().split("<main")[1]
                answers.append((answer.status_code, text, len(captured)))
        if step == 0:
            make_version("line", created_by=owner, team="vision", aliases=["stable"])
            assert len(answers) == 6
    assert answers[:6] == answers[6:]
    assert {answer[0] for answer in answers} == {404}


def near(text: str) -> list[str]:
    found = near_versions(asked_by=ANYBODY, place=PLACE, text=text)
    return [one.label.removeprefix("model-a:") for one in found]


def test_the_nearest_versions_and_the_latest_are_suggested(make_version: MakeVersion) -> None:
    versions = [make_version(files={"a": b"%d" % number}) for number in range(6)]
    for version in versions[2:4]:
        soft_delete_version(version=version, deleted_by=ANYBODY)
    assert near("v3") == ["v2", "v5", "v6"]
    assert near("v99") == ["v6"]
    assert near("v" + "9" * 40) == ["v6"]


def test_aliases_are_suggested_by_their_spelling(make_version: MakeVersion) -> None:
    version = make_version(aliases=["production", "staging"])
    assert near("productions")[0] == "production"
    assert set(near("x")) == {"latest", "production", "staging", "v1"}
    move_alias(
        artifact=version.artifact, name="v-old", version=version, expected=ANYWHERE,
        moved_by=ANYBODY,
    )  # fmt: skip
    assert near("v-older")[0] == "v-old"


def test_of_what_is_not_there_no_version_is(client: Client, db: None) -> None:
    assert near("v1") == []
    assert client.get("/artifacts/model/nothing/v1").status_code == 404
    assert not Artifact.objects.exists()

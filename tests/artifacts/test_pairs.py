"""The sides of a comparison, found as people write them."""

import pytest

from accounts.roles import Role
from artifacts.errors import AliasNotFound, ArtifactNotFound, Invalid, VersionNotFound
from artifacts.services.pairs import find_by_name, find_ref
from artifacts.services.purge import purge_version
from artifacts.services.versions import soft_delete_version
from tests.conftest import ANYBODY, MakeVersion
from tests.people import make_user


def test_a_ref_is_a_number_or_an_alias(make_version: MakeVersion) -> None:
    artifact = make_version(aliases=["stable"]).artifact
    second = make_version()
    assert find_ref(artifact, "v1").number == find_ref(artifact, "stable").number == 1
    found = find_ref(artifact, "latest")
    assert (found, found.artifact) == (second, artifact)


def test_a_ref_that_is_none_says_which_field(make_version: MakeVersion) -> None:
    artifact = make_version().artifact
    with pytest.raises(Invalid) as refusal:
        find_ref(artifact, "v01", field="from")
    assert list(refusal.value.extra["errors"]) == ["from"]
    with pytest.raises(VersionNotFound):
        find_ref(artifact, "v2")
    with pytest.raises(VersionNotFound):
        find_ref(artifact, f"v{9**40}")
    with pytest.raises(AliasNotFound):
        find_ref(artifact, "never")


def test_what_is_deleted_is_found_and_what_is_purged_is_not(make_version: MakeVersion) -> None:
    version = make_version()
    soft_delete_version(version=version, deleted_by=ANYBODY)
    assert find_ref(version.artifact, "v1").status == "deleted"
    purge_version(version=version, purged_by=ANYBODY)
    with pytest.raises(VersionNotFound):
        find_ref(version.artifact, "v1")


@pytest.mark.usefixtures("team")
def test_a_name_means_what_its_reader_may_see(make_version: MakeVersion) -> None:
    owner = make_user("owner", Role.MAINTAINER, {"vision": Role.MAINTAINER})
    hidden = make_version("m", created_by=owner, team="vision").artifact
    stranger = make_user("stranger", Role.MAINTAINER)
    for text in ("m", "model/m", "vision/model/m"):
        assert find_by_name(text, asked_by=owner) == hidden
        with pytest.raises(ArtifactNotFound):
            find_by_name(text, asked_by=stranger)
    for text in ("a/b/c/d", "nothing/m", "", "a:b"):
        with pytest.raises(Invalid):
            find_by_name(text, asked_by=owner)

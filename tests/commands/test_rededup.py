"""``manage.py rededup``: what it says, and when it refuses."""

import uuid
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from artifacts.models import Blob, BlobChunks, Hook, StoreIdentity
from artifacts.storage.layout import Store
from tests.checkpoints import checkpoint
from tests.commands.test_collect import another_copy
from tests.conftest import MakeVersion
from tests.crash.invariants import damage


def run(*names: str, **options: Any) -> list[str]:
    said = StringIO()
    call_command("rededup", *names, stdout=said, **options)
    return said.getvalue().replace("\xa0", " ").splitlines()


@pytest.fixture
def pair(make_version: MakeVersion) -> None:
    """Two contents that share bytes, stored whole."""
    for number in (1, 2):
        make_version("m", files={"w.bin": checkpoint(number)})
        BlobChunks.objects.all().delete()
        Hook.objects.all().delete()


@pytest.mark.usefixtures("pair")
def test_it_says_what_it_saved(store: Store) -> None:
    (said,) = run()
    assert said.startswith("2 whole files looked at; 1 indexed, 1 stored anew, 7.")
    assert said.endswith(" MiB saved.")
    assert run() == ["1 whole file looked at; 0 indexed, 0 stored anew, 0 B saved."]


@pytest.mark.usefixtures("pair")
def test_a_dry_run_writes_nothing(store: Store) -> None:
    assert run(dry_run=True) == ["2 whole files looked at; 0 would save about 0 B."]
    assert BlobChunks.objects.count() == 0


@pytest.mark.usefixtures("pair")
@pytest.mark.parametrize("name", ["m", "model/m"])
def test_one_artifact_is_named_with_or_without_its_type(name: str) -> None:
    assert run(name)[0].startswith("2 whole files looked at")


def test_a_name_of_several_types_is_not_enough(make_version: MakeVersion) -> None:
    make_version("m", type="model")
    make_version("m", type="dataset")
    with pytest.raises(CommandError, match="say model/m or dataset/m"):
        run("m")
    assert run("dataset/m")[0].startswith("0 whole files")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("absent", "Artifact not found: absent"),
        ("model/absent", "Artifact not found: model/absent"),
        ("thing/m", "'thing' is not a type"),
        (".", "must not begin or end with a dot"),
    ],
)
def test_a_name_that_means_nothing_is_refused(store: Store, name: str, why: str) -> None:
    with pytest.raises(CommandError, match=why):
        run(name)


@pytest.mark.usefixtures("pair")
def test_when_the_time_is_over_it_says_so() -> None:
    assert run(max_duration=0.0) == [
        "0 whole files looked at; 0 indexed, 0 stored anew, 0 B saved.",
        "The time is over; run it again for the rest.",
    ]


@pytest.mark.usefixtures("pair")
def test_damage_is_named(store: Store) -> None:
    damage(store, checkpoint(2))
    digest = Blob.objects.order_by("pk")[1].digest
    assert run()[0] == f"damaged: {digest} (upload the same content again to heal it)"


def test_a_second_copy_leaves_politely(store: Store) -> None:
    with another_copy("rededup"):
        assert run() == ["Another rededup is running; nothing to do."]


def test_it_refuses_another_store(store: Store) -> None:
    StoreIdentity.objects.update(store_id=uuid.uuid4())
    with pytest.raises(CommandError, match="this database belongs to"):
        run()

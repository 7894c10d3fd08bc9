"""Version folders under many hands: complete or absent, and never left behind by a purge."""

from functools import partial

import pytest

from artifacts.models import Version
from artifacts.services.trees import build_version_tree, folder_of
from artifacts.storage.durable import remove_folder
from artifacts.storage.layout import Store
from tests.concurrency.threads import run_together
from tests.crash.acts import log, purge
from tests.crash.invariants import broken, pool_bytes, untidy

pytestmark = pytest.mark.django_db(transaction=True)

FILES = {f"dir{number}/{number}.bin": b"content %d" % number for number in range(10)}


def test_builders_beside_a_purge_leave_no_folder(store: Store) -> None:
    for number in range(10):
        version = log(f"model-{number}", FILES)
        remove_folder(folder_of(version))
        run_together(
            *[partial(build_version_tree, version.pk)] * 3, partial(purge, f"model-{number}")
        )
        assert not folder_of(version).exists()
    assert broken(store) + untidy(store) == []
    assert pool_bytes(store) == 0


def test_many_builders_of_one_folder_make_it_once_and_whole(store: Store) -> None:
    version = log("model-a", FILES)
    for _ in range(5):
        remove_folder(folder_of(version))
        run_together(*[partial(build_version_tree, version.pk)] * 4)
        assert broken(store) + untidy(store) == []


def test_purges_of_all_versions_of_an_artifact_beside_a_commit_keep_the_new_one(
    store: Store,
) -> None:
    for number in range(5):
        name = f"model-{number}"
        for _ in range(3):
            log(name, FILES)
        jobs = [partial(purge, name, number) for number in (1, 2, 3)]
        run_together(*jobs, partial(log, name, FILES))
    assert Version.objects.ready().count() == 5
    assert broken(store) + untidy(store) == []

"""Many commits at the same moment: numbers without holes, one version a commit id, no deadlock."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import uuid4

import pytest
from django.db import connections

from artifacts.models import Artifact, Blob, Version
from artifacts.storage.layout import Store
from tests.concurrency.threads import count_deadlocks, run_together
from tests.crash.acts import commit, log, try_commit, upload
from tests.crash.invariants import broken, untidy

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 16


def test_two_hundred_concurrent_commits_give_two_hundred_consecutive_versions(store: Store) -> None:
    upload(b"weights")

    def commit_once(_number: int) -> int:
        try:
            return commit("model-a", {"a.bin": b"weights"}).number
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as threads:
        numbers = list(threads.map(commit_once, range(200)))
    assert sorted(numbers) == list(range(1, 201))
    assert Artifact.objects.get().last_number == 200
    assert broken(store) + untidy(store) == []


def test_concurrent_first_commits_make_one_artifact(store: Store) -> None:
    versions = run_together(
        *[partial(log, "new", {"a.bin": bytes([number])}) for number in range(8)]
    )
    assert sorted(version.number for version in versions) == list(range(1, 9))
    assert Artifact.objects.count() == 1


def test_commits_to_different_new_artifacts_do_not_wait_for_each_other_in_a_ring(
    store: Store,
) -> None:
    upload(b"shared")
    names = [f"model-{number % 4}" for number in range(12)]
    run_together(*[partial(commit, name, {"a.bin": b"shared"}) for name in names])
    assert sorted(Artifact.objects.values_list("last_number", flat=True)) == [3, 3, 3, 3]


def test_a_commit_repeated_at_the_same_moment_makes_one_version(store: Store) -> None:
    upload(b"weights")
    repeat = partial(try_commit, "model-a", {"a.bin": b"weights"}, commit_id=uuid4())
    results = run_together(*[repeat] * 8)
    assert {version.pk for version, _ in results} == {Version.objects.get().pk}
    assert [is_new for _, is_new in results].count(True) == 1
    assert Artifact.objects.get().last_number == 1


def test_identical_uploads_at_the_same_moment_store_one_blob(store: Store) -> None:
    content = b"same" * 100_000
    assert run_together(*[partial(upload, content)] * 8).count(True) == 1
    assert Blob.objects.get().size_bytes == len(content)
    assert broken(store) + untidy(store) == []


def test_manifests_sharing_blobs_in_opposite_order_never_deadlock(store: Store) -> None:
    contents = [bytes([number]) * 10 for number in range(40)]
    forwards = {f"{number:02}.bin": content for number, content in enumerate(contents)}
    backwards = dict(reversed(forwards.items()))
    for content in contents:
        upload(content)
    before = count_deadlocks()
    jobs = [partial(_commit_often, f"model-{n}", [forwards, backwards][n % 2]) for n in range(8)]
    run_together(*jobs)
    assert count_deadlocks() == before
    assert Version.objects.count() == 40


def _commit_often(name: str, files: dict[str, bytes]) -> None:
    for content in list(files.values())[:3]:
        upload(content)  # its lock is exclusive
    for _ in range(5):
        commit(name, files)

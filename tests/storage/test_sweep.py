"""What crashes left goes once it is old; what an upload goes on with in that very moment stays."""

import io
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from artifacts.errors import UploadInProgress
from artifacts.storage import durable
from artifacts.storage.negotiation import plan_path
from artifacts.storage.partial import open_partial, partial_path
from artifacts.storage.sweep import old_leftovers, sweep_staging
from tests.storage.conftest import left_in, stage_bytes

NAME = "ab" * 32 + "-7"
CHUNKS = f"{NAME}.chunks"
ROUNDS = 200


def make_old(path, seconds=7200):
    then = time.time() - seconds
    os.utime(path, (then, then))


def append(store, content, name=NAME):
    with open_partial(store, name) as partial:
        partial.append(io.BytesIO(content), len(content))


def make_plan(store):
    path = plan_path(store, NAME)
    path.write_bytes(b"agreed")
    make_old(path)
    return path


def at_the_look(monkeypatch, path, act):
    """Do ``act`` once, right after somebody has looked at ``path``: the moment of the race."""
    real_lstat, done = Path.lstat, []

    def lstat(asked):
        found = real_lstat(asked)
        if asked == path and not done:
            done.append(True)
            act()
        return found

    monkeypatch.setattr(Path, "lstat", lstat)


def test_old_files_and_folders_go_and_young_ones_stay(store):
    make_old(stage_bytes(store, b"old").path)
    young = stage_bytes(store, b"young").path
    (store.staging / "tree" / "files").mkdir(parents=True)
    (store.staging / "tree" / "files").chmod(0o555)
    make_old(store.staging / "tree")
    assert sweep_staging(store, 3600) == 2
    assert left_in(store.staging) == [young.name]


def test_unfinished_copies_go_but_no_pool_file(store):
    kept = store.pool / "ab" / ("ab" * 32)
    part = store.pool / "ab" / f"{durable.PART_PREFIX}1234"
    for path in (kept, part):
        path.touch()
        make_old(path)
    assert sweep_staging(store, 3600) == 1
    assert left_in(store.pool / "ab") == [kept.name]


def test_leftovers_are_what_would_go(store):
    append(store, b"some")
    make_old(partial_path(store, NAME))
    stage_bytes(store, b"young")
    assert old_leftovers(store, 3600) == [partial_path(store, NAME)]


def test_old_uploads_go_but_not_those_just_opened(store):
    for name in (NAME, CHUNKS):
        append(store, b"some", name)
        make_old(partial_path(store, name))
    with open_partial(store, NAME):
        assert sweep_staging(store, 3600) == 1
    assert partial_path(store, NAME).read_bytes() == b"some"


def test_an_upload_that_a_request_works_with_stays_however_old(store):
    with open_partial(store, NAME) as partial:
        make_old(partial.path)  # its whole takes an hour to be hashed
        assert sweep_staging(store, 3600) == 0
    assert sweep_staging(store, 3600) == 1
    assert left_in(store.staging) == []


def test_an_upload_that_goes_on_while_the_sweep_looks_at_it_stays(store, monkeypatch):
    append(store, b"some")
    make_old(partial_path(store, NAME))
    at_the_look(monkeypatch, partial_path(store, NAME), lambda: append(store, b" more"))
    assert sweep_staging(store, 3600) == 0
    assert partial_path(store, NAME).read_bytes() == b"some more"


def test_a_sealed_upload_goes_too(store):
    append(store, b"whole")
    partial_path(store, NAME).chmod(0o444)
    make_old(partial_path(store, NAME))
    assert sweep_staging(store, 3600) == 1


def test_the_plan_of_chunks_stays_while_a_request_works_with_them(store):
    plan = make_plan(store)
    with open_partial(store, CHUNKS):
        assert sweep_staging(store, 3600) == 0
    assert sweep_staging(store, 3600) == 1
    assert not plan.exists()


def test_the_plan_of_chunks_that_come_while_the_sweep_looks_at_it_stays(store, monkeypatch):
    plan = make_plan(store)
    append(store, b"some", CHUNKS)
    at_the_look(monkeypatch, plan, lambda: os.utime(plan))
    assert sweep_staging(store, 3600) == 0
    assert plan.exists()


def test_a_plan_without_chunks_goes(store):
    make_plan(store)
    assert sweep_staging(store, 3600) == 1
    assert left_in(store.staging) == []


@pytest.mark.slow
def test_requests_and_sweeps_at_once_lose_nothing_that_came(store):
    path, barrier = partial_path(store, NAME), Barrier(2)

    def go_on():
        barrier.wait()
        try:
            append(store, b"more")
        except UploadInProgress:
            return False
        return True

    def sweep():
        barrier.wait()
        return sweep_staging(store, 3600)

    with ThreadPoolExecutor(2) as threads:
        for _ in range(ROUNDS):
            append(store, b"some")
            make_old(path)
            going_on, sweeping = threads.submit(go_on), threads.submit(sweep)
            has_come, swept = going_on.result(), sweeping.result()
            assert has_come or swept
            content = path.read_bytes() if path.exists() else b""
            assert content == (b"" if swept else b"some") + b"more" * has_come
            path.unlink(missing_ok=True)

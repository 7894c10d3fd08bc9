"""The real command through a network that breaks, to a portal that dies: all comes, once."""

import secrets
from pathlib import Path

import pytest

from tests.breaking import KINDS, Trial, trial
from tests.live import fresh_database

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SIZE_BYTES = 40 << 20


@pytest.mark.parametrize("kind", KINDS)
def test_at_most_one_part_is_repeated(tmp_path: Path, kind: str) -> None:
    with (
        fresh_database() as database_url,
        trial(tmp_path, SIZE_BYTES, secrets.randbits(30), DATABASE_URL=database_url) as one,
    ):
        check(one, kind)


def check(one: Trial, kind: str) -> None:
    upload, download = one.run(kind)
    assert upload.is_good, upload
    assert download.is_good, download

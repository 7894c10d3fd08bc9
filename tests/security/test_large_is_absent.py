"""Private is absent also where content is cut: what shares bytes with hidden content tells nothing.

Real contents from 8 MiB on, so few sequences: in one world a team has lines of checkpoints of its
own, one of which shares most of its bytes with what everyone sees.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from accounts.models import Team
from accounts.roles import Role
from artifacts.models import BlobBase
from tests.api.test_negotiated import cut, listed, needed
from tests.checkpoints import MIB, checkpoint
from tests.conftest import digest_of
from tests.people import make_user
from tests.security.worlds import (
    Answer,
    Call,
    Step,
    ask,
    bytes_call,
    differences,
    json_call,
    log,
    play,
    world,
)

ROLES = [Role.CONTRIBUTOR, Role.MAINTAINER]
QUOTA_BYTES = 24 * MIB
pytestmark = pytest.mark.usefixtures("team", "db")

CONTENTS: dict[str, Callable[[], bytes]] = {
    "shared": lambda: checkpoint(1),  # everyone's artifact has it
    "hidden-on-shared": lambda: checkpoint(2),  # the team's, leans on it
    "hidden-base": lambda: checkpoint(1, of="g"),  # the team's alone
    "hidden-on-hidden": lambda: checkpoint(2, of="g"),  # leans on the one before
    "own": lambda: checkpoint(3),  # nobody has these two before the stranger
    "own-like-hidden": lambda: checkpoint(3, of="g"),
}
HIDDEN = [key for key in CONTENTS if key.startswith("hidden")]


def fill(is_there: bool) -> None:
    """Everyone's checkpoint, and perhaps the team's."""
    owner = make_user("owner", Role.MAINTAINER, {"vision": Role.MAINTAINER})
    log(owner, "open", "everyone", {"a": CONTENTS["shared"]()})
    if is_there:
        for key in HIDDEN:
            log(owner, "line", "vision", {"a": CONTENTS[key]()})
    Team.objects.update(quota_bytes=1 << 40)


def unlike(steps: list[Step], role: Role, folder: Path) -> list[tuple[Step, Answer, Answer]]:
    return differences(steps, role, folder, fill_world=fill, quota_bytes=QUOTA_BYTES)


@cache
def chunks_of(key: str) -> list[bytes]:
    return cut(CONTENTS[key]())


@dataclass(frozen=True)
class Negotiation:
    """He lists the chunks of a content, and sends those that he is asked for."""

    key: str
    query: str = ""

    def __call__(self, client: APIClient) -> Answer:
        chunks, path = chunks_of(self.key), f"{path_of(self.key)}/chunks{self.query}"
        asked = client.post(path, listed(chunks), content_type="application/octet-stream")
        if asked.status_code != 200 or asked.json()["stored"]:
            return Answer(asked.status_code, (), asked.json())
        body = needed(chunks, asked)
        said = f"bytes 0-{len(body) - 1}/{len(body)}" if body else "bytes */0"
        done = ask(client, bytes_call("PUT", path, body, said))
        return Answer(done.status, done.headers, (asked.json(), done.body))


def path_of(key: str) -> str:
    return f"/api/blobs/{digest_of(CONTENTS[key]())}"


def committed(name: str, keys: list[str], team: str) -> Call:
    files = [
        {"path": key, "digest": digest_of(CONTENTS[key]()), "size": len(CONTENTS[key]())}
        for key in keys
    ]
    body = {"type": "model", "files": files, "team": team}
    return json_call("POST", f"/api/artifacts/{name}/versions", body)


def sends(key: str) -> list[Step]:
    """Every way to send a content."""
    mine, theirs = "?artifact=drawing/model/own", "?artifact=vision/model/line"
    content, path = CONTENTS[key](), path_of(key)
    return [
        bytes_call("PUT", path, content),
        bytes_call("PUT", path + mine, content),
        bytes_call("PUT", path + "?artifact=open", content),
        bytes_call("PUT", path, content, f"bytes 0-{len(content) - 1}/{len(content)}"),
        Negotiation(key),
        Negotiation(key, mine),
        Negotiation(key, theirs),
    ]


def figures(name: str) -> list[Step]:
    """What tells of sizes."""
    base = f"/api/artifacts/{name}"
    return [
        Call("GET", f"{base}/versions"),
        *(Call("GET", f"{base}/v{n}") for n in (1, 2, 3)),
        Call("GET", "/api/artifacts/stats"),
        json_call("POST", f"{base}/delete", {"keep_last": 0, "dry_run": True}),
        json_call("POST", f"{base}/delete", {"versions": [1], "dry_run": True}),
    ]


def deeds(name: str) -> list[Step]:
    return [
        json_call("POST", f"/api/artifacts/{name}/v1/materialize", {}),
        Call("DELETE", f"/api/artifacts/{name}/v1?permanent=true"),
        Call("DELETE", f"/api/artifacts/{name}/v2?permanent=true"),
        Call("DELETE", f"/api/artifacts/{name}/v1"),
    ]


def life_of(keys: list[str], way: int, team: str) -> Iterator[Step]:
    """Sent one by one, committed, looked at, deleted for ever."""
    for key in keys:
        yield Call("HEAD", path_of(key))
        yield sends(key)[way]
        yield json_call("POST", "/api/blobs/missing", {"digests": [digest_of(CONTENTS[key]())]})
        yield committed("own", [key], team)
        yield from figures("own")
    yield from deeds("own")[:3]
    yield from figures("own")
    yield from deeds("open")[1:2]
    yield from [*figures("own"), *figures("open")]


def test_the_team_does_lean_on_what_everyone_has_and_on_its_own(tmp_path: Path) -> None:
    with world(fill, is_there=True, store=tmp_path / "store"):
        pairs = BlobBase.objects.values_list("blob__sha256", "base__sha256")
        names = {digest_of(make())[7:]: key for key, make in CONTENTS.items()}
        found = {(names[blob], names[base]) for blob, base in pairs}
    assert found == {("hidden-on-shared", "shared"), ("hidden-on-hidden", "hidden-base")}


def test_admins_do_see_the_difference(tmp_path: Path) -> None:
    assert unlike(figures("open"), Role.ADMIN, tmp_path)


def test_the_stranger_shares_bytes_and_comes_to_the_end_of_his_quota(tmp_path: Path) -> None:
    steps = list(life_of(["own", "hidden-on-shared", "own-like-hidden"], 1, "drawing"))
    answers = play(
        steps, role=Role.CONTRIBUTOR, is_there=True, store=tmp_path / "store",
        fill_world=fill, quota_bytes=11 * MIB,
    )  # fmt: skip
    bodies = [one.body for one in answers if isinstance(one.body, dict)]
    assert any(one.get("shared_bytes", 0) > 0 for one in bodies)
    assert 507 in {one.status for one in answers}


@pytest.mark.parametrize("owner", ["drawing", "everyone"])
@pytest.mark.parametrize("way", [0, 3, 5])
def test_the_life_of_hidden_checkpoints_tells_nothing(way: int, owner: str, tmp_path: Path) -> None:
    keys = ["hidden-on-shared", "hidden-on-hidden", "own-like-hidden"]
    assert unlike(list(life_of(keys, way, owner)), Role.MAINTAINER, tmp_path) == []


def test_the_order_in_which_they_come_tells_nothing(tmp_path: Path) -> None:
    """His own first, so that what is hidden would lean on it if it were new."""
    keys = ["own-like-hidden", "hidden-base", "hidden-on-hidden", "own", "hidden-on-shared"]
    assert unlike(list(life_of(keys, 0, "everyone")), Role.MAINTAINER, tmp_path) == []


STEPS: list[Step] = [
    *(step for name in ("own", "open") for step in [*figures(name), *deeds(name)]),
    *(step for key in CONTENTS for step in sends(key)),
    *(committed("own", [key], team) for key in CONTENTS for team in ("drawing", "everyone")),
    committed("open", ["hidden-on-hidden", "own"], "everyone"),
    committed("own", list(CONTENTS), "drawing"),
]


@pytest.mark.parametrize("role", ROLES)
@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(chosen=st.lists(st.integers(0, len(STEPS) - 1), min_size=4, max_size=12))
def test_no_sequence_tells_private_from_absent(
    role: Role, chosen: list[int], tmp_path: Path
) -> None:
    """By number: the steps themselves are megabytes to print."""
    steps = [STEPS[number] for number in chosen]
    after = [*figures("own"), *figures("open"), Negotiation("own-like-hidden")]
    assert unlike([*steps, *after], role, tmp_path) == []

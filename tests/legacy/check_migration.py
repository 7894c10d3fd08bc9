"""The whole way, with the real Runicorn 0.5.3: ``make migration-check``.

A store that this package wrote is imported; every field of its files is compared with what the
portal says; the portal is exported; the package's own viewer opens store and export, and all its
routes are compared with the portal's; the export is imported into a second portal, which must then
answer as the first.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import urllib3

from tests.legacy.comparing import Comparison, same
from tests.live import LivePortal, run_manage, start_portal

HERE = Path(__file__).parent
HTTP = urllib3.PoolManager(retries=False)
QUIET = {"RUNICORN_LOG_LEVEL": "WARNING"}
LOST = ("torn-manifest", "torn-metadata", "lost-folder", "no-manifest", "bad-path", "bad-size")
CORRUPTED = ("flipped", "truncated", "missing", "symlink")
SAID_OTHERWISE = ("bad-created", "nan", "unknown-version")
UNLIKE = frozenset(f"dataset/bad-{kind}:v2" for kind in (*LOST, *SAID_OTHERWISE))


class Check:
    """Counts what was compared, and keeps what differs."""

    def __init__(self) -> None:
        self.count = 0
        self.failures: list[str] = []

    def equal(self, what: str, mine: object, theirs: object) -> None:
        """``mine`` is the portal's."""
        self.count += 1
        if not same(mine, theirs):
            self.failures.append(f"{what}: {mine!r} is not {theirs!r}")

    def tell(self, title: str) -> None:
        """Print how it went since the last time."""
        say(f"{title}: {self.count} values compared, {len(self.failures)} differ")
        for failure in self.failures[:20]:
            say(f"  {failure}")


def say(text: str) -> None:
    """Print it, at once."""
    print(text, flush=True)  # noqa: T201 - a script


def main(python: Path) -> int:
    """Everything; the number of differences."""
    failures = 0
    with tempfile.TemporaryDirectory(prefix="migration-") as temporary:
        work = Path(temporary)
        planted = _script(python, "write_store.py", work / "store")
        say(f"a store was written by {_version(python)}; damage of {len(planted)} kinds in it")
        with _portal(work / "one") as portal:
            _manage(portal, "import_runicorn", work / "store", code=1, head="import")
            failures += _compare_store(work / "store", portal)
            failures += _compare_viewer(python, work / "store", portal, "viewer on the store")
            _manage(portal, "import_runicorn", work / "store", code=1, head="again")
            _manage(portal, "export", work / "export", code=1, head="export")
            failures += _compare_viewer(python, work / "export", portal, "viewer on the export")
            with _portal(work / "two") as second:
                _manage(second, "import_runicorn", work / "export", code=1, head="import of it")
                failures += _compare_portals(portal, second)
    say("all is as it was" if not failures else f"{failures} DIFFERENCES")
    return failures


def _script(python: Path, name: str, root: Path) -> Any:
    done = subprocess.run(
        [python, HERE / name, root], capture_output=True, text=True, check=True, timeout=600
    )
    return json.loads(done.stdout)


def _version(python: Path) -> str:
    code = "import importlib.metadata as m; print('runicorn', m.version('runicorn'))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@contextmanager
def _portal(home: Path) -> Iterator[LivePortal]:
    home.mkdir()
    portal = start_portal(home / "var", **QUIET)
    try:
        yield portal
    finally:
        portal.stop()


def _manage(portal: LivePortal, command: str, *arguments: Path, code: int, head: str) -> None:
    done = run_manage(command, portal.data_dir, *map(str, arguments), **QUIET)
    if done.returncode != code:
        raise SystemExit(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    say(f"--- {head}")
    for line in done.stdout.splitlines():
        say(f"    {line}")


def _ask(portal: LivePortal, route: str) -> tuple[int, Any]:
    answer = HTTP.request("GET", f"{portal.url}{route}", timeout=60)
    return answer.status, answer.json()


# The files of the store beside the portal --------------------------------------------------------


def _compare_store(root: Path, portal: LivePortal) -> int:
    check = Check()
    for index_path in sorted(root.glob("artifacts/*/*/versions.json")):
        kind = index_path.parent.parent.name
        if kind == "checkpoint":
            continue
        try:
            index = json.loads(index_path.read_text())
        except ValueError:
            status, _ = _ask(portal, f"/api/artifacts/{quote(index_path.parent.name)}/versions")
            check.equal(f"{index_path.parent.name} is skipped", status, 404)
            continue
        _compare_artifact(check, portal, kind, index_path.parent, index)
    _compare_runs(check, root, portal)
    check.tell("the files of the store beside the portal")
    return len(check.failures)


def _compare_artifact(
    check: Check, portal: LivePortal, kind: str, folder: Path, index: Mapping[str, Any]
) -> None:
    base = f"/api/artifacts/{quote(folder.name)}"
    rows = {row["version"]: row for row in _ask(portal, f"{base}/versions?type={kind}")[1]}
    expected = {
        row["version"] for row in index["versions"]
        if not (row["version"] == 2 and folder.name.removeprefix("bad-") in LOST)
    }  # fmt: skip
    check.equal(f"{kind}/{folder.name} numbers", sorted(rows), sorted(expected))
    aliases = {
        one["alias"]: one["version"] for one in _ask(portal, f"{base}/aliases?type={kind}")[1]
    }
    aliases.pop("latest", None)
    wanted = {
        alias: number for alias, number in index["aliases"].items()
        if alias not in {"latest", "v3", "with space"} and number in expected
    }  # fmt: skip
    check.equal(f"{kind}/{folder.name} aliases", aliases, wanted)
    for number in sorted(expected):
        _compare_version(check, portal, kind, folder / f"v{number}")


def _compare_version(check: Check, portal: LivePortal, kind: str, folder: Path) -> None:
    name, about = folder.parent.name, f"{kind}/{folder.parent.name}:{folder.name}"
    route = f"/api/artifacts/{quote(name)}/{folder.name}"
    mine = _ask(portal, f"{route}?type={kind}")[1]
    metadata = json.loads((folder / "metadata.json").read_text())
    manifest = json.loads((folder / "manifest.json").read_text())
    marker = folder / ".deleted"
    is_corrupted = name.removeprefix("bad-") in CORRUPTED and folder.name == "v2"
    status = "deleted" if marker.exists() else "corrupted" if is_corrupted else "ready"
    check.equal(f"{about} status", mine["status"], status)
    deleted_at = json.loads(marker.read_text())["deleted_at"] if marker.exists() else None
    check.equal(f"{about} deleted_at", mine["deleted_at"], deleted_at)
    if about in UNLIKE:
        return
    for field in (
        "name", "type", "version", "created_at", "updated_at", "created_by_run",
        "created_by_user", "num_files", "num_references", "metadata", "description", "tags",
    ):  # fmt: skip
        check.equal(f"{about} {field}", mine[field], metadata[field])
    size = sum(one["size"] for one in manifest["files"])
    check.equal(f"{about} size_bytes", mine["size_bytes"], size)
    if status != "deleted":
        _compare_files(check, portal, f"{route}/files", kind, manifest, is_corrupted=is_corrupted)


def _compare_files(
    check: Check, portal: LivePortal, route: str, kind: str, manifest: Any, *, is_corrupted: bool
) -> None:
    mine = _ask(portal, f"{route}?type={kind}")[1]
    here = {one["path"]: one for one in mine["files"]}
    check.equal(f"{route} paths", sorted(here), sorted(one["path"] for one in manifest["files"]))
    for one in manifest["files"]:
        for field in ("size", "digest", "modified_at"):
            check.equal(f"{route} {one['path']} {field}", here[one["path"]][field], one[field])
        on_disk = here[one["path"]]["absolute_path"]
        if on_disk and not is_corrupted:
            check.equal(f"{route} {one['path']} bytes", Path(on_disk).stat().st_size, one["size"])
    references = [{**one, "name": None} for one in manifest["references"]]
    check.equal(f"{route} references", mine["references"], references)


def _compare_runs(check: Check, root: Path, portal: LivePortal) -> None:
    folders = sorted(root.glob("*/*/runs/*"))
    runs = {run["id"]: run for run in _ask(portal, "/api/runs")[1]}
    check.equal("runs", sorted(runs), sorted(folder.name for folder in folders))
    for folder in folders:
        meta = json.loads((folder / "meta.json").read_text())
        status = json.loads((folder / "status.json").read_text())
        mine = runs[folder.name]
        for field in ("project", "name", "created_at"):
            check.equal(f"run {folder.name} {field}", mine[field], meta[field])
        check.equal(f"run {folder.name} status", mine["status"], status["status"])
        check.equal(f"run {folder.name} finished_at", mine["finished_at"], status.get("ended_at"))


# The viewer beside the portal ---------------------------------------------------------------------


def _compare_viewer(python: Path, root: Path, portal: LivePortal, title: str) -> int:
    answers = _script(python, "ask_viewer.py", root)
    comparison = Comparison(
        {unquote(route): answer for route, answer in answers.items()},
        lambda route: _ask(portal, quote(route, safe="/?=&:")),
        UNLIKE | {"dataset/bad-torn-index:v2"},
    )
    comparison.run()
    said = [one for one in comparison.differences if "bad-torn-index" not in one]
    say(
        f"{title}: {comparison.routes} routes, {comparison.values} values compared,"
        f" {len(said)} differ"
    )
    for one in said[:20]:
        say(f"  {one}")
    return len(said)


# Two portals --------------------------------------------------------------------------------------


def _compare_portals(first: LivePortal, second: LivePortal) -> int:
    check = Check()
    routes = ["/api/artifacts", "/api/runs"]
    for item in _ask(first, "/api/artifacts")[1]:
        base = f"/api/artifacts/{quote(item['name'])}"
        kind = f"?type={item['type']}"
        routes += [f"{base}/versions{kind}", f"{base}/aliases{kind}"]
        for row in _ask(first, f"{base}/versions{kind}")[1]:
            version = f"{base}/v{row['version']}"
            routes += [f"{version}{kind}", f"{version}/files{kind}", f"{version}/lineage{kind}"]
    routes += [f"/api/runs/{run['id']}/artifacts" for run in _ask(first, "/api/runs")[1]]
    for route in routes:
        mine, theirs = _ask(second, route), _ask(first, route)
        check.equal(route, _without_places(mine), _without_places(theirs))
    check.tell("the portal beside one that imported its export")
    return len(check.failures)


def _without_places(answer: tuple[int, Any]) -> list[Any]:
    """Without what is another portal's: where files lie, and when a run's row was written."""
    return [answer[0], _strip(answer[1])]


def _strip(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _strip(one) for key, one in value.items() if key != "absolute_path"}
    return [_strip(one) for one in value] if isinstance(value, list) else value


if __name__ == "__main__":
    sys.exit(min(main(Path(sys.argv[1])), 1))

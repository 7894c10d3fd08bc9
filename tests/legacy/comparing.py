"""What the viewer of Runicorn 0.5.3 answers beside what the portal answers, route by route.

Compared is what both mean by the contract. What the contract settles otherwise is taken out first,
and nothing else: sizes of references count nothing here, deleted versions count as deleted, aliases
stand where the index has them, the manifest digest is of a canonical manifest, times have
microseconds, and a run's node has its bare id.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Answers = Mapping[str, Any]
Ask = Callable[[str], tuple[int, Any]]
SAME_TIME = 2e-6


def same(mine: object, theirs: object) -> bool:
    """Whether two values are the same; numbers to the microsecond."""
    if isinstance(mine, float | int) and isinstance(theirs, float | int):
        return abs(mine - theirs) < SAME_TIME or mine == theirs
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return mine.keys() == theirs.keys() and all(same(mine[key], theirs[key]) for key in mine)
    if isinstance(mine, list) and isinstance(theirs, list):
        return len(mine) == len(theirs) and all(map(same, mine, theirs))
    return mine == theirs


@dataclass
class Comparison:
    """Goes through the answers of the viewer and asks the portal the same."""

    viewer: Answers
    ask: Ask
    unlike: frozenset[str] = frozenset()
    routes: int = 0
    values: int = 0
    differences: list[str] = field(default_factory=list)

    def run(self) -> None:
        """All of them; ``unlike`` are versions (``type/name:vN``) whose damage was planted."""
        for route, (status, answer) in self.viewer.items():
            if status == 200 and not self._is_unlike(route):
                self.routes += 1
                self._compare(route, answer)

    def _is_unlike(self, route: str) -> bool:
        path, _, query = route.partition("?type=")
        parts = path.split("/")
        if len(parts) < 5 or not query:
            return False
        kind = query.partition("&")[0]
        return f"{kind}/{parts[3]}:{parts[4]}" in self.unlike

    def _compare(self, route: str, theirs: Any) -> None:
        status, mine = self.ask(route)
        if status != 200:
            if not (status == 410 and route.split("?", maxsplit=1)[0].endswith("/files")):
                self.differences.append(f"{route}: {status}")
            return
        path = route.split("?", maxsplit=1)[0]
        for name, pair in self._pairs(path, mine, theirs):
            self.values += 1
            if not same(*pair):
                self.differences.append(f"{route} {name}: here {pair[0]!r}, there {pair[1]!r}")

    def _pairs(self, path: str, mine: Any, theirs: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
        last = path.rsplit("/", 1)[1]
        if path == "/api/artifacts":
            return self._list(mine, theirs)
        if last == "stats":
            return iter([("by_type", (sorted(mine["by_type"]), self._types(theirs)))])
        if path.startswith("/api/runs/"):
            return self._run(mine, theirs)
        kinds = {"versions": self._versions, "files": self._files, "lineage": self._lineage}
        return kinds.get(last, self._detail)(mine, theirs)

    def _types(self, theirs: Any) -> list[str]:
        return sorted(kind for kind in theirs["by_type"] if kind != "checkpoint")

    def _list(self, mine: Any, theirs: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
        here = {(one["type"], one["name"]): one for one in mine}
        there = {(one["type"], one["name"]): one for one in theirs if one["type"] != "checkpoint"}
        yield "names", (sorted(here), sorted(there))
        for key in here.keys() & there.keys():
            for name in ("created_at", "updated_at"):
                yield f"{key} {name}", (here[key][name], there[key][name])

    def _versions(self, mine: Any, theirs: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
        there = {one["version"]: one for one in theirs}
        for one in mine:
            for name in ("created_at", "num_files"):
                yield f"v{one['version']} {name}", (one[name], there[one["version"]][name])
            run = (one["created_by_run"] or "", there[one["version"]]["created_by_run"])
            yield f"v{one['version']} run", run

    def _detail(self, mine: Any, theirs: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
        for name in (
            "name", "type", "version", "created_at", "updated_at", "created_by_user", "num_files",
            "num_references", "metadata", "description", "tags",
        ):  # fmt: skip
            yield name, (mine[name], theirs[name])
        yield "run", (mine["created_by_run"] or "", theirs["created_by_run"])

    def _files(self, mine: Any, theirs: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
        names = ("path", "size", "digest", "modified_at", "is_remote")
        here = sorted(([one[name] for name in names] for one in mine["files"]), key=str)
        there = sorted(([one[name] for name in names] for one in theirs["files"]), key=str)
        yield "files", (here, there)
        fields = ("uri", "checksum", "size", "metadata")
        for one, two in zip(mine["references"], theirs["references"], strict=True):
            yield "reference", ([one[name] for name in fields], [two[name] for name in fields])
        for name in ("artifact", "total_files", "total_references"):
            yield name, (mine[name], theirs[name])
        declared = sum(one["size"] or 0 for one in theirs["references"])
        yield "total_size", (mine["total_size"], theirs["total_size"] - declared)

    def _lineage(self, mine: Any, theirs: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
        """All that is there is here; here is more, as 0.5 leaves out what it meets again."""
        yield "root_artifact", (mine["root_artifact"], theirs["root_artifact"])
        here = {(one["node_type"], one["node_id"]) for one in mine["nodes"]}
        there = {(one["node_type"], _bare(one["node_id"])) for one in theirs["nodes"]}
        yield "nodes", (sorted(there - here), [])
        mine_edges = {(one["source"], one["target"], one["edge_type"]) for one in mine["edges"]}
        edges = {
            (_bare(one["source"]), _bare(one["target"]), one["edge_type"])
            for one in theirs["edges"]
        }
        yield "edges", (sorted(edges - mine_edges), [])

    def _run(self, mine: Any, theirs: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
        for side in ("created", "used"):
            here = {_version(one) for one in mine[side]}
            there = {_version(one) for one in theirs[side]} - self.unlike
            yield side, (sorted(here - self.unlike), sorted(there))


def _bare(node: str) -> str:
    return node.removeprefix("run:")


def _version(one: Mapping[str, Any]) -> str:
    return f"{one['type']}/{one['name']}:v{one['version']}"

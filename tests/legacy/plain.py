"""Small stores written by hand, in the layout of 0.5: for what its own package does not write."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

CREATED_AT = 1_700_000_000.5
FILES = {"a.bin": b"content of a"}


def write_version(
    root: Path,
    name: str = "model-a",
    number: int = 1,
    *,
    type: str = "model",  # noqa: A002 - the format's word
    files: dict[str, bytes] | None = None,
    aliases: dict[str, int] | None = None,
    references: list[Any] | None = None,
    run: str = "",
    manifest: dict[str, Any] | None = None,
    **metadata: Any,
) -> Path:
    """Write a version and add it to the index; ``manifest`` and ``metadata`` replace keys."""
    folder = root / "artifacts" / type / name / f"v{number}"
    contents = FILES if files is None else files
    rows = [_write_file(root, folder, path, content) for path, content in contents.items()]
    given = references or []
    whole = {
        "files": rows, "references": given, "total_size": sum(row["size"] for row in rows),
        "total_files": len(rows), "total_references": len(given), "created_at": CREATED_AT,
    } | (manifest or {})  # fmt: skip
    data = json.dumps(whole, indent=2, ensure_ascii=False)
    (folder / "files").mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(data, encoding="utf-8")
    said = {
        "name": name, "type": type, "version": number, "created_at": CREATED_AT + number,
        "updated_at": CREATED_AT + number, "created_by_run": run, "created_by_user": None,
        "size_bytes": whole["total_size"], "num_files": len(rows), "num_references": len(given),
        "status": "ready", "metadata": {"n": number}, "description": f"number {number}",
        "tags": ["t"], "aliases": ["latest"], "parent_artifacts": [],
        "manifest_digest": hashlib.sha256(data.encode()).hexdigest(),
    } | metadata  # fmt: skip
    (folder / "metadata.json").write_text(json.dumps(said))
    _add_to_index(folder.parent, type, number, said, aliases or {})
    return folder


def _write_file(root: Path, folder: Path, path: str, content: bytes) -> dict[str, Any]:
    sha256 = hashlib.sha256(content).hexdigest()
    pool = root / "artifacts" / ".dedup" / sha256[:2] / sha256
    if not pool.exists():
        pool.parent.mkdir(parents=True, exist_ok=True)
        pool.write_bytes(content)
    target = folder / "files" / path
    target.parent.mkdir(parents=True, exist_ok=True)
    os.link(pool, target)
    return {
        "path": path, "size": len(content), "digest": f"sha256:{sha256}",
        "modified_at": CREATED_AT,
    }  # fmt: skip


def _add_to_index(
    folder: Path, type_: str, number: int, said: dict[str, Any], aliases: dict[str, int]
) -> None:
    path = folder / "versions.json"
    index = json.loads(path.read_text()) if path.exists() else {
        "artifact_name": folder.name, "artifact_type": type_, "versions": [], "aliases": {},
        "created_at": CREATED_AT, "updated_at": CREATED_AT,
    }  # fmt: skip
    row = ("version", "created_at", "created_by_run", "size_bytes", "num_files", "status")
    index["versions"].append({key: said[key] for key in row} | {"aliases": ["latest"]})
    index["aliases"] |= {"latest": number, **aliases}
    index["updated_at"] = CREATED_AT + number
    path.write_text(json.dumps(index))


def write_run(
    root: Path,
    run_id: str,
    *,
    project: str = "p",
    name: str = "n",
    status: str | None = "finished",
    used: list[tuple[str, int]] | None = None,
    made: list[tuple[str, int]] | None = None,
    **meta: Any,
) -> Path:
    """Write a run; ``used`` and ``made`` are (name, number) of models."""
    folder = root / project / name / "runs" / run_id
    folder.mkdir(parents=True)
    said = {"id": run_id, "project": project, "name": name, "created_at": CREATED_AT} | meta
    (folder / "meta.json").write_text(json.dumps(said))
    if status is not None:
        ended = {} if status == "running" else {"ended_at": CREATED_AT + 60}
        content = {"status": status, "started_at": CREATED_AT, **ended}
        (folder / "status.json").write_text(json.dumps(content))
    for file, links in (("artifacts_used.json", used), ("artifacts_created.json", made)):
        if links:
            rows = [_link(one, number) for one, number in links]
            (folder / file).write_text(json.dumps({"artifacts": rows}))
    return folder


def _link(name: str, number: int) -> dict[str, Any]:
    at = CREATED_AT + 30
    return {"name": name, "type": "model", "version": number, "used_at": at, "created_at": at}


def snapshot(root: Path) -> dict[str, tuple[Any, ...]]:
    """Everything of every file that a reader must not change."""
    found = {}
    for path in sorted(root.rglob("*")):
        stat = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found[str(path.relative_to(root))] = (
            stat.st_mode, stat.st_uid, stat.st_size, stat.st_mtime_ns,
            hashlib.sha256(content).hexdigest(),
        )  # fmt: skip
    return found

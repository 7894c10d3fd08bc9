"""Write a store with the real Runicorn 0.5.3: run by the Python of an environment that has it.

    ENVIRONMENT/bin/python tests/legacy/write_store.py ROOT [ARCHIVE]

ARCHIVE is a .tar.xz of it, without what tells of this machine: ``store-0.5.3.tar.xz`` beside this
file was made so, for the tests that run everywhere.

Five types, many versions, duplicates, nested folders, Unicode names, references, tags, aliases, a
lineage with a diamond, soft and permanent deletes, and damage of every kind. What was planted is
printed as JSON: (artifact, what) of each.
"""

import json
import logging
import os
import random
import shutil
import sys
import tarfile
from pathlib import Path

os.environ["RUNICORN_DISABLE_MODERN_STORAGE"] = "1"

from runicorn.artifacts.storage import ArtifactStorage

import runicorn as rn  # the real one

logging.disable(logging.CRITICAL)
RANDOM = random.Random(53)  # noqa: S311 - no secrets


def main(root: Path, archive: Path | None) -> None:
    """Fill ``root``, and print what was damaged."""
    work = root.parent / f"{root.name}-work"
    work.mkdir()
    writer = Writer(root, work)
    writer.log_all()
    planted = Damage(root).plant()
    shutil.rmtree(work)
    if archive is not None:
        pack(root, archive)
    print(json.dumps(planted, ensure_ascii=False, indent=1))  # noqa: T201 - a script


def pack(root: Path, archive: Path) -> None:
    """Write ``root`` as an archive that is anybody's."""
    for path in root.glob("*/*/runs/*/meta.json"):
        meta = json.loads(path.read_text(encoding="utf-8"))
        meta |= {"hostname": "host", "pid": 1, "platform": "Linux", "storage_dir": "/data/runicorn"}
        path.write_text(json.dumps(meta, ensure_ascii=False, indent=2), encoding="utf-8")
    for path in root.rglob("*.lock"):
        path.unlink()
    with tarfile.open(archive, "w:xz", preset=9) as tar:
        tar.add(root, "store", filter=nobodys)


def nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """A file of the archive without its owner."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    if entry.issym():
        entry.linkname = "../../../../../../elsewhere.bin"
    return entry


class Writer:
    """Logs by the package's own SDK."""

    def __init__(self, root: Path, work: Path) -> None:
        self.root, self.work = root, work

    def log_all(self) -> None:
        """Everything."""
        self.datasets()
        self.diamond()
        self.others()
        self.deletes()
        self.to_be_damaged()

    def file(self, name: str, content: bytes) -> Path:
        """A file to log."""
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def log(self, artifact: rn.Artifact, *uses: str, project: str = "vision", name: str = "train"):
        """Log in a run of its own that uses others."""
        run = rn.init(project=project, name=name, storage=str(self.root), capture_env=False)
        for spec in uses:
            run.use_artifact(spec)
        run.log_artifact(artifact)
        run.finish()
        return run

    def alias(self, type_: str, name: str, **aliases: int) -> None:
        """Set aliases, as its viewer does not: in the index."""
        storage = ArtifactStorage(self.root)
        index = storage._load_index(name, type_)
        index.aliases.update(aliases)
        storage._save_index(name, type_, index)

    def datasets(self) -> None:
        """Folders in folders, duplicates, Chinese names, references, an empty file."""
        for number in range(1, 4):
            tree = self.work / f"tree-{number}"
            self.file(f"tree-{number}/readme.md", b"# The same each time\n")
            self.file(f"tree-{number}/空.txt", b"")
            for part in range(5):
                self.file(f"tree-{number}/train/deep/er/{part:03}.bin", RANDOM.randbytes(3000))
            self.file(f"tree-{number}/train/copy.md", b"# The same each time\n")
            data = rn.Artifact(
                "语料-corpus", type="dataset", description=f"第{number}版 of the corpus"
            )
            data.add_dir(tree).add_tags("raw", "中文", f"n{number}")
            data.add_metadata({"rows": 1000 * number, "nested": {"标签": ["a", None, 1.5, True]}})
            data.add_reference(
                "s3://bucket/corpus", checksum="etag:abc", size=1 << 40, region="eu", parts=[1, 2]
            )
            self.log(data, project="数据", name="prepare")
        links = rn.Artifact("only-links", type="dataset")
        links.add_reference("https://example.org/a.tar").add_reference("s3://b/c", size=7)
        self.log(links, project="数据", name="prepare")

    def diamond(self) -> None:
        """corpus → two models → one ensemble; and one run that makes two and uses two."""
        base = RANDOM.randbytes(20_000)
        for number in range(6):
            for side in ("left", "right"):
                content = base + f"{side}-{number}".encode() * 1000
                weights = self.file(f"{side}.pth", content)
                model = rn.Artifact(f"{side}-model", type="model", description=f"{side} {number}")
                model.add_file(weights).add_metadata({"accuracy": 0.5 + number / 100})
                self.log(model.add_tags(side), "语料-corpus:v2", name=side)
        ensemble = rn.Artifact("ensemble", type="model").add_file(self.file("e.bin", b"ensemble"))
        self.log(ensemble, "left-model:v6", "right-model:latest", name="ensemble")
        self.alias("model", "left-model", production=4, staging=6, 生产=2)
        run = rn.init(project="vision", name="two", storage=str(self.root), capture_env=False)
        run.use_artifact("ensemble:v1")
        for name in ("report", "table"):
            one = rn.Artifact(name, type="custom").add_file(self.file(f"{name}.json", b"{}"))
            run.log_artifact(one.add_metadata({"kind": name}))
        run.finish("failed")

    def others(self) -> None:
        """The other types; a name in two types; a file name of many parts."""
        for kind in ("config", "code", "custom"):
            for number in range(3):
                one = rn.Artifact("settings", type=kind)
                one.add_file(
                    self.file("settings.yml", f"{kind}: {number}\n".encode()), "conf/a/b.yml"
                )
                self.log(one, project="platform", name=kind)
        rn.init(project="platform", name="idle", storage=str(self.root), capture_env=False).finish()

    def deletes(self) -> None:
        """Soft: v2 and the last. For ever: v3 (a gap), and one that a run has used."""
        storage = ArtifactStorage(self.root)
        for number in range(1, 7):
            one = rn.Artifact("pruned", type="model").add_file(
                self.file("p.bin", b"p" * number), "p.bin"
            )
            self.log(one, project="vision", name="prune")
        user = rn.Artifact("from-pruned", type="model").add_file(self.file("f.bin", b"f"))
        self.log(user, "pruned:v3", "pruned:v2", name="prune")
        storage.delete_artifact_version("pruned", "model", 2, soft_delete=True)
        storage.delete_artifact_version("pruned", "model", 6, soft_delete=True)
        storage.delete_artifact_version("pruned", "model", 3, soft_delete=False)

    def to_be_damaged(self) -> None:
        """One artifact for each kind of damage, of three versions."""
        for kind in Damage.KINDS:
            for number in range(1, 4):
                content = f"{kind} {number} ".encode() * 500
                one = rn.Artifact(f"bad-{kind}", type="dataset", description="to be damaged")
                one.add_file(self.file("d.bin", content), "sub/d.bin")
                one.add_file(self.file("good.txt", f"good {kind}".encode()))
                self.log(one, project="bad", name=kind)


class Damage:
    """Planted in version 2 of each, but where the whole artifact is meant."""

    KINDS = (
        "flipped", "truncated", "missing", "only-link", "torn-manifest", "torn-metadata",
        "torn-index", "unknown-version", "lost-folder", "no-manifest", "bad-path", "bad-size",
        "bad-created", "nan", "symlink", "old-aliases",
    )  # fmt: skip

    def __init__(self, root: Path) -> None:
        self.root = root

    def plant(self) -> list[list[str]]:
        """All of it."""
        planted = []
        for kind in self.KINDS:
            folder = self.root / "artifacts" / "dataset" / f"bad-{kind}"
            getattr(self, kind.replace("-", "_"))(folder)
            planted.append([f"dataset/bad-{kind}", kind])
        odd = self.root / "artifacts" / "checkpoint" / "odd-type"
        shutil.copytree(self.root / "artifacts" / "model" / "ensemble", odd)
        return [*planted, ["checkpoint/odd-type", "odd type"]]

    def _content(self, folder: Path) -> Path:
        return folder / "v2" / "files" / "sub" / "d.bin"

    def _pool(self, folder: Path) -> Path:
        manifest = json.loads((folder / "v2" / "manifest.json").read_text())
        digest = manifest["files"][0]["digest"].removeprefix("sha256:")
        return self.root / "artifacts" / ".dedup" / digest[:2] / digest

    def _edit(self, path: Path, change) -> None:
        content = json.loads(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8")

    def flipped(self, folder: Path) -> None:
        """One byte, in place: pool and version share the inode."""
        with self._content(folder).open("r+b") as file:
            file.seek(100)
            file.write(b"\xff")

    def truncated(self, folder: Path) -> None:
        """Cut, in place."""
        os.truncate(self._content(folder), 1000)

    def missing(self, folder: Path) -> None:
        """Gone, in the pool too."""
        self._pool(folder).unlink()
        self._content(folder).unlink()

    def only_link(self, folder: Path) -> None:
        """Gone in the version, sound in the pool."""
        self._content(folder).unlink()

    def torn_manifest(self, folder: Path) -> None:
        """Cut in half."""
        os.truncate(folder / "v2" / "manifest.json", 200)

    def torn_metadata(self, folder: Path) -> None:
        """Cut in half."""
        os.truncate(folder / "v2" / "metadata.json", 100)

    def torn_index(self, folder: Path) -> None:
        """Cut in half."""
        os.truncate(folder / "versions.json", 100)

    def unknown_version(self, folder: Path) -> None:
        """The index forgets it."""
        self._edit(folder / "versions.json", lambda index: index["versions"].pop(1))

    def lost_folder(self, folder: Path) -> None:
        """The index knows it, the folder is gone."""
        shutil.rmtree(folder / "v2")

    def no_manifest(self, folder: Path) -> None:
        """Gone."""
        (folder / "v2" / "manifest.json").unlink()

    def bad_path(self, folder: Path) -> None:
        """Leads out."""
        path = folder / "v2" / "manifest.json"
        self._edit(path, lambda one: one["files"][0].update(path="../../../../../etc/passwd"))

    def bad_size(self, folder: Path) -> None:
        """Not even a number."""
        path = folder / "v2" / "manifest.json"
        self._edit(path, lambda one: one["files"][0].update(size="many"))

    def bad_created(self, folder: Path) -> None:
        """A year that no calendar has, and tags that are none."""
        path = folder / "v2" / "metadata.json"
        self._edit(path, lambda one: one.update(created_at=1e300, tags="x", description=7))

    def nan(self, folder: Path) -> None:
        """As 0.5 writes it itself where a loss explodes."""
        path = folder / "v2" / "metadata.json"
        self._edit(path, lambda one: one.update(metadata={"loss": float("nan"), "ok": 1}))

    def symlink(self, folder: Path) -> None:
        """A file that is a link to elsewhere, with the right content."""
        target = self.root / "elsewhere.bin"
        content, pool = self._content(folder), self._pool(folder)
        shutil.copy(content, target)
        content.unlink()
        pool.unlink()
        content.symlink_to(target)

    def old_aliases(self, folder: Path) -> None:
        """Aliases that name nothing, or cannot be."""
        wrong = {"v3": 1, "with space": 2, "gone": 9, "text": "2", "fine": 2}
        self._edit(folder / "versions.json", lambda index: index["aliases"].update(wrong))


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), Path(sys.argv[2]) if sys.argv[2:] else None)

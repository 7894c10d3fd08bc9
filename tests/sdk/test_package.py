"""What ``import runicorn`` brings, and what it does not."""

import inspect
import subprocess
import sys
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import runicorn as rn

if TYPE_CHECKING:
    from collections.abc import Callable


def test_every_public_name_exists() -> None:
    assert [name for name in rn.__all__ if not hasattr(rn, name)] == []


def test_the_package_has_its_types_with_it() -> None:
    assert files("runicorn").joinpath("py.typed").is_file()


def test_importing_the_sdk_loads_neither_django_nor_the_command_line() -> None:
    script = "import runicorn, sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint({"django", "typer", "rich", "runicorn_site", "artifacts", "lineage"})


OUR_OWN = {"team"}
"""Keywords that Runicorn 0.5 did not know; positions stay what they were."""


def test_methods_take_what_runicorn_0_5_took() -> None:
    signatures: dict[Callable[..., Any], list[str]] = {
        rn.Artifact: ["name", "type", "description", "metadata"],
        rn.Artifact.add_file: ["self", "path", "name"],
        rn.Artifact.add_dir: ["self", "path", "name", "exclude_patterns"],
        rn.Artifact.add_reference: ["self", "uri", "checksum", "size", "name", "metadata"],
        rn.Artifact.add_metadata: ["self", "metadata"],
        rn.Artifact.add_tags: ["self", "tags"],
        rn.Artifact.get_file_path: ["self", "file_path"],
        rn.Run.finish: ["self", "status"],
    }
    for function, names in signatures.items():
        parameters = inspect.signature(function).parameters
        assert [name for name in parameters if name not in OUR_OWN] == names
        ours = [parameters[name].kind for name in OUR_OWN.intersection(parameters)]
        assert set(ours) <= {inspect.Parameter.KEYWORD_ONLY}
    assert set(inspect.signature(rn.init).parameters) == {
        "project",
        "storage",
        "run_id",
        "name",
        "capture_env",
        "mode",  # our own
    }


def test_python_m_runicorn_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "runicorn", "--version"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == f"runicorn {rn.__version__}\n"

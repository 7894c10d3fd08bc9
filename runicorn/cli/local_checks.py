"""What ``runicorn doctor`` looks at on this machine: disk space, optional wheels, proxies."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from runicorn.cache import open_cache
from runicorn.cli.finding import Finding, Status
from runicorn.cli.text import human_size
from runicorn.proxies import proxy_for

LITTLE_SPACE_BYTES = 1 << 30
DEDUP_WHEELS = ("blake3", "pyfastcdc")


def check_disk(folder: Path) -> Finding:
    """Whether downloads fit where they go: below ``folder``, if nothing else is said."""
    if not os.access(folder, os.W_OK):
        advice = "Give `runicorn artifacts get NAME DIR` a folder that may be written."
        return Finding("disk", Status.WARNING, f"{folder} may not be written", advice)
    free = shutil.disk_usage(folder).free
    summary = f"{human_size(free)} free in {folder}"
    if free < LITTLE_SPACE_BYTES:
        advice = "Make room, or work in a folder on a larger disk."
        return Finding("disk", Status.WARNING, summary, advice)
    return Finding("disk", Status.OK, summary)


def check_cache() -> Finding:
    """How full the cache of downloads is, and whether it can be written."""
    try:
        cache = open_cache()
    except ValueError as error:
        return Finding("cache", Status.FAILURE, str(error), "Set it anew, or `unset` it.")
    if cache is None:
        return Finding("cache", Status.OK, "none: downloads are not kept for the next time")
    used = sum(one.size_bytes for one in cache.list_files())
    summary = f"{human_size(used)} of at most {human_size(cache.max_bytes)} in {cache.root}"
    if not os.access(cache.root, os.W_OK):
        advice = "Nothing new is kept there; RUNICORN_HOME names another folder."
        return Finding("cache", Status.WARNING, f"{cache.root} may not be written", advice)
    return Finding("cache", Status.OK, summary)


def check_wheels() -> Finding:
    """Whether the extra ``dedup`` is installed: it is optional, so its absence is no warning."""
    missing = [name for name in DEDUP_WHEELS if find_spec(name) is None]
    if not missing:
        return Finding("wheels", Status.OK, "dedup: of large files only new bytes are sent")
    advice = 'To send only what the server lacks: pip install ".[dedup]" in the portal\'s folder.'
    summary = f"dedup is not installed ({', '.join(missing)}): large files are sent whole"
    return Finding("wheels", Status.OK, summary, advice)


def check_proxies(url: str) -> Finding:
    """Through which proxy the way to ``url`` leads; never its password."""
    try:
        proxy = proxy_for(url)
    except ValueError as error:
        return Finding("proxies", Status.FAILURE, "a proxy that cannot be used", str(error))
    if proxy is None:
        return Finding("proxies", Status.OK, "none on the way to the server")
    return Finding("proxies", Status.OK, f"through {proxy.url}, as the environment says")

"""What ``runicorn doctor`` looks at on this machine: disk space, optional wheels, proxies."""

import ipaddress
import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from runicorn.cli.finding import Finding, Status
from runicorn.cli.text import human_size

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


def check_wheels() -> Finding:
    """Whether the extra ``dedup`` is installed: it is optional, so its absence is no warning."""
    missing = [name for name in DEDUP_WHEELS if find_spec(name) is None]
    if not missing:
        return Finding("wheels", Status.OK, "dedup: of large files only new bytes are sent")
    advice = 'To send only what the server lacks: pip install ".[dedup]" in the portal\'s folder.'
    summary = f"dedup is not installed ({', '.join(missing)}): large files are sent whole"
    return Finding("wheels", Status.OK, summary, advice)


def check_proxies(url: str) -> Finding:
    """Whether variables ask for a proxy on the way to ``url``; never what they hold."""
    parts = urlsplit(url)
    asked = [f"{name}_proxy" for name in (parts.scheme, "all") if name in getproxies()]
    if not asked or is_this_machine(parts.hostname or "") or proxy_bypass(parts.netloc):
        return Finding("proxies", Status.OK, "no variable asks for one on the way to the server")
    advice = (
        "runicorn connects directly; where only the proxy reaches the server, that fails. "
        "Where it need not, add the server's host to NO_PROXY, and this is quiet."
    )
    return Finding("proxies", Status.WARNING, f"{', '.join(asked)} set, but not used", advice)


def is_this_machine(host: str) -> bool:
    """Whether ``host`` can be no other machine than this one."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")

"""docs/settings.md has every setting and every refusal, and no other."""

import re

from runicorn_site import checks
from tests.live import MANAGE

ROOT = MANAGE.parent
DOCUMENT = (ROOT / "docs" / "settings.md").read_text()


def test_every_setting_is_documented() -> None:
    readers = (
        "runicorn_site/settings.py", "runicorn_site/embedded.py", "runicorn/config.py",
        "runicorn/home.py",
        "accounts/management/commands/createadmin.py",
    )  # fmt: skip
    sources = [ROOT / name for name in readers]
    read = r"""(?:env\.\w+|environ\.get)\(\s*["'](\w+)["']"""
    used = {name for path in sources for name in re.findall(read, path.read_text())}
    assert len(used) > 10
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", DOCUMENT, re.MULTILINE))
    assert used == documented


def test_every_check_is_documented() -> None:
    source = (ROOT / "runicorn_site" / "checks.py").read_text()
    raised = re.findall(r'id="(runicorn\.E\d+)"', source)
    assert checks.__doc__
    assert set(raised) == set(re.findall(r"^\| `(runicorn\.E\d+)` \|", DOCUMENT, re.MULTILINE))
    assert len(raised) == len(set(raised))

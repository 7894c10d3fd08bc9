"""What each part of the team works on. Later projects use what earlier ones make."""

from examples.demo.moments import Execution, Product, schedule
from examples.demo.projects.forecast import FORECAST
from examples.demo.projects.guide import GUIDE
from examples.demo.projects.platform import PLATFORM
from examples.demo.projects.support import SUPPORT
from examples.demo.projects.vision import VISION

PROJECTS = (PLATFORM, SUPPORT, VISION, FORECAST)


def plan(scale: float = 1.0) -> list[Execution]:
    """Every run in its order; the guide, which tells that the demo is complete, is the last."""
    return [*schedule(PROJECTS, scale), *schedule((GUIDE,))]


def products() -> list[Product]:
    """Every artifact there will be."""
    return [product for one in (*PROJECTS, GUIDE) for step in one.steps for product in step.makes]

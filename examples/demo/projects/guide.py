"""The last artifact, which says what to look at."""

from examples.demo.moments import Product, Project, Step
from examples.demo.texts import guide

NAME = "about-this-demo"

CHAPTERS = (
    "`ticket-router` has the longest story: its aliases moved often, each time with a comment.",
    "The lineage of `ticket-router-report` leads back to `tickets-raw`, through a diamond.",
)

GUIDE = Project(
    "platform",
    (
        Step(
            "write-guide",
            1,
            (
                Product(
                    NAME, "custom", guide("About this demo", CHAPTERS), "What to look at first."
                ),
            ),
        ),
    ),
)

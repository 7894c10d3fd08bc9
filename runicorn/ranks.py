"""Which of the processes of one job this is: they may share a run by ``RUNICORN_RUN_ID``."""

import os
from collections.abc import Mapping

RANK_VARIABLES = ("RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID")
"""What torchrun, MPI and Slurm call the number of a process, the first that is set counts."""


def is_main_process(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this is rank 0, or no rank at all."""
    given = next((environ[name] for name in RANK_VARIABLES if environ.get(name)), "0")
    return given.strip() == "0"

"""Fill a portal with what a small team made in months: ``make demo``.

Where a portal runs, and has no artifacts, it is filled. Where none runs, one is started on a data
folder of its own (``var-demo``, or ``RUNICORN_DATA_DIR``), filled unless it is, and served until
Ctrl-C. Exits 1, with nothing changed, on a portal that holds something else.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import runicorn as rn
from examples.demo.filling import State, fill, find_state
from examples.demo.serving import DATA_DIR, NotStarted, find_address, is_running, serve
from runicorn.config import Config

REFUSALS = {
    State.BROKEN_OFF: (
        "holds a demo that broke off. Begin again on an empty data folder: stop the portal, remove"
        " its folder (var-demo, unless another was named), then `make demo`."
    ),
    State.TAKEN: (
        "holds other artifacts; the demo fills an empty portal. Start one beside it:"
        " RUNICORN_PORT=23301 make demo"
    ),
}


class Refused(Exception):  # noqa: N818 (says what is the matter)
    """The portal is not filled; the text says why."""


def main(arguments: list[str] | None = None) -> int:
    """Fill a portal; the exit status."""
    options = _parse(arguments)
    try:
        config = Config.from_environment(url=find_address())
        if is_running(config):
            fill_once(rn.Client(config), options.scale)
        else:
            _fill_and_serve(config, options.scale)
    except KeyboardInterrupt:
        print()
    except (Refused, NotStarted, rn.RunicornError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def fill_once(client: rn.Client, scale: float) -> None:
    """Fill an empty portal; leave alone one that has the demo. Raises Refused for any other."""
    state = find_state(client)
    if state is State.COMPLETE:
        print(f"The demo is at {client.url} already: nothing is added.")
        return
    if state is not State.EMPTY:
        raise Refused(f"The portal at {client.url} {REFUSALS[state]}")
    print(f"Filling the portal at {client.url} …")
    began = time.monotonic()
    count = fill(client, scale=scale)
    _sum_up(client, count, time.monotonic() - began)


def _fill_and_serve(config: Config, scale: float) -> None:
    if os.environ.get("RUNICORN_TRACKING_URI"):
        raise Refused(f"No portal answers at {config.url} (RUNICORN_TRACKING_URI).")
    data_dir = Path(os.environ.get("RUNICORN_DATA_DIR") or DATA_DIR).absolute()
    print(f"No portal runs at {config.url}: starting one on {data_dir} …")
    with serve(config, data_dir) as process:
        fill_once(rn.Client(config), scale)
        print(f"Serving {config.url} until Ctrl-C.")
        process.wait()


def _sum_up(client: rn.Client, count: int, seconds: float) -> None:
    stats = client.get_stats()
    logical, stored = stats["total_size_bytes"], stats["dedup_pool_size_bytes"]
    print(
        f"Logged {count} versions of {stats['total_artifacts']} artifacts in {seconds:.0f} s.\n"
        f"Stored {stored / 1e6:.0f} MB for {logical / 1e6:.0f} MB: "
        f"{stats['dedup_ratio']:.0%} saved."
    )


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument(
        "--scale", type=float, default=1.0, help="how often everything is repeated (0.1: little)"
    )
    options = parser.parse_args(arguments)
    if not 0 < options.scale <= 1:
        parser.error("--scale is more than 0 and at most 1")
    return options


if __name__ == "__main__":
    sys.exit(main())

"""Many jobs at once: all succeed, or all stop."""

import threading
import time
from functools import partial

import pytest

from runicorn.errors import TransferStopped
from runicorn.transfer import Transfer
from runicorn.transport import WORKERS
from tests.sdk.conftest import Ledger


def test_results_come_in_the_order_of_the_jobs() -> None:
    def job(number: int) -> int:
        time.sleep(0.01 * (5 - number))
        return number

    assert Transfer().run([partial(job, number) for number in range(5)]) == list(range(5))


def test_no_jobs_are_fine() -> None:
    assert Transfer().run([]) == []


def test_several_jobs_run_at_once() -> None:
    together = threading.Barrier(WORKERS, timeout=10)
    assert len(Transfer().run([together.wait] * WORKERS)) == WORKERS


def test_no_more_jobs_run_at_once_than_there_are_workers() -> None:
    lock, running, most = threading.Lock(), [0], [0]

    def job() -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.01)
        with lock:
            running[0] -= 1

    Transfer().run([job] * (4 * WORKERS))
    assert most[0] == WORKERS


def test_the_first_failure_is_raised_and_ends_the_running_jobs() -> None:
    transfer, ended = Transfer(), []

    def endless() -> None:
        try:
            while True:
                transfer.advance(0)
                time.sleep(0.001)
        except TransferStopped:
            ended.append(1)
            raise

    def fail() -> None:
        raise OSError("disk on fire")

    with pytest.raises(OSError, match="disk on fire"):
        transfer.run([endless, endless, fail])
    assert ended == [1, 1]


def test_jobs_that_have_not_begun_are_dropped_after_a_failure() -> None:
    begun: list[int] = []

    def fail(number: int) -> None:
        begun.append(number)
        time.sleep(0.01)
        raise ValueError(str(number))

    with pytest.raises(ValueError, match=r"\d"):
        Transfer().run([partial(fail, number) for number in range(100)])
    assert len(begun) < 50


def test_progress_is_passed_on_until_the_lot_is_stopped() -> None:
    ledger = Ledger()
    transfer = Transfer(ledger)
    transfer.start("Doing", 10)
    transfer.advance(7)
    transfer.advance(-2)
    with pytest.raises(ZeroDivisionError):
        transfer.run([lambda: 1 // 0])
    with pytest.raises(TransferStopped):
        transfer.advance(1)
    assert (ledger.totals, ledger.done) == ({"Doing": 10}, {"Doing": 5})


def test_a_lot_can_have_several_phases() -> None:
    transfer = Transfer()
    assert transfer.run([lambda: 1]) == [1]
    assert transfer.run([lambda: 2]) == [2]

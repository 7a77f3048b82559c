"""Batches made ahead in background threads: the same ones in the same order, and a clean end."""

import threading
import time

import pytest

from glioma_uq.training.batches import prefetch


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_results_come_in_order_whoever_is_ready_first(workers):
    def work(number):
        time.sleep(0.01 * (number % 3))
        return number**2

    assert list(prefetch(work, range(8), workers)) == [number**2 for number in range(8)]


@pytest.mark.parametrize("workers", [1, 2])
def test_no_more_than_the_workers_results_wait(workers):
    begun = []
    results = prefetch(begun.append, range(10), workers)
    next(results)
    time.sleep(0.1)
    assert len(begun) == 1 + workers
    results.close()


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_an_error_is_raised_where_its_result_is_taken_and_no_thread_is_left(workers):
    before = threading.active_count()
    results = prefetch(lambda number: 1 / (2 - number), range(100), workers)
    assert [next(results), next(results)] == [0.5, 1.0]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert threading.active_count() == before


def test_no_thread_is_left_when_the_rest_is_not_wanted():
    before, done = threading.active_count(), []
    results = prefetch(done.append, range(1000), 2)
    next(results)
    results.close()
    assert threading.active_count() == before
    assert len(done) < 10

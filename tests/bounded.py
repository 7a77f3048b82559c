"""A function run in a child process that has little memory and little time."""

import multiprocessing
import resource

import psutil

MORE_BYTES = 2**29  # beyond what the process has: half of what a bomb would take
LONGEST_S = 20


def in_bounds(function, *arguments):
    """Return the sentence that a function raises, or its answer as text; TimeoutError if slow.

    A function that asks for more memory than MORE_BYTES gets a MemoryError, which is returned.
    """
    context = multiprocessing.get_context("fork")
    mine, theirs = context.Pipe()
    child = context.Process(target=_answer, args=(theirs, function, arguments))
    child.start()
    try:
        if not mine.poll(LONGEST_S):
            raise TimeoutError(f"{function.__name__} takes more than {LONGEST_S} s")
        return mine.recv()
    finally:
        child.kill()
        child.join()


def _answer(pipe, function, arguments):
    bound = psutil.Process().memory_info().vms + MORE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    try:
        said = str(function(*arguments))
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
    pipe.send(said)

"""Shared code of the benchmarks: options with --quick, timing, peak memory, new processes.

Importing it puts the library on the path. It imports nothing large, since imports add to the
memory of a process that measures itself.
"""

import re
import sys
import time
from argparse import ArgumentParser
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow_scripts"))


def parser_of(doc, **sizes):
    """Return a parser with --quick and one option for each of `sizes`.

    `sizes`: {name: (default, default with --quick)}, numbers of one type.
    """
    parser = ArgumentParser(description=doc.splitlines()[0], allow_abbrev=False)
    parser.add_argument(
        "--quick", action="store_true", help="a run of seconds, whose numbers mean nothing"
    )
    for name, values in sizes.items():
        parser.add_argument(
            f"--{name}",
            type=type(values[0]),
            default=values["--quick" in sys.argv],
            help=f"default: {values[0]}, with --quick {values[1]}",
        )
    return parser


def run(main):
    """Run `main` and exit; bad or missing input gives status 2 and the error's sentence."""
    from glioma_uq.errors import BadInput

    try:
        sys.exit(main())
    except BadInput as error:
        print(error, file=sys.stderr)
        sys.exit(2)


def now():
    """Return a time in seconds: CPU time if torch has one thread, else wall time.

    CPU time hardly depends on other processes of the machine.
    """
    import torch

    return time.process_time() if torch.get_num_threads() == 1 else time.perf_counter()


def timed(work):
    """Return the result of work(), and its seconds by `now`."""
    start = now()
    result = work()
    return result, now() - start


def peak_mb(process="self"):
    """Return the peak resident memory of a process, by its number, in units of 2**20 bytes."""
    found = re.search(
        r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    )
    return int(found[1]) / 1024 if found else 0.0


def in_a_new_process(function, *arguments):
    """Return the function's result, computed in a new process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()

"""What the benchmarks share: options with --quick, seconds, peak memory, processes of their own.

Importing it puts the library on the path. It runs nothing by itself, and loads nothing large:
a process that measures its memory holds what it imports.
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
        "--quick", action="store_true", help="the same in seconds; its figures mean nothing"
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
    """Run `main` and exit; with status 2 and the error's sentence where input is bad or absent."""
    from glioma_uq.errors import BadInput

    try:
        sys.exit(main())
    except BadInput as error:
        print(error, file=sys.stderr)
        sys.exit(2)


def now():
    """Return a time in seconds: of CPU where torch has one thread, else by the clock.

    Other processes of the machine hardly move seconds of CPU.
    """
    import torch

    return time.process_time() if torch.get_num_threads() == 1 else time.perf_counter()


def timed(work):
    """Return what work() returns, and its seconds by `now`."""
    start = now()
    result = work()
    return result, now() - start


def peak_mb(process="self"):
    """Return the peak resident memory of a process, by its number, in units of 2**20 bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def in_a_new_process(function, *arguments):
    """Return what the function returns, from a process that ends with it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()

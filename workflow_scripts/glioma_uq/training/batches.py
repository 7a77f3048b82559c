"""Batches: their composition, and loading them in the background."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch

from glioma_uq.devices import to_device
from glioma_uq.tasks import TASKS


def even_batches(cases, batch_size, rng=None):
    """Split into batches of nearly equal size, of at most `batch_size` cases; `rng` shuffles them.

    Batch normalisation cannot use a single case, and convolutions are slow for one: if one would
    be left over (batches of 2, an odd number of cases), one batch has three.
    """
    order = np.asarray(cases, dtype=object)
    order = order if rng is None else rng.permutation(order)
    number = -(-len(order) // batch_size)
    if batch_size > 1 and 1 < len(order) < 2 * number:
        number -= 1
    return [list(part) for part in np.array_split(order, number)]


class Batch(NamedTuple):
    """Cases stacked along the first axis; B' <= B of them have a reference."""

    images: torch.Tensor  # (B, modalities, X, Y, Z)
    tumour: torch.Tensor | None  # (B', 1, X, Y, Z), class indices as floats; None for B' = 0
    has_segmentation: torch.Tensor  # (B,) bool, which cases have a reference
    labels: dict  # class indices by task, each (B,), -1 where unknown

    def to(self, device):
        """Copy to `device`; images channels last, the faster layout for convolutions."""
        return Batch(
            to_device(self.images, device),
            None if self.tumour is None else self.tumour.to(device, non_blocking=True),
            self.has_segmentation.to(device),
            {task: values.to(device) for task, values in self.labels.items()},
        )


def stack_cases(cases, pinned=False):
    """Return the `Batch` of some cases, in pinned memory for a GPU."""
    images = torch.stack([case.images for case in cases])
    images = images.contiguous(memory_format=torch.channels_last_3d)
    tumour = [case.tumour for case in cases if case.tumour is not None]
    tumour = torch.stack(tumour) if tumour else None
    if pinned:
        images, tumour = images.pin_memory(), None if tumour is None else tumour.pin_memory()
    has_segmentation = torch.tensor([case.tumour is not None for case in cases])
    labels = {task: torch.stack([case.labels[task] for case in cases]) for task in TASKS}
    return Batch(images, tumour, has_segmentation, labels)


def prefetch(function, items, workers):
    """Yield function(item) for every item, in order, computed ahead in background threads.

    At most `workers` results are computed ahead; with 0 workers each is computed on demand.
    The result of an item must not depend on the others. An exception in a worker is raised
    where its result would be yielded, and cancels the rest.
    """
    if not workers:
        yield from map(function, items)
        return
    pool, waiting = ThreadPoolExecutor(workers, thread_name_prefix="batches"), deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)

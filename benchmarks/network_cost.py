"""Cost of a network: its parameters, and the multiply-accumulates of its convolutions.

Networks are built on torch's meta device, where tensors have shapes but no values, so counting
takes almost no memory or time.

    python benchmarks/network_cost.py [--edge 128] [--quick]

Last line: `11 networks at 128 cubed voxels`
"""

from typing import NamedTuple

import pandas as pd
import torch
from harness import parser_of, run
from torch.utils.flop_counter import FlopCounterMode

from glioma_uq.networks import build_network, list_networks


class Cost(NamedTuple):
    """The cost of a network.

    Attributes:
        parameters: number of trained values.
        inference_parameters: those that the logits need, without heads used only in training.
        macs: multiply-accumulates of all convolutions in one pass in evaluation mode.
    """

    parameters: int
    inference_parameters: int
    macs: int


@torch.no_grad()
def count_macs(network, images):
    """Return the multiply-accumulates of all convolutions, also transposed ones, in one pass.

    Padding is counted. The network is set to evaluation mode.
    """
    with FlopCounterMode(display=False) as counter:
        network.eval()(images)
    # torch counts a multiplication and its addition as two operations.
    return counter.get_flop_counts()["Global"].get(torch.ops.aten.convolution, 0) // 2


def count_parameters(network):
    """Return the number of parameters in training, and of those that the logits need."""
    sizes = {name: p.numel() for name, p in network.named_parameters()}
    only_in_training = getattr(network, "ONLY_IN_TRAINING", ())  # how their names begin
    needed = [n for name, n in sizes.items() if not name.startswith(only_in_training)]
    return sum(sizes.values()), sum(needed)


def cost_of(name, shape=(128, 128, 128), modalities=4, **options):
    """Return the `Cost` of one pass of one case.

    Args:
        name, modalities, options: of the network, as `build_network` takes them.
        shape: (X, Y, Z) of the images.
    """
    with torch.device("meta"):
        network = build_network(name, modalities=modalities, **options)
        images = torch.empty(1, modalities, *shape)
        return Cost(*count_parameters(network), count_macs(network, images))


def main():
    """Print the costs of all networks with their default options, one row for each."""
    edge = parser_of(__doc__, edge=(128, 32)).parse_args().edge
    rows = {name: cost_of(name, (edge,) * 3)._asdict() for name in list_networks()}
    print(pd.DataFrame.from_dict(rows, orient="index").rename_axis("network").to_string())
    print(f"{len(rows)} networks at {edge} cubed voxels")


if __name__ == "__main__":
    run(main)

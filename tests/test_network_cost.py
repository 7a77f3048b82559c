"""The cost of networks: worked examples of one layer, the published figures."""

import pytest
import torch
from network_cost import cost_of, count_macs
from torch import nn


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (nn.Conv3d(4, 6, 3, padding=1), 6**3 * 6 * 4 * 27),
        (nn.Conv3d(4, 6, 3, padding=1, groups=2), 6**3 * 6 * 2 * 27),
        (nn.Conv3d(4, 6, (3, 3, 1), padding=(1, 1, 0)), 6**3 * 6 * 4 * 9),
        (nn.Conv3d(4, 6, 2, stride=2), 3**3 * 6 * 4 * 8),
        (nn.ConvTranspose3d(4, 6, 2, stride=2), 6**3 * 4 * 6 * 8),
        (nn.ConvTranspose3d(4, 6, 2, stride=2, groups=2), 6**3 * 4 * 3 * 8),
        (nn.Linear(6, 9), 0),
    ],
    ids=str,
)
def test_the_multiplications_of_a_layer_are_those_of_its_formula(layer, expected):
    assert count_macs(layer, torch.empty(1, 4, 6, 6, 6)) == expected


def test_a_layer_called_twice_counts_twice():
    layer = nn.Conv3d(4, 4, 1)
    assert count_macs(nn.Sequential(layer, layer), torch.empty(1, 4, 2, 2, 2)) == 2 * 8 * 16


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dmfnet", (3_875_890, 3_875_890, 26_362_773_504)),
        ("dmfnet-umodule", (3_983_986, 3_875_890, 26_362_773_504)),
    ],
)
def test_the_networks_cost_what_was_published(name, expected):
    assert cost_of(name) == expected


def test_csnet_costs_about_202_000_multiplications_for_each_voxel_of_a_large_volume():
    cost = cost_of("csnet", (480, 480, 480))
    assert cost.parameters == 25_534_121
    assert cost.macs / 480**3 == pytest.approx(202_000, rel=0.01)


def test_padding_costs_and_options_count():
    small, padded = cost_of("dmfnet", (32, 32, 32)), cost_of("dmfnet", (17, 20, 24))
    assert padded == small
    assert cost_of("dmfnet", (32, 32, 32), modalities=3).macs == small.macs - 16**3 * 32 * 27

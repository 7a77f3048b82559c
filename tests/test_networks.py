"""The networks: sizes from the papers, shapes, and nothing random at evaluation."""

import pytest
import torch

from glioma_uq.errors import BadInput
from glioma_uq.networks import build_network


def parameters(**options):
    return sum(p.numel() for p in build_network("csnet", **options).parameters())


def test_csnet_has_the_published_number_of_parameters():
    assert parameters(width=32) == 25_534_121


def test_standardised_features_add_no_parameters():
    assert parameters(width=4, feature_standardisation=True) == parameters(width=4)


@pytest.mark.parametrize("dropout", ["channel", "element"])
@pytest.mark.parametrize("shape", [(24, 24, 24), (19, 23, 20)])
def test_csnet_returns_logits_of_every_task_at_any_size(shape, dropout):
    network = build_network("csnet", width=2, rate=0.5, dropout=dropout).eval()
    logits = network(torch.randn(2, 4, *shape))
    assert logits["segmentation"].shape == (2, 2, *shape)
    assert [logits[task].shape[1] for task in ("idh", "1p19q", "grade")] == [2, 2, 3]


def test_csnet_has_ten_dropout_layers_of_one_rate():
    network = build_network("csnet", width=2, rate=0.35)
    rates = [m.p for m in network.modules() if isinstance(m, torch.nn.modules.dropout._DropoutNd)]
    assert rates == [0.35] * 10


def test_an_unknown_network_is_refused_with_the_known_ones():
    with pytest.raises(BadInput, match="expected a network among csnet, found 'unet'"):
        build_network("unet")

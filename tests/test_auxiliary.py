"""Weights of auxiliary terms: the paper's by default, whole at the ends of every schedule."""

import pytest
import torch

from glioma_uq.training.auxiliary import AuxiliaryWeights, sum_of_terms


def test_the_default_is_the_papers():
    weights = AuxiliaryWeights()
    assert [weights.at(epoch, 500) for epoch in (1, 20)] == [(0.5, 0.5)] * 2
    assert [weights.at(epoch, 500) for epoch in (21, 500)] == [(1.0, 0.05)] * 2


@pytest.mark.parametrize("epochs", [25, 500])
def test_a_fraction_follows_the_number_of_epochs(epochs):
    weights, last = AuxiliaryWeights("fraction", share=0.2), epochs // 5
    assert weights.at(last, epochs) == (0.5, 0.5)
    assert weights.at(last + 1, epochs) == (1.0, 0.05)


def test_a_ramp_goes_in_equal_steps_from_the_first_weights_to_the_last():
    weights = AuxiliaryWeights("ramp", until=4, before=(0.0, 1.0), after=(1.0, 0.0))
    found = [weights.at(epoch, 9)[0] for epoch in range(1, 8)]
    assert found == [0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 1.0]


def test_constant_weights_are_the_last_ones():
    assert AuxiliaryWeights("constant").at(1, 500) == (1.0, 0.05)


def test_relative_terms_are_not_in_the_sum():
    terms = {"a": torch.tensor(1.0), "a_relative": torch.tensor(7.0), "b": torch.tensor(2.0)}
    assert float(sum_of_terms(terms)) == 3.0
    assert sum_of_terms({"a_relative": torch.tensor(1.0)}) is None
    assert sum_of_terms({}) is None

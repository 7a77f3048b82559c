"""Weights of auxiliary terms: the paper's by default, whole at the ends of every schedule."""

import pytest
import torch
from configs import checked, read

from glioma_uq.errors import BadInput
from glioma_uq.plans.cohort import CohortPlan
from glioma_uq.plans.study import StudyPlan
from glioma_uq.training.auxiliary import AuxiliaryWeights, sum_of_terms
from glioma_uq.training.settings import Settings


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


def test_a_network_may_have_weights_of_its_own():
    """NVDLMED's are those of its own paper, all the time; others keep those of U-Modules."""
    config = checked({}, read("studies/small_tumours.yaml"))
    plan = StudyPlan(config, CohortPlan(config))
    found = {name: Settings(**plan.training_of(name)).auxiliary for name in config["networks"]}
    its_own = found.pop("segresnet-vae")
    assert [its_own.at(epoch, 500) for epoch in (1, 500)] == [(1.0, 0.1)] * 2
    assert all(weights.at(21, 500) == (1.0, 0.05) for weights in found.values())
    assert "by_network" in config["training"]["auxiliary"]


def test_weights_of_a_network_that_is_not_in_the_study_are_refused():
    weights = {"by_network": {"segresnet": {"schedule": "constant"}}}
    with pytest.raises(BadInput, match="by_network, found 'segresnet': did you mean 'segresnet-v"):
        checked({"training": {"auxiliary": weights}}, read("studies/small_tumours.yaml"))


def test_relative_terms_are_not_in_the_sum():
    terms = {"a": torch.tensor(1.0), "a_relative": torch.tensor(7.0), "b": torch.tensor(2.0)}
    assert float(sum_of_terms(terms)) == 3.0
    assert sum_of_terms({"a_relative": torch.tensor(1.0)}) is None
    assert sum_of_terms({}) is None

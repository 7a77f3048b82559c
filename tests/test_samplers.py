"""Samplers: what each draws follows from weights, case, seed and number alone."""

import copy

import numpy as np
import pytest
import torch
from error_bounds import FORMULA

from glioma_uq.grid import ENSEMBLES
from glioma_uq.networks import build_network
from glioma_uq.sampling.samplers import ORIENTATIONS, SAMPLERS, open_sampler, orient, orient_back


@pytest.fixture(scope="module")
def networks():
    made = []
    for seed in range(3):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            made.append(build_network("csnet", width=2, rate=0.4, dropout="element"))
    return made


@pytest.fixture(scope="module")
def images():
    return torch.randn((1, 4, 9, 10, 12), generator=torch.Generator().manual_seed(1))


def drawn(name, networks, images, numbers, case="a", seed=5):
    asked = networks if name in ENSEMBLES else networks[:1]
    with open_sampler(name, asked, seed) as sampler:
        return sampler.draw(images, case, numbers)


def flat(sample):
    return torch.cat([sample[task].flatten() for task in sorted(sample)])


@pytest.mark.parametrize("name", SAMPLERS)
def test_samples_are_probabilities_on_the_grid_of_the_case(networks, images, name):
    (sample,) = drawn(name, networks, images, [1])
    assert sample["segmentation"].shape == (2, 9, 10, 12)
    assert all(p.sum(0).allclose(torch.ones(())) for p in sample.values())


@pytest.mark.parametrize("name", [n for n in SAMPLERS if n != "deterministic"])
@pytest.mark.usefixtures("float64")
def test_sample_t_depends_on_its_number_and_not_on_the_others(networks, images, name):
    networks, images = [copy.deepcopy(n).double() for n in networks], images.double()
    together = drawn(name, networks, images, [1, 2, 3])
    (alone,) = drawn(name, networks, images, [2])
    torch.testing.assert_close(flat(together[1]), flat(alone), **FORMULA)
    assert not torch.allclose(flat(together[0]), flat(together[1]))


@pytest.mark.parametrize("name", SAMPLERS)
def test_the_buffers_of_the_networks_stay_bit_identical(networks, images, name):
    before = [x.clone() for network in networks for x in network.state_dict().values()]
    drawn(name, networks, images, [1])
    after = [x for network in networks for x in network.state_dict().values()]
    assert all(torch.equal(*pair) for pair in zip(before, after, strict=True))


def test_a_deterministic_network_says_the_same_to_every_seed(networks, images):
    one = drawn("deterministic", networks, images, [1], seed=1)
    other = drawn("deterministic", networks, images, [1], seed=2)
    assert torch.equal(flat(one[0]), flat(other[0]))


def test_sample_t_of_a_deep_ensemble_is_that_of_its_member_alone(networks, images):
    samples = drawn("deep-ensemble", networks, images, [1, 2, 3])
    for network, sample in zip(networks, samples, strict=True):
        (alone,) = drawn("deterministic", [network], images, [1])
        assert torch.equal(flat(alone), flat(sample))


def test_members_of_an_mc_dropout_ensemble_take_turns(networks, images):
    samples = drawn("mc-dropout-ensemble", networks, images, [1, 2, 3, 4])
    for number in (2, 4):
        member = networks[(number - 1) % 3]
        (alone,) = drawn("mc-dropout", [member], images, [number])
        assert torch.equal(flat(alone), flat(samples[number - 1]))


def test_there_are_48_orientations_and_the_first_leaves_a_volume_as_it_is():
    volume = torch.arange(27.0).reshape(1, 3, 3, 3)
    turned = {tuple(orient(volume, *o).flatten().tolist()) for o in ORIENTATIONS}
    assert len(turned) == len(ORIENTATIONS) == 48
    assert torch.equal(orient(volume, *ORIENTATIONS[0]), volume)


@pytest.mark.parametrize("orientation", ORIENTATIONS, ids=str)
def test_a_pose_is_undone_on_any_shape(orientation):
    volume = torch.randn(2, 3, 4, 5)
    assert torch.equal(orient_back(orient(volume, *orientation), *orientation), volume)


class Brightness(torch.nn.Module):
    """Calls bright voxels tumour: what it says of a voxel does not depend on the orientation."""

    def forward(self, images):
        seen = torch.stack([-images[:, 0], images[:, 0]], dim=1)
        return {"segmentation": seen, "idh": images[:, :2, 0, 0, 0]}


@pytest.mark.usefixtures("float64")
def test_maps_are_turned_back_so_that_equal_opinions_agree(images):
    samples = drawn("test-time-augmentation", [Brightness()], images.double(), range(1, 49))
    maps = torch.stack([sample["segmentation"] for sample in samples])
    torch.testing.assert_close(maps, maps[:1].expand_as(maps), **FORMULA)
    corners = {round(float(sample["idh"][0]), 6) for sample in samples}
    assert len(corners) > 1  # the orientations did differ


def test_poses_come_in_an_order_of_the_cases_own_after_the_untouched_one(images):
    first = drawn("test-time-augmentation", [Brightness()], images, [1], case="a")
    also = drawn("test-time-augmentation", [Brightness()], images, [1], case="b")
    assert torch.equal(flat(first[0]), flat(also[0]))
    many = [
        np.array([float(s["idh"][0]) for s in drawn("test-time-augmentation", [Brightness()],
                                                   images, range(1, 49), case=case)])
        for case in "ab"
    ]  # fmt: skip
    assert not np.array_equal(*many)
    np.testing.assert_array_equal(*map(np.sort, many))

"""Padding: up to the next multiple, zeros at the end, and nothing lost on the way back."""

import pytest
import torch

from glioma_uq.layers.padding import crop, pad


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((20, 24, 17), (32, 32, 32)), ((16, 1, 33), (16, 16, 48)), ((240, 240, 155), (240, 240, 160))],
)
def test_images_are_padded_to_the_next_multiple(shape, expected):
    assert pad(torch.empty(1, 4, *shape, device="meta"), 16).shape == (1, 4, *expected)


def test_the_padding_is_zero_and_lies_at_the_end():
    images = torch.rand(2, 3, 5, 6, 7, dtype=torch.float64) + 1
    padded = pad(images, 4)
    assert torch.equal(padded[..., :5, :6, :7], images)
    assert padded.sum() == pytest.approx(float(images.sum()))
    assert torch.equal(crop(padded, (5, 6, 7)), images)


def test_images_of_the_right_size_are_not_copied():
    images = torch.rand(1, 2, 8, 4, 12)
    assert pad(images, 4) is images


def test_padding_keeps_channels_last():
    images = torch.rand(2, 3, 5, 6, 7).contiguous(memory_format=torch.channels_last_3d)
    assert pad(images, 4).is_contiguous(memory_format=torch.channels_last_3d)

"""Smooth random fields: periodic white noise behind a Gaussian, and the frames they lie in."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

SPLINE_VARIANCE = 1 / 3  # of the cubic B-spline kernel, in lattice steps squared


@dataclass(frozen=True)
class Field:
    """A periodic scalar field on a lattice; call it with points [3, N] in mm, get values [N].

    Order 1 interpolates linearly: cheap, but its gradient jumps at every lattice plane, so only
    fields that are broad against the lattice use it. Order 3 reads the lattice as coefficients of
    a cubic B-spline, which has continuous curvature: right for fields that are thresholded.
    """

    lattice: np.ndarray
    origin: np.ndarray
    spacing: float
    order: int = 1

    def __call__(self, points):
        steps = (points - self.origin[:, None]) * np.float32(1 / self.spacing)
        return ndimage.map_coordinates(
            self.lattice, steps, np.float32, self.order, mode="grid-wrap", prefilter=False
        )


def smooth_field(rng, sigma, extent, centre=(0, 0, 0), spacing=4.0, order=1):
    """Return a `Field` of unit variance: white noise smoothed with a Gaussian of `sigma` mm.

    It repeats every `extent` mm (one number or three) and is centred on `centre`.
    """
    shape = np.ceil(np.broadcast_to(extent, 3) / spacing).astype(int)
    noise = rng.standard_normal(shape, dtype=np.float32)
    spread = (sigma / spacing) ** 2 - (SPLINE_VARIANCE if order == 3 else 0)
    lattice = ndimage.gaussian_filter(noise, np.sqrt(spread), mode="wrap")
    lattice /= values_at_nodes(lattice, order).std()
    origin = np.asarray(centre, np.float32) - (shape - 1) * np.float32(spacing / 2)
    return Field(lattice, origin.astype(np.float32), spacing, order)


def values_at_nodes(lattice, order):
    """Return the field's values at the lattice's own nodes."""
    if order == 1:
        return lattice
    for axis in range(3):
        lattice = ndimage.convolve1d(lattice, [1 / 6, 4 / 6, 1 / 6], axis=axis, mode="wrap")
    return lattice


def node_points(field):
    """Return the positions of the field's nodes, [3, N] in mm, in C order."""
    steps = np.indices(field.lattice.shape, dtype=np.float32).reshape(3, -1)
    return field.origin[:, None] + steps * np.float32(field.spacing)


def rotation(degrees):
    """Return the 3x3 rotation about x, then y, then z (applied right to left) of three angles."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return about_x @ about_y @ about_z


def random_rotation(rng):
    """Return a 3x3 rotation drawn uniformly from all of them (QR of a Gaussian matrix)."""
    q, r = np.linalg.qr(rng.standard_normal((3, 3)))
    q = q * np.sign(np.diag(r))
    return q * np.sign(np.linalg.det(q))


def transform(matrix, points):
    """Apply a 4x4 matrix to points [3, N] in mm."""
    linear, shift = matrix[:3, :3].astype(points.dtype), matrix[:3, 3:].astype(points.dtype)
    return linear @ points + shift

"""Heads: the MNI152 template's tissues, a synthetic skull and scalp, and subjects who differ.

Points are [3, N] float32 in mm, RAS, in the template's world unless said otherwise.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy import ndimage
from scipy.special import expit

from glioma_uq.images import Grid
from glioma_uq.phantom.fields import Field, node_points, rotation, smooth_field

TEMPLATE = "datasets/data/mni_icbm152_{}_tal_nlin_sym_09a_converted.nii.gz"
PADDING_MM = 28  # of the distance maps around the template's grid: room for scalp, face and neck
DISTANCE_SPACING = 2  # mm
DISTANCE_UNIT = 0.01  # mm in one integer step of the stored distance maps
DURA_MM = 2.5  # CSF and dura between brain and skull
FIELD_BOX_MM = (264, 304, 272)  # holds every head in its field of view
FIELD_CENTRE_MM = (0, -15, 24)
EYES = ((-32, 60, -38), (32, 60, -38))


def template_image(tissue):
    """Return nilearn's MNI152 2009a map of `tissue`, "t1", "gm" or "wm": 1 mm, uint8 0-255.

    The files are what nilearn.datasets.load_mni152_template and its siblings read; importing
    those costs seconds, so they are found beside the package.
    """
    (folder,) = find_spec("nilearn").submodule_search_locations
    return nib.load(Path(folder) / TEMPLATE.format(tissue))


def closed_mask(t1, closing_mm=4):
    """Return the bool mask of a skull-stripped T1 at 1 mm: where it is not 0, closed and filled."""
    padded = np.pad(t1 > 0, closing_mm + 1)
    closed = ndimage.binary_fill_holes(ndimage.binary_closing(padded, iterations=closing_mm))
    inner = slice(closing_mm + 1, -closing_mm - 1)
    return closed[inner, inner, inner]


def tissue_maps(t1, gm, wm, mask):
    """Return [X, Y, Z, 4] uint8: T1, grey matter, white matter and softened brain mask, 0-255."""
    soft = ndimage.gaussian_filter(mask.astype(np.float32), 0.7) * 255
    return np.stack([t1, gm, wm, soft.round().astype(np.uint8)], axis=-1)


def distance_maps(mask, origin):
    """Return ([X, Y, Z, 2] int16, its Grid): mm * 100 to the cranial cavity and to the head.

    The cavity (negative inside) is the closed brain mask; the head adds an ellipsoid for the
    face and a cylinder for the neck. The grid is 2 mm and PADDING_MM wider than the mask's,
    which is 1 mm and starts at `origin` [3].
    """
    step = DISTANCE_SPACING
    cavity = np.pad(mask[::step, ::step, ::step], PADDING_MM // step)
    cavity = ndimage.binary_closing(cavity, iterations=6)
    affine = np.diag([step, step, step, 1.0])
    affine[:3, 3] = np.subtract(origin, PADDING_MM)
    x, y, z = (o + step * i for o, i in zip(affine[:3, 3], np.indices(cavity.shape), strict=True))
    face = (x / 52) ** 2 + ((y - 38) / 48) ** 2 + ((z + 62) / 55) ** 2 < 1
    neck = ((x / 45) ** 2 + ((y + 35) / 50) ** 2 < 1) & (z < -40)
    head = ndimage.binary_dilation(cavity, iterations=2) | face | neck
    to_cavity = ndimage.distance_transform_edt(~cavity) - ndimage.distance_transform_edt(cavity)
    both = [to_cavity, ndimage.distance_transform_edt(~head)]
    smooth = [ndimage.gaussian_filter(d.astype(np.float32), 1) * step for d in both]
    steps = np.round(np.stack(smooth, axis=-1) / DISTANCE_UNIT).astype(np.int16)
    return steps, Grid(cavity.shape, affine)


class Anatomy:
    """The template's tissue and distance maps, to be sampled at points [3, N] in its world."""

    def __init__(self, tissue_image, distance_image):
        """Take the NIfTI images that `tissue_maps` and `distance_maps` fill."""
        self.tissues = _channels(tissue_image)
        self.distances = _channels(distance_image)
        self.tissue_origin = tissue_image.affine[:3, 3].astype(np.float32)
        self.distance_origin = distance_image.affine[:3, 3].astype(np.float32)

    def tissue(self, points):
        """Return t1, grey, white, brain: shares 0-1 (T1: intensity 0-1) as four arrays [N]."""
        voxels = points - self.tissue_origin[:, None]
        sample = ndimage.map_coordinates
        return [sample(v, voxels, np.float32, 1, "constant") / 255 for v in self.tissues]

    def distance(self, points, which, order=1):
        """Return mm [N] to the cranial cavity (`which` 0, negative inside) or to the head (1)."""
        voxels = (points - self.distance_origin[:, None]) / DISTANCE_SPACING
        steps = ndimage.map_coordinates(
            self.distances[which], voxels, np.float32, order, mode="nearest"
        )
        return steps * np.float32(DISTANCE_UNIT)


def _channels(image):
    channels = np.moveaxis(np.asanyarray(image.dataobj), -1, 0)
    return [np.ascontiguousarray(channel) for channel in channels]


@dataclass(frozen=True)
class Head:
    """One subject: where its points lie in the template, how thick its skull and scalp are (mm)."""

    affine: np.ndarray  # 4x4, subject's world -> template's world
    displacement: tuple[Field, ...]  # three fields in mm; none for the template itself
    skull_mm: float
    scalp_mm: float
    texture: Field | None

    def to_template(self, points):
        """Bend points [3, N] that are already in the template's affine frame onto the template."""
        if not self.displacement:
            return points
        return points + np.stack([component(points) for component in self.displacement])


def draw_head(rng, centre):
    """Return a `Head`: rotation sd 5 deg, scale sd 5 %, shift sd 4 mm, displacement sd 1.5-3.5 mm.

    The affine turns about `centre`. The displacement (sigma 22 mm) has no affine part over the
    brain, so the affine is the best that an affine registration of this head can find.
    """
    linear = rotation(rng.normal(0, 5, 3)) @ np.diag(rng.normal(1, 0.05, 3))
    affine = np.eye(4)
    affine[:3, :3] = linear
    affine[:3, 3] = centre - linear @ centre + rng.normal(0, 4, 3)
    size = rng.uniform(1.5, 3.5)
    box = dict(extent=FIELD_BOX_MM, centre=FIELD_CENTRE_MM)
    fields = [smooth_field(rng, 22, spacing=5.5, **box) for _ in range(3)]
    bent = tuple(without_affine_part(field, size) for field in fields)
    texture = smooth_field(rng, 18, spacing=4.5, **box)
    return Head(affine, bent, rng.uniform(5, 8), rng.uniform(5, 9), texture)


def without_affine_part(field, size):
    """Return `size` times the field, less its least-squares affine fit over the brain."""
    points = node_points(field)
    # ASSUME: the template's brain is the ellipsoid with half axes 68, 86, 62 mm about (0, -18, 12).
    inside = (((points.T - (0, -18, 12)) / (68, 86, 62)) ** 2).sum(1) < 1
    design = np.vstack([points, np.ones(points.shape[1])]).T
    fit, *_ = np.linalg.lstsq(design[inside], field.lattice.ravel()[inside], rcond=None)
    lattice = size * (field.lattice - (design @ fit).reshape(field.lattice.shape))
    return Field(lattice.astype(np.float32), field.origin, field.spacing, field.order)


def near_head(anatomy, points):
    """Return bool [N]: points (before displacement) that can lie in the head; the rest is air.

    36 and 24 mm are the thickest skull and scalp plus a displacement of three sd.
    """
    near_brain = anatomy.distance(points, 0, order=0) < 36
    return near_brain | (anatomy.distance(points, 1, order=0) < 24)


def soft(distance_mm):
    """Return the share of a voxel that lies inside a surface `distance_mm` away."""
    return expit(1.5 * distance_mm)


def shell_layers(anatomy, head, points, brain):
    """Return {layer: share [N]} of what surrounds the brain, and "texture", the fat's noise."""
    cavity, skin = anatomy.distance(points, 0), anatomy.distance(points, 1)
    texture = head.texture(points) if head.texture else np.zeros_like(brain)
    skull, scalp = head.skull_mm + 1.2 * texture, head.scalp_mm + 1.5 * texture
    outside = 1 - brain
    inside_skin = np.maximum(soft(DURA_MM + skull + scalp - cavity), soft(scalp - skin))
    cover = outside * soft(cavity - DURA_MM - skull) * inside_skin
    marrow = expit(3 * (1 - np.abs(cavity - DURA_MM - skull / 2) / 1.5))
    gaps = [np.linalg.norm(points - np.array([eye], np.float32).T, axis=0) for eye in EYES]
    return {
        "csf": outside * soft(DURA_MM - cavity) * soft(4 - cavity),
        "dura": outside * soft(cavity - 0.5) * soft(3 - cavity),
        "bone": outside * soft(cavity - DURA_MM) * soft(DURA_MM + skull - cavity),
        "marrow": marrow,
        "cover": cover,
        "muscle": soft(2 - skin) * cover,
        "eye": soft(12 - np.minimum(*gaps)) * outside * (cavity > 0),
        "texture": texture,
    }

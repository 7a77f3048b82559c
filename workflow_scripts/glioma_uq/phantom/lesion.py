"""A glioma grown from a case's seven latent axes: where it lies, how it looks in each voxel.

Edges are steep thresholds of smooth fields, so any flaw of a field shows as a straight edge: a
linearly interpolated lattice is creased at each of its planes, an ellipsoid along x, y, z is flat
there, and outlines of one octave tend to polygons. Where lattice, ellipsoid and image share their
axes, these edges come out parallel to the image. So each lesion has a frame of its own, turned at
random, its fields are cubic splines (continuous curvature) and its outline has two octaves.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from glioma_uq.phantom.fields import Field, random_rotation, smooth_field
from glioma_uq.phantom.labels import AXES
from glioma_uq.subregions import SUBREGIONS

TEXTURE_BOX_MM = 192  # period of the lesion's fields, more than the widest lesion with its oedema
FINE_OUTLINE = 0.4  # share of the outline's standard deviation that its second octave has


@dataclass(frozen=True)
class Lesion:
    """One glioma in template space; lengths in mm, strengths 0-1."""

    centre: np.ndarray  # [3]
    frame: np.ndarray  # [3, 3], template axes -> the lesion's own axes
    aspect: np.ndarray  # [3], relative half axes, product 1
    radius: float
    border: float  # width of the core's edge
    irregularity: float  # of the outline, share of the radius for one sd
    enhancement: float
    necrosis: float  # radius of the necrosis as a share of the core's
    mismatch: float  # how far FLAIR is suppressed in the core
    calcification: float
    oedema: float  # reach beyond the core
    tint: np.ndarray  # [6], small shifts of the tissue's contrasts
    outline: Field
    patches: Field
    spots: Field
    fingers: Field
    scale: float = 1.0  # the lesion is drawn as above, then shrunk about its centre

    @property
    def reach(self):
        """Distance from the centre, in mm, beyond which nothing of the lesion is found."""
        # 3 sd of the outline, 3 edge widths; the oedema ends softly at 1.6 of its reach.
        core = self.radius * (1 + 3 * self.irregularity) + 3 * self.border
        whole = max(core, self.radius + 1.6 * self.oedema + 6) * float(self.aspect.max())
        return whole * self.scale


def draw_lesion(rng, anatomy, z, diameter_mm, scale=1.0):
    """Return the `Lesion` that z [7] (in the order of AXES) and the diameter in mm describe.

    `scale` shrinks all of it, edges and textures too, so that every size shows the same lesion:
    the point c + s v of scale s is the point c + v of scale 1, but for the tissue it lies in.
    """
    z = dict(zip(AXES, z, strict=True))
    radius = diameter_mm / 2
    aspect = rng.uniform(0.75, 1.3, 3)
    centre = place_lesion(rng, anatomy, radius, z["frontal"])
    return Lesion(
        centre=centre,
        frame=random_rotation(rng),
        aspect=aspect / aspect.prod() ** (1 / 3),
        radius=radius,
        border=1 + 5 * expit(1.3 * z["border"]),
        irregularity=0.10 + 0.22 * expit(1.3 * z["border"]),
        enhancement=expit(1.4 * (z["enhancement"] - 0.1)),
        necrosis=0.8 * expit(1.5 * (z["enhancement"] - 0.4)),
        mismatch=expit(1.5 * z["mismatch"]),
        calcification=expit(1.5 * (z["calcification"] - 0.3)),
        oedema=2 + 16 * expit(1.2 * z["oedema"]) * min(1, radius / 12),
        tint=rng.normal(0, 0.05, 6),
        outline=outline_field(rng, radius),
        patches=texture_field(rng, 4.5),
        spots=texture_field(rng, 4.5),
        fingers=texture_field(rng, 9),
        scale=scale,
    )


def place_lesion(rng, anatomy, radius, frontal, tries=400):
    """Return a centre [3] in mm: the first of `tries` that lies in tissue and deep enough.

    Deep enough is min(0.55 radius, 24 mm) below the cavity's wall. If none is, the one that
    lacks least is taken, so that a large frontal tumour still has a place.
    """
    y = np.clip(-12 + 27 * frontal, -75, 52) + rng.normal(0, 5, tries)
    x = rng.choice([-1, 1]) * rng.uniform(14, 52, tries)
    points = np.stack([x, y, rng.uniform(-25, 58, tries)]).astype(np.float32)
    _, grey, white, brain = anatomy.tissue(points)
    too_shallow = np.maximum(min(0.55 * radius, 24) + anatomy.distance(points, 0), 0)
    not_tissue = np.maximum(0.95 - brain, 0) + np.maximum(0.6 - grey - white, 0)
    return points[:, np.argmin(too_shallow + 100 * not_tissue)]


def texture_field(rng, sigma):
    """Return a field that may be thresholded: a cubic spline around the lesion's centre."""
    return smooth_field(rng, sigma, TEXTURE_BOX_MM, order=3)


def outline_field(rng, radius):
    """Return the outline's noise of unit variance: a broad octave and one half as wide."""
    sigma = max(5, 0.45 * radius)
    broad, fine = texture_field(rng, sigma), texture_field(rng, max(4, sigma / 2))
    lattice = np.sqrt(1 - FINE_OUTLINE**2) * broad.lattice + FINE_OUTLINE * fine.lattice
    return Field(lattice.astype(np.float32), broad.origin, broad.spacing, broad.order)


def lesion_tissue(lesion, points, grey, white, brain):
    """Return {component: share [N]} of the lesion at points [3, N] of the template's world.

    Components: core, oedema, necrosis, enhancing, calcified; also "rim" (0 inside, 1 at the
    core's edge), "grain" and "spots" (unit noise) for the texture.
    """
    from_centre = (points - lesion.centre[:, None]) / np.float32(lesion.scale)
    local = lesion.frame.astype(np.float32) @ from_centre
    reach = np.linalg.norm(local / lesion.aspect[:, None].astype(np.float32), axis=0)
    outline, grain, spots = lesion.outline(local), lesion.patches(local), lesion.spots(local)
    radius, edge = lesion.radius, reach / lesion.radius + lesion.irregularity * outline
    core = expit((1 - edge) * radius / lesion.border * 3) * brain
    necrosis = necrotic(lesion, edge) * core
    solid = np.maximum(core - necrosis, 0)
    # Patchy where enhancement is weak, an almost whole ring where it is strong.
    patch = expit((grain - (1.6 - 3.2 * lesion.enhancement)) * 3)
    enhancing = solid * patch * (0.35 + 0.65 * lesion.enhancement)
    calcified = expit((spots - (2.6 - 1.9 * lesion.calcification)) * 6)
    return {
        "core": core,
        "oedema": oedema(lesion, reach, lesion.fingers(local), grey, white, brain) * (1 - core),
        "necrosis": necrosis,
        "enhancing": enhancing,
        "calcified": calcified * solid * (1 - 0.7 * enhancing),
        "rim": expit((edge - 0.78) * 12),
        "grain": grain,
        "spots": spots,
    }


def necrotic(lesion, edge):
    """Return the share [N] of necrosis; a necrosis below 12 % of the core's radius is none."""
    if lesion.necrosis <= 0.12:
        return np.zeros_like(edge)
    return expit((lesion.necrosis - edge) * lesion.radius / 1.2)


def oedema(lesion, reach, fingers, grey, white, brain):
    """Return the share [N] of oedema: fingers along white matter, halted by CSF."""
    depth = (reach - lesion.radius) / lesion.oedema + 0.35 * fingers
    limit = expit(lesion.radius + 1.6 * lesion.oedema - reach)
    along_white = 0.25 + 0.75 * white / (white + grey + 0.05)
    csf = np.clip(brain - grey - white, 0, 1)
    tissue = (grey + white) / (grey + white + csf + 1e-3) * brain
    return expit((1 - depth) * 4) * limit * along_white * tissue


def segmentation_labels(parts, brain):
    """Return uint8 [N]: 1 core without enhancement, 2 oedema, 3 enhancing tumour, 0 elsewhere."""
    inside, core = brain > 0.5, parts["core"] > 0.5
    labels = np.zeros(brain.shape, np.uint8)
    labels[(parts["oedema"] > 0.45) & inside] = SUBREGIONS["oedema"]
    labels[core & inside] = SUBREGIONS["core"]
    labels[core & inside & (parts["enhancing"] > 0.30)] = SUBREGIONS["enhancing"]
    return labels

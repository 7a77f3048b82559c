"""Registration by SimpleITK's ImageRegistrationMethod."""

import numpy as np
import SimpleITK

from glioma_uq.registration import HISTOGRAM_BINS, SAMPLED_SHARE, failures_of, itk_geometry
from glioma_uq.transforms import block_average, from_itk

CONVERGENCE = 1e-6

# More threads would change the order of sums, and so the last digits.
SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)


def register(fixed, moving, *, kind, levels, voxel_size_mm, seed):
    """Return the 4x4 RAS matrix that maps points of `fixed` to `moving`.

    Rigid first and affine from there. The start aligns the centres of mass; `kind`
    "Affine" begins with the rigid transform of all levels but the finest. See
    `glioma_uq.registration`.
    """
    options = {"voxel_size_mm": voxel_size_mm, "seed": seed + 1}  # its seed 0 means the clock
    moments = SimpleITK.CenteredTransformInitializerFilter.MOMENTS
    images = to_simpleitk(fixed), to_simpleitk(moving)
    with failures_of("SimpleITK"):
        start = SimpleITK.CenteredTransformInitializer(
            *images, SimpleITK.Euler3DTransform(), moments
        )
    found = SimpleITK.Euler3DTransform(start)
    if kind == "Rigid":
        _refine(found, fixed, moving, levels, **options)
    else:
        _refine(found, fixed, moving, levels[:-1] or levels, **options)
        rigid = found.GetMatrix(), found.GetTranslation(), found.GetCenter()
        found = SimpleITK.AffineTransform(*rigid)
        _refine(found, fixed, moving, levels, **options)
    parameters = (*found.GetMatrix(), *found.GetTranslation())
    return from_itk(parameters, found.GetCenter())


def to_simpleitk(image):
    """Return `image` as a SimpleITK image at the same world coordinates (ITK uses LPS)."""
    origin, spacing, direction = itk_geometry(image.grid)
    made = SimpleITK.GetImageFromArray(np.asarray(image.data, np.float32).T)
    made.SetOrigin(origin)
    made.SetSpacing(spacing)
    made.SetDirection(direction.ravel().tolist())
    return made


def _refine(transform, fixed, moving, levels, *, voxel_size_mm, seed):
    """Optimise `transform`, in place, level by level."""
    for level in levels:
        coarse_mm = voxel_size_mm * level["shrink"]
        method = SimpleITK.ImageRegistrationMethod()
        method.SetMetricAsMattesMutualInformation(HISTOGRAM_BINS)
        method.SetMetricSamplingStrategy(method.RANDOM)
        method.SetMetricSamplingPercentage(SAMPLED_SHARE, seed)
        method.SetInterpolator(SimpleITK.sitkLinear)
        method.SetShrinkFactorsPerLevel([1])
        method.SetSmoothingSigmasPerLevel([level["smoothing"] * voxel_size_mm])
        method.SetSmoothingSigmasAreSpecifiedInPhysicalUnits(True)
        method.SetOptimizerAsConjugateGradientLineSearch(
            learningRate=1.0,  # estimated anew: the first step moves no voxel further than half one
            numberOfIterations=level["iterations"],
            convergenceMinimumValue=CONVERGENCE,
            convergenceWindowSize=10,
            estimateLearningRate=method.Once,
            maximumStepSizeInPhysicalUnits=coarse_mm / 2,
        )
        method.SetOptimizerScalesFromPhysicalShift()
        method.SetInitialTransform(transform, inPlace=True)
        images = [to_simpleitk(block_average(image, coarse_mm)) for image in (fixed, moving)]
        with failures_of("SimpleITK"):
            method.Execute(*images)

"""Registration by elastix (Klein et al., IEEE TMI 2010), through its Python package.

The classes are imported from the modules that hold them: `itk.ElastixRegistrationMethod`
is the same class but loads all filters of ITK first: 12 s of CPU in every job instead of 3.
"""

import itk
import numpy as np
from itk.elxParameterObjectPython import elastixParameterObject
from itk.ITKCommonBasePython import itkMultiThreaderBase
from itk.itkElastixRegistrationMethodPython import itkElastixRegistrationMethodIF3IF3
from itk.itkPyBufferPython import itkPyBufferIF3
from scipy.spatial.transform import Rotation

from glioma_uq.registration import HISTOGRAM_BINS, failures_of, itk_geometry
from glioma_uq.transforms import block_steps, compose, from_itk

SAMPLES = 4096  # drawn anew in each iteration; elastix's manual advises 2000 to 5000

# More threads would change the order of sums, and so the last digits.
itkMultiThreaderBase.SetGlobalDefaultNumberOfThreads(1)


def register(fixed, moving, *, kind, levels, voxel_size_mm, seed):
    """Return the 4x4 RAS matrix that maps points of `fixed` to `moving`.

    Rigid first and affine from there. The start aligns the centres of mass; adaptive stochastic
    gradient descent runs all iterations of each level. See `glioma_uq.registration`.
    """
    stages = ["EulerTransform"] if kind == "Rigid" else ["EulerTransform", "AffineTransform"]
    pyramids = {
        **_pyramid("Fixed", fixed.grid, levels, voxel_size_mm),
        **_pyramid("Moving", moving.grid, levels, voxel_size_mm),
    }
    maps = elastixParameterObject.New()
    for stage in stages:
        options = _options(stage, levels, seed) | pyramids
        # elastix takes every value as text.
        maps.AddParameterMap({name: list(map(str, values)) for name, values in options.items()})
    method = itkElastixRegistrationMethodIF3IF3.New(to_itk(fixed), to_itk(moving))
    method.SetParameterObject(maps)
    method.SetNumberOfThreads(1)
    method.SetLogToConsole(False)
    with failures_of("elastix"):
        method.Update()
    found = method.GetTransformParameterObject()
    steps = [_matrix(found.GetParameterMap(number)) for number in range(len(stages))]
    return compose(*steps)


def to_itk(image):
    """Return `image` as an ITK image at the same world coordinates (ITK uses LPS)."""
    origin, spacing, direction = itk_geometry(image.grid)
    made = itkPyBufferIF3.GetImageFromArray(np.ascontiguousarray(image.data.T, np.float32))
    made.SetOrigin(origin)
    made.SetSpacing(spacing)
    made.SetDirection(itk.matrix_from_array(np.ascontiguousarray(direction)))
    return made


def _options(transform, levels, seed):
    return {
        "Registration": ["MultiResolutionRegistration"],
        "Transform": [transform],
        "Metric": ["AdvancedMattesMutualInformation"],
        "NumberOfHistogramBins": [HISTOGRAM_BINS],
        "Optimizer": ["AdaptiveStochasticGradientDescent"],
        "ImageSampler": ["RandomCoordinate"],
        "NumberOfSpatialSamples": [SAMPLES],
        "NewSamplesEveryIteration": ["true"],
        "RandomSeed": [seed],
        "Interpolator": ["LinearInterpolator"],
        "NumberOfResolutions": [len(levels)],
        "MaximumNumberOfIterations": [level["iterations"] for level in levels],
        "AutomaticParameterEstimation": ["true"],
        "AutomaticScalesEstimation": ["true"],
        "AutomaticTransformInitialization": [str(transform == "EulerTransform").lower()],
        "AutomaticTransformInitializationMethod": ["CenterOfGravity"],
        "HowToCombineTransforms": ["Compose"],
        "WriteResultImage": ["false"],
    }


def _pyramid(image, grid, levels, voxel_size_mm):
    """Return the pyramid of the "Fixed" or "Moving" image: shrink and sigma (mm) by axis."""
    shrink = [block_steps(grid, voxel_size_mm * level["shrink"]) for level in levels]
    sigmas = [[level["smoothing"] * voxel_size_mm] * 3 for level in levels]
    return {
        f"{image}ImagePyramid": [f"{image}GenericImagePyramid"],
        f"{image}ImagePyramidRescaleSchedule": np.ravel(shrink),
        f"{image}ImagePyramidSmoothingSchedule": np.ravel(sigmas),
    }


def _matrix(stage):
    """Return the RAS matrix of one stage of the result, from fixed to moving points."""
    numbers = np.asarray(stage["TransformParameters"], float)
    if stage["Transform"][0] == "EulerTransform":
        x, y, z = numbers[:3]
        rotation = Rotation.from_euler("ZXY", [z, x, y]).as_matrix()  # Rz Rx Ry, as ITK's Euler3D
        numbers = np.r_[rotation.ravel(), numbers[3:]]
    return from_itk(numbers, np.asarray(stage["CenterOfRotationPoint"], float))

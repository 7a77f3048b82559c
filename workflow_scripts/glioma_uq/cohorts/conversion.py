"""One DICOM series becomes one NIfTI volume, by dcm2niix."""

import json
import signal
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from glioma_uq.errors import BadCase, BadInput, bad_case_on
from glioma_uq.files import written_whole
from glioma_uq.images import check_values, read_image, write_image

LONGEST_CONVERSION_S = 600
# Nothing that could tell who was scanned, where or when; dcm2niix's own -ba keeps comments,
# addresses and serial numbers.
KEPT_OF_HEADER = {
    "ContrastBolusIngredient", "ConversionSoftware", "ConversionSoftwareVersion", "EchoTime",
    "EchoTrainLength", "FlipAngle", "ImageOrientationPatientDICOM", "ImageType", "InversionTime",
    "MRAcquisitionType", "MagneticFieldStrength", "Manufacturer", "ManufacturersModelName",
    "Modality", "PatientPosition", "PhaseEncodingDirection", "PixelBandwidth", "RepetitionTime",
    "ScanningSequence", "SequenceName", "SequenceVariant", "SeriesDescription", "SeriesNumber",
    "SliceThickness", "SpacingBetweenSlices",
}  # fmt: skip


def convert(files, output, sidecar):
    """Write the series in `files` (DICOM) as one NIfTI volume, and what the scanner was set to.

    `output`: path of the volume; `sidecar`: path of the json, which has KEPT_OF_HEADER alone.
    dcm2niix (Li et al., J Neurosci Methods 2016, 10.1016/j.jneumeth.2016.03.001) turns
    the voxels; the volume is then written in the closest RAS orientation, with the
    same bytes each time. Raises BadCase when other than one 3-D volume comes out.
    """
    with TemporaryDirectory(prefix="dcm2niix_") as folder:
        source, target = Path(folder, "dicom"), Path(folder, "nifti")
        source.mkdir()
        target.mkdir()
        for i, file in enumerate(files):
            (source / f"{i:06d}.dcm").symlink_to(Path(file).resolve())
        volume = _only_volume(target, _dcm2niix(source, target))
        image = read_image(volume, dtype=None)
        check_values(image.data, output)
        write_image(output, image.data, image.grid)
        facts = _facts_in(volume.with_suffix(".json"))
        with written_whole(sidecar) as temporary:
            temporary.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")


def _facts_in(sidecar):
    """Return {name: value} of what is kept of a sidecar by dcm2niix.

    It writes texts of the header as they are: with control characters, or not in UTF-8.
    """
    text = sidecar.read_text(encoding="utf-8", errors="replace")
    with bad_case_on(
        Exception,
        "a sidecar in JSON",
        "that dcm2niix wrote none",
        "name another series of this case",
    ):
        facts = dict(json.loads(text, strict=False))
    return {name: fact for name, fact in facts.items() if name in KEPT_OF_HEADER}


def _dcm2niix(source, target):
    """Run dcm2niix on a folder and return how it ended; its words also go to the log.

    The sidecar (-b) is written without names and birth dates (-ba).
    """
    try:
        import dcm2niix
    except ImportError as error:
        raise BadInput(
            "expected dcm2niix for DICOM, found no such package, install it with `make downloads`"
        ) from error
    command = [dcm2niix.bin, "-b", "y", "-ba", "y", "-z", "n", "-f", "series", "-o", target, source]
    try:
        done = subprocess.run(
            list(map(str, command)),
            capture_output=True,
            encoding="utf-8",
            errors="backslashreplace",
            timeout=LONGEST_CONVERSION_S,
        )
    except subprocess.TimeoutExpired as error:
        raise BadCase(
            f"expected dcm2niix to end, found it at work after {LONGEST_CONVERSION_S} s, "
            "look at the series"
        ) from error
    print(done.stdout, done.stderr)
    if done.returncode == -signal.SIGKILL:
        raise MemoryError("dcm2niix was killed, give the job memory")
    return done


def _only_volume(folder, done):
    """Return the path of the one volume with a sidecar in `folder`, or raise BadCase.

    `done`: how dcm2niix ended. Where it fails half way, as on slices at uneven distances, it
    leaves a volume that cannot be trusted, and no sidecar.
    """
    volumes = sorted(folder.glob("*.nii"))
    if len(volumes) == 1 and not done.returncode and volumes[0].with_suffix(".json").is_file():
        return volumes[0]
    said = f"{done.stdout}\n{done.stderr}".splitlines()
    hints = [line for line in said if line.startswith(("Error", "Warning"))]
    raise BadCase(
        f"expected dcm2niix to make one volume of the series, found {len(volumes)} and the exit "
        f"code {done.returncode} ({' '.join(hints[:3]) or 'it does not say why'}), name another "
        "series of this case"
    )

"""Conversion of one DICOM series to one NIfTI volume, by dcm2niix."""

import json
import re
import resource
import signal
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from glioma_uq.environment import without_login
from glioma_uq.errors import BadCase, bad_case_on, installed_by_downloads
from glioma_uq.files import written_whole
from glioma_uq.images import check_values, read_image, write_image
from glioma_uq.unpacking import MOST_BYTES, in_words

LONGEST_CONVERSION_S = 600
MOST_MEMORY_BYTES = 4 * MOST_BYTES  # of dcm2niix: voxels as they are stored, decoded and turned
# Endings of dcm2niix for the number of an echo, coil or trigger of a series that is one volume.
# Others tell that it is no magnitude image (_ph, _real), or not the one scanned (_Eq, _Tilt, _ROI).
PLAIN_NAME = re.compile(r"series(_(e\d+|c\w+|t\d+))*\.nii")
# Nothing that identifies the patient, place or date; dcm2niix's own -ba keeps comments,
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
    """Write the series in `files` (DICOM) as one NIfTI volume, and the scanner's settings.

    `output`: path of the volume; `sidecar`: path of the JSON file, with KEPT_OF_HEADER only.
    dcm2niix (Li et al., J Neurosci Methods 2016, 10.1016/j.jneumeth.2016.03.001) converts
    the series; the volume is then written in the closest RAS orientation, reproducibly.
    Raises BadCase unless the result is one 3-D volume.
    """
    with TemporaryDirectory(prefix="dcm2niix_") as folder:
        source, target = Path(folder, "dicom"), Path(folder, "nifti")
        source.mkdir()
        target.mkdir()
        for i, file in enumerate(files):
            (source / f"{i:06d}.dcm").symlink_to(Path(file).resolve())
        volume = _only_volume(target, _dcm2niix(source, target))
        image = _read(volume)
        check_values(image.data, output)
        write_image(output, image.data, image.grid)
        facts = _facts_in(volume.with_suffix(".json"))
        with written_whole(sidecar) as temporary:
            temporary.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")


def _read(volume):
    """Return the image of dcm2niix; an error names it without the temporary folder."""
    try:
        return read_image(volume, dtype=None)
    except BadCase as error:
        raise BadCase(str(error).replace(str(volume), f"dcm2niix's {volume.name}")) from error


def _facts_in(sidecar):
    """Return {name: value} of the entries of dcm2niix's sidecar that are kept.

    dcm2niix copies texts of the header unchanged: with control characters, or not in UTF-8.
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
    """Run dcm2niix on a folder and return the completed process; its output goes to the log.

    The sidecar (-b) is written without names and birth dates (-ba).
    """
    with installed_by_downloads("dcm2niix", "DICOM"):
        import dcm2niix
    command = [dcm2niix.bin, "-b", "y", "-ba", "y", "-z", "n", "-f", "series", "-o", target, source]
    try:
        done = subprocess.run(
            list(map(str, command)),
            env=without_login(),
            capture_output=True,
            encoding="utf-8",
            errors="backslashreplace",
            timeout=LONGEST_CONVERSION_S,
            preexec_fn=_bound_memory,
        )
    except subprocess.TimeoutExpired as error:
        raise BadCase(
            f"expected dcm2niix to finish, found it still running after {LONGEST_CONVERSION_S} s, "
            "check the series"
        ) from error
    done.stdout, done.stderr = (
        text.replace(f"{source}/", "") for text in (done.stdout, done.stderr)
    )
    print(done.stdout, done.stderr)
    if done.returncode == -signal.SIGKILL:
        raise MemoryError("dcm2niix was killed, request more memory")
    return done


def _bound_memory():
    """Bound the memory of this process: a small compressed image may unpack to any size."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    bound = MOST_MEMORY_BYTES if most == resource.RLIM_INFINITY else min(MOST_MEMORY_BYTES, most)
    resource.setrlimit(resource.RLIMIT_AS, (bound, most))


def _only_volume(folder, done):
    """Return the path of the one volume with a sidecar in `folder`, or raise BadCase.

    `done`: the completed process. If dcm2niix fails midway, it leaves an unreliable volume and no
    sidecar.
    """
    made = sorted(path.name for path in folder.iterdir())
    volumes = [name for name in made if name.endswith(".nii")]
    if len(volumes) == 1 and not done.returncode and PLAIN_NAME.fullmatch(volumes[0]):
        volume = folder / volumes[0]
        if volume.stat().st_size and volume.with_suffix(".json").is_file():
            return volume
    said = f"{done.stdout}\n{done.stderr}".splitlines()
    hints = [line for line in said if line.startswith(("Error", "Warning"))][:3]
    if done.returncode < 0:
        hints += [f"it may use {in_words(MOST_MEMORY_BYTES)} of memory"]
    found = " ".join(made) or "neither"
    raise BadCase(
        f"expected dcm2niix to make series.nii and series.json, found {found} and the exit "
        f"code {done.returncode} ({'; '.join(hints) or 'without a message'}), name another "
        "series of this case"
    )

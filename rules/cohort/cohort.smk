"""The workflow from native scans to the manifest of normalised volumes; its rules read `cohort`."""

if cohort.is_phantom:

    include: "phantom.smk"

else:

    include: "patients.smk"


if cohort.is_converted:

    include: "dicom.smk"


if cohort.is_archived:

    include: "archive.smk"


include: "preprocessing.smk"
include: "manifest.smk"

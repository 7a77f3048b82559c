"""The plan of a cohort: its cases, their steps, and the inputs of each step.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

from functools import cached_property
from os.path import isdir

from glioma_uq.cohorts.cases import list_cases
from glioma_uq.cohorts.collection import record_of, steps_of
from glioma_uq.cohorts.file_matching import name_on_disk
from glioma_uq.cohorts.sources import (
    CANONICAL,
    CONVERTED,
    coding_of,
    contents_of,
    existing_images,
    file_of,
    lines_by_case,
)
from glioma_uq.configuration.datasets import datasets_of
from glioma_uq.contents import digest_of, digest_of_tables
from glioma_uq.errors import BadCase
from glioma_uq.fingerprints import fingerprint
from glioma_uq.machine import settings_of_hd_bet
from glioma_uq.phantom.lesion_groups import lesion_of
from glioma_uq.plans.plan import Plan
from glioma_uq.quality.metrics import limits_of_step

HERE = "results/cohorts/<cohort>"  # Snakemake fills in the cohort's name: pathvars
TEMPLATE = f"{HERE}/template"
SHEETS_PER_JOB = 50  # about ten seconds at 6 mm and a minute at 1 mm


class CohortPlan(Plan):
    """The names, files and settings that the rules of a cohort read.

    Args:
        config: a checked config; only `cohort` and `preprocessing` are read.
        on_cluster: whether jobs are submitted to other machines.
    """

    # The phantom's settings of labels and lesions, and of the scanner.
    LATENT = ("separation_subtype", "separation_grade", "small_share", "missing", "label_flips",
              "diameter_mm", "small_diameter_mm", "enhancement")  # fmt: skip
    SCANNED = ("in_plane_mm", "slice_mm", "bias_sd")

    def __init__(self, config, on_cluster=False):
        cohort, preprocessing = config["cohort"], config["preprocessing"]
        super().__init__(cohort, cohort["seed"], on_cluster)
        self.name, self.source = cohort["name"], cohort["source"]
        self.on_bad_case = cohort["on_bad_case"]
        self.folder = f"results/cohorts/{self.name}"
        self.manifest = f"{self.folder}/volumes.csv"
        self.modalities = cohort["modalities"]
        self.others = [name for name in self.modalities if name != "t1ce"]
        # The series that a case may lack; the others are registered to the T1CE.
        self.may_lack = self.others if cohort["missing"] == "impute-zero" else []
        # The images that a case on disk may have.
        self.parts = [*self.modalities, "segmentation", "brain_mask"]

        self.is_phantom = self.source == "phantom"
        self.is_converted = self.source in CONVERTED  # from DICOM
        self.is_archived = self.is_converted and self.source != "dicom"
        self.has_lesion_groups = self.is_phantom and cohort["phantom"]["size_sensitivity"]
        self.datasets = datasets_of(cohort) if self.source == "datasets" else []
        self.options = {"datasets": self.datasets} if self.datasets else cohort[self.source]
        self.steps = steps_of(self.source)

        self.preprocessing, self.method = preprocessing, preprocessing["skull_stripping"]
        self.limits = preprocessing["quality"]["limits"]
        self.is_authors = preprocessing["variant"] == "authors"
        # The folder of the scans that are registered; the authors correct bias afterwards.
        self.registered = "raw" if self.is_authors else "bias_corrected"
        # Without registration the study's grid is the one that all cases share.
        self.on_own_grid = preprocessing["registration"]["engine"] == "none"
        self.grid_options = {name: preprocessing[name] for name in ("voxel_size_mm", "margin_mm")}
        # The settings of N4 in white matter, None if it is off.
        self.refinement = preprocessing["bias_field"] and preprocessing["white_matter_field"]

    @cached_property
    def cases(self):
        """Names of all cases, including those that will be excluded."""
        return list_cases(self.config, self.options)

    @property
    def places(self):
        """The folders of cases on disk that must be there before the first job, by their key."""
        path, key = self.options.get("path"), f"cohort.{self.source}"
        trees = self.options.get("derivatives") or {}
        derived = {f"{key}.derivatives.{part}": f"{path}/{tree}" for part, tree in trees.items()}
        return {f"{key}.path": path} | derived if path else {}

    @property
    def reads_images(self):
        """Whether the cases are images on disk."""
        return not (self.is_phantom or self.is_converted)

    @property
    def cited(self):
        """What the report says of each dataset: whom to cite, its licence, how far checked."""
        names = ("title", "citation", "doi", "licence", "verified")
        cited = [{name: each[name] for name in names} for each in self.datasets]
        return [
            about | {"version": each.get("version")}
            for about, each in zip(cited, self.datasets, strict=True)
        ]

    @property
    def targets(self):
        """What a run makes; a deleted picture is drawn again."""
        metrics = [f"{self.folder}/quality_metrics.{kind}" for kind in ("pdf", "png", "csv")]
        return [self.manifest, f"{self.folder}/report.html", *metrics, *self.sheets()]

    def of_step(self, step):
        """Return the params of a step that can exclude a case."""
        limits = limits_of_step(step, self.limits)
        return {"limits": limits, "on_bad_case": self.on_bad_case, "library": self.code(step)}

    @staticmethod
    def code(step):
        """Return the fingerprint of a step's code."""
        return fingerprint(f"{step}.py")

    # Where the files of a case lie; in rules {case} is a wildcard.

    @staticmethod
    def series(name, folder, of, ending="nii.gz"):
        """Return {name__series: path} of a case's images in a folder; a step gets a dict `name`."""
        return {f"{name}__{each}": f"{HERE}/{folder}/{{case}}/{each}.{ending}" for each in of}

    def matrices(self, name):
        """Return {name__series: path} of the matrices from each series of a case to its T1CE."""
        folder = f"{HERE}/registered/{{case}}"
        return {f"{name}__{each}": f"{folder}/{each}_to_t1ce.txt" for each in self.others}

    def sheets(self, cases=None):
        """Return the quality sheets of some cases, or of all."""
        return [f"{self.folder}/figures/{case}.png" for case in cases or self.cases]

    def sheet_template(self):
        """Return the input of quality sheets whose outline they draw, if cases are registered."""
        return {} if self.on_own_grid else {"template": f"{TEMPLATE}/brain_mask.nii.gz"}

    def records(self):
        """Return the quality records of all cases at all steps."""
        return [f"{self.folder}/{record_of(c, step)}" for c in self.cases for step in self.steps]

    def batches(self):
        """Return {number: cases} of the jobs that draw quality sheets."""
        starts = range(0, len(self.cases), SHEETS_PER_JOB)
        return {i: self.cases[k : k + SHEETS_PER_JOB] for i, k in enumerate(starts, start=1)}

    # The phantom.

    def template_files(self):
        """Return {name: file} of the template and, for a phantom, of its anatomy."""
        files = ["brain.nii.gz", "brain_mask.nii.gz", "white_matter.nii.gz"]
        if self.is_phantom:
            files += ["tissues.nii", "distances.nii", "head.nii.gz"]
        return {file.partition(".")[0]: f"{TEMPLATE}/{file}" for file in files}

    def phantom(self, *names):
        """Return some of the phantom's settings by name."""
        return {name: self.options[name] for name in names}

    def seed_of_case(self, case):
        """Return the seed of a phantom's case, which all sizes of one lesion share."""
        return self.seed_for("phantom", lesion_of(case))

    # Cases of patients.

    @property
    def origin(self):
        """The arguments by which the images of a case are found."""
        follow, options = self.config["follow_links"], self.options
        if self.datasets:  # without their labels, so that a change of these imports nothing again
            keys = ("name", "path", "folders", "files")
            options = {"datasets": [{key: each[key] for key in keys} for each in self.datasets]}
        where = {"source": self.source, "options": options, "follow_links": follow}
        return where | {"may_lack": self.may_lack}

    @property
    def listed(self):
        """The arguments by which check_cohort lists the cases."""
        labels, sessions = self.config.get("labels"), self.config["sessions"]
        return {"options": self.options, "table": labels, "sessions": sessions}

    @property
    def tables(self):
        """The tables of labels."""
        labels = [each["labels"] for each in self.datasets] or [self.config.get("labels")]
        return [each["table"] for each in labels if each]

    def coding_of(self, case):
        """Return the coding of a case's segmentation; import_case reports a case in two folders."""
        try:
            return coding_of(self.config, self.options, case)
        except BadCase:
            return CANONICAL

    @property
    def imported_from(self):
        """The same for import_case: converted DICOM is a folder of images."""
        if not self.is_converted:
            return self.origin
        names = dict.fromkeys(self.parts) | {name: f"{name}.nii.gz" for name in self.modalities}
        options = {"path": f"{self.folder}/converted", "names": names}
        return self.origin | {"source": "folder", "options": options}

    @cached_property
    def images(self):
        """{case: its existing images}; check_cohort reports missing ones."""
        return {
            case: existing_images(case=case, parts=self.parts, **self.origin) for case in self.cases
        }

    def contents_of_images(self, wildcards):
        """Return a digest of a case's files on disk, None for converted images."""
        return None if self.is_converted else self._contents_of(wildcards.case, of_images=True)

    @property
    def contents(self):
        """A digest of the tables of labels and of the images of all cases."""
        images = [path for images in self.images.values() for path in images]
        return [digest_of_tables(self.tables), digest_of(images)]

    def _contents_of(self, case, of_images=False):
        images = self.images[case] if of_images else ()
        return contents_of(self.source, self.options, case, images)

    def code_of_source(self, step, source):
        """Return the fingerprints of a step and of the module that finds a source's images."""
        return [self.code(step), fingerprint(file_of(source))]

    # DICOM. The table of series may be one that the user has reviewed.

    @property
    def reviewed(self):
        """The user's table of series, None if the rules select them."""
        return self.options["series"]

    @property
    def chosen_series(self):
        """The table of the selected series of an archive."""
        return self.reviewed or f"{HERE}/series.csv"

    @cached_property
    def _reviewed_lines(self):
        return lines_by_case(self.reviewed) if self.reviewed else {}

    def reviewed_lines(self, wildcards):
        """Return a case's lines of that table, so that only edited cases run again."""
        return self._reviewed_lines.get(wildcards.case)

    def contents_of_dicom(self, wildcards):
        """Return those lines, and a digest of the files in the case's folder on disk."""
        lines = self.reviewed_lines(wildcards)
        return [lines, None if self.is_archived else self._contents_of(wildcards.case)]

    def dicom_folder(self, case):
        """Return the folder of a case's DICOM; check_cohort reports a case in two folders."""
        if self.is_archived:
            return f"{self.folder}/downloaded/{case}"
        try:
            return f"{self.options['path']}/{name_on_disk(self.options['path'], case)}"
        except BadCase:
            return f"{self.options['path']}/{case}"

    @property
    def downloads(self):
        """The table of what was downloaded for a case, as the input of its conversion."""
        return {"files": f"{HERE}/downloaded/{{case}}/files.csv"} if self.is_archived else {}

    def dicom_of(self, case):
        """Return a case's folder on disk in a list; the step itself reports a missing one."""
        folder = self.dicom_folder(case)
        return [folder] if not self.is_archived and isdir(folder) else []

    # Preprocessing: the inputs of a step, which depend on the settings.

    def refinement_template(self):
        """Return the inputs of N4 in white matter."""
        if not self.refinement or self.is_authors:
            return {}
        return {"white_matter": f"{TEMPLATE}/white_matter.nii.gz"}

    def head_template(self, modality):
        """Return the template with a skull that a modality is registered to."""
        weighting = "t1" if modality in ("t1", "t1ce") else "t2"
        # ASSUME: the phantom's T1CE head also serves T2 and FLAIR, by mutual information.
        return self.preprocessing["head_templates"][weighting] or f"{TEMPLATE}/head.nii.gz"

    @property
    def contents_of_heads(self):
        """A digest of the user's templates with a skull."""
        return digest_of(filter(None, self.preprocessing["head_templates"].values()))

    def coregistration(self):
        """Return the inputs of coregister besides the series; the authors use the template."""
        if not self.is_authors:
            return {}
        heads = {f"templates__{name}": self.head_template(name) for name in self.others}
        return heads | {"t1ce_to_template": f"{HERE}/registered/{{case}}/t1ce_to_template.txt"}

    def template_registration(self):
        """Return what the T1CE is registered to: a whole head, or a brain."""
        if self.method == "template":
            return {"template": self.head_template("t1ce")}
        return {
            "template": f"{TEMPLATE}/brain.nii.gz",
            "template_mask": f"{TEMPLATE}/brain_mask.nii.gz",
            "brain_mask": f"{HERE}/skull_stripped/{{case}}/brain_mask.nii.gz",
        }

    def stripping(self):
        """Return the inputs of skull stripping.

        Stripped scans are read from raw: N4 would spread the values of a non-zero background.
        """
        mask = f"{TEMPLATE}/brain_mask.nii.gz"
        transform = f"{HERE}/registered/{{case}}/t1ce_to_template.txt"
        own = f"{HERE}/raw/{{case}}/brain_mask.nii.gz"
        needs = {
            "template": {"template": mask, "t1ce_to_template": transform},
            "none": {"own_mask": own},
        }
        folder = "raw" if self.method == "none" else "bias_corrected"
        return needs.get(self.method, {}) | {"t1ce": f"{HERE}/{folder}/{{case}}/t1ce.nii.gz"}

    def stripping_options(self):
        """Return the options of the method of skull stripping.

        Other weights of HD-BET 2 strip every skull again, the same in another place none.
        """
        mirrored = {"mirrored": self.preprocessing["hd_bet_tta"]}
        weights = {"sha256": settings_of_hd_bet()["sha256"]}
        options = {
            "hd-bet": self.preprocessing["hd_bet"] | weights | mirrored,
            "hd-bet-v1": mirrored,
        }
        return options.get(self.method, {})

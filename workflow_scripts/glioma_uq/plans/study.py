"""The plan of a study: its grid, its tables and figures, and the inputs of each.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

from functools import cached_property
from itertools import product

from glioma_uq.fingerprints import fingerprint
from glioma_uq.grid import ALL_SEEDS, ENSEMBLES, format_passes, format_rate, format_sampled
from glioma_uq.seeds import seed_for
from glioma_uq.subregions import CLASSES
from glioma_uq.tasks import TASKS

RUN = "{folder}/{network}/dropout-{rate}/fold-{fold}/seed-{seed}"
CELL = "{folder}/{network}/dropout-{rate}/passes-{passes}"
PREDICTED = {"rule": "fixed", "rate": 0.0, "passes": 1}  # the cell of published predictions
FITTED = ("recalibration", "conformal", "mask_control")  # on the validation cases

# The tables of the statistics, by file name, and what a study must have for each.
TABLES = {
    "classification": {"tasks"},
    "rank_tests": set(),
    "selection": set(),
    "findings": {"tasks"},
    "reliability": {"tasks"},
    "risk_coverage": set(),
    "subgroups": set(),
    "segmentation": {"networks"},
    "differences": {"networks"},
    "recalibration": {"networks", "tasks", "recalibration"},
    "conformal": {"networks", "tasks", "conformal"},
    "mask_control": {"networks", "mask_control"},
    "posterior_truth": {"networks", "tasks", "truth"},
    "table_1": {"subregions"},
    "table_2": {"subregions"},
    "table_3": {"subregions"},
    "overlap": {"subregions"},
    "overlap_tests": {"subregions"},
    "lesions": {"subregions"},
    "froc": {"subregions"},
    "uncertainty_by_size": {"subregions", "disagreement"},
    "uncertainty_by_size_differences": {"subregions", "disagreement"},
    "size_sensitivity": {"subregions", "lesion groups"},
}
# The figures in the order of the report; without tasks those of subregions come first.
FIGURES = {
    "uncertainty_by_passes": {"networks", "tasks"},
    "calibration_by_rate": {"tasks"},
    "segmentation_quality": {"networks", "uncertainty"},
    "uncertainty_by_correctness": {"tasks"},
    "reliability": {"tasks"},
    "risk_coverage": set(),
    "uncertainty_shares": {"networks", "tasks"},
    "rate_differences": {"networks", "rates"},
    "posterior_truth": {"networks", "tasks", "truth"},
    "case_gallery": {"networks", "maps", "uncertainty"},
    "tumour_volumes": {"subregions"},
    "segmentation_gallery": {"subregions"},
    "dice_by_size": {"subregions"},
    "froc": {"subregions"},
    "size_sensitivity": {"subregions", "lesion groups"},
    "uncertainty_by_size": {"subregions", "disagreement"},
    "learning_curves": {"networks"},
}


class StudyPlan:
    """The names, files and settings that the rules of a study read.

    Args:
        config: a checked config.
        cohort: the `CohortPlan` of its volumes, None for a study of predictions.
        on_cluster: whether jobs are submitted to other machines.
    """

    ALL_SEEDS = ALL_SEEDS

    def __init__(self, config, cohort=None, on_cluster=False):
        self.config, self.cohort, self.on_cluster = config, cohort, on_cluster
        self.name, self.predictions = config["study"], config["predictions"]
        self.folder = f"results/studies/{self.name}"
        self.report = f"{self.folder}/report.html"
        statistics = config["statistics"]
        self.level, self.seed = statistics["level"], config["seed"]
        self.intervals = {name: statistics[name] for name in ("resamples", "level", "interval")}
        self.ece = {name: statistics[f"ece_{name}"] for name in ("bins", "binning", "norm")}
        self.modalities = cohort.modalities if cohort else []
        self.seeds, self.classes = config["seeds"], CLASSES[config["segmentation"]]
        self.folds = range(1, config["folds"]["number"] + 1)
        if self.predictions:
            networks, samplers = [self.predictions["network"]], ["mc-dropout"]
            self.tasks, self.rates, self.passes = list(TASKS), ["0.00"], ["001"]
            self.selection = config["selection"] | PREDICTED
        else:
            networks, samplers = config["networks"], config["sampling"]["samplers"]
            self.tasks = [task for task in TASKS if task in config["tasks"]]
            self.rates = [format_rate(rate) for rate in config["rates"]]
            self.passes = [format_passes(t) for t in config["sampling"]["passes"]]
            self.selection = config["selection"]
        self.samplers, self.networks = samplers, networks
        # (network, sampler) by the name in paths and tables.
        self.sampled = {format_sampled(n, s): (n, s) for n in networks for s in samplers}
        self.network = next(iter(self.sampled))  # the one that the figures show
        self.trained = self.sampled[self.network][0]  # its name in the paths of training

    # The study's properties, and the tables and figures that follow from them.

    @cached_property
    def has(self):
        """The properties of the study that `TABLES` and `FIGURES` refer to."""
        sampling, statistics = self.config["sampling"], self.config["statistics"]
        networks = self.cohort is not None
        maps = networks and bool(sampling["maps"])
        subregions = maps and self.config["segmentation"] == "subregions"
        passes = max(sampling["passes"])
        disagreement = networks and self.samplers != ["deterministic"] and passes > 1
        facts = {
            "networks": networks,
            "tasks": bool(self.tasks),
            "rates": len(self.rates) > 1,
            "maps": maps,
            "subregions": subregions,
            "disagreement": disagreement,
            "uncertainty": bool(self.tasks) or disagreement,
            "truth": networks and self.cohort.is_phantom,
            "lesion groups": networks and self.cohort.has_lesion_groups,
        }
        facts |= {name: bool(statistics[name]) for name in FITTED}
        return {name for name, true in facts.items() if true}

    @cached_property
    def tables(self):
        """Names of the tables of the statistics."""
        return [name for name, needs in TABLES.items() if needs <= self.has]

    @cached_property
    def figures(self):
        """Names of the figures, in the order of the report."""
        mine = [name for name, needs in FIGURES.items() if needs <= self.has]
        if self.tasks:
            return mine
        return sorted(mine, key=lambda name: "subregions" not in FIGURES[name])

    @property
    def targets(self):
        """What a run of the study makes; a deleted figure is drawn again."""
        kinds = ("pdf", "png", "csv")
        figures = [f"{self.folder}/figures/{f}.{kind}" for f in self.figures for kind in kinds]
        return [self.report, *figures]

    def group(self, name):
        """Return the group of jobs that a cluster runs as one; None on a single machine.

        Groups have no effect there, but a dry run checks them in time quadratic in the jobs.
        """
        return name if self.on_cluster else None

    # Settings, in the form of the steps' params.

    @property
    def estimation(self):
        """Params of every step with a bootstrap."""
        return {"seed": self.seed, "intervals": self.intervals}

    @property
    def measured(self):
        """Params of every step that measures classification."""
        return {"ece": self.ece, "auc_average": self.config["statistics"]["auc_average"]}

    def fitted(self, name):
        """Return the settings of a fit on validation cases, {} if it is off."""
        return self.config["statistics"][name] or {}

    @property
    def sampling(self):
        """Params of a sampling step."""
        names = ("passes", "nested", "keep_sums", "hd95", "batch_size", "device", "acceleration")
        sampling = self.config["sampling"]
        mine = {name: sampling[name] for name in names}
        return mine | {"mapped": sampling["maps"], "histograms": sampling["voxel_histograms"]}

    # Inputs of provenance and report.

    @property
    def provenance_inputs(self):
        """Tables and weights that all results depend on."""
        if self.predictions:
            return [self.predictions["path"]]
        return [self.cohort.manifest, f"{self.folder}/folds.csv", *self.runs("model.safetensors")]

    @property
    def reported(self):
        """Inputs of the report, by the arguments of its step."""
        shown = [name for name in self.figures if name != "learning_curves"]
        inputs = {
            "statistics": [f"{self.folder}/statistics/{table}.csv" for table in self.tables],
            "figures": [f"{self.folder}/figures/{figure}.png" for figure in shown],
        }
        if self.predictions:
            names = ("learning_curves", "curves", "viewer", "overlays", "volumes", "excluded")
            return inputs | {name: [] for name in names}
        first = self.cohort.cases[: self.config["report"]["overlays"]]
        return inputs | {
            "learning_curves": f"{self.folder}/figures/learning_curves.png",
            "curves": f"{self.folder}/figures/learning_curves.csv",
            "viewer": f"{self.folder}/viewer.html" if "maps" in self.has else [],
            "overlays": self.cohort.sheets(first) if first else [],
            "volumes": self.cohort.manifest,
            "excluded": f"{self.cohort.folder}/excluded.csv",
        }

    # Files at the points of the grid.

    def over_grid(self, path, networks, **grid):
        """Return `path`, with `RUN` or `CELL` before it, at every point of the grid it spans."""
        grid = {"network": networks, "rate": self.rates} | grid
        return [
            path.format(folder=self.folder, **dict(zip(grid, point, strict=True)))
            for point in product(*grid.values())
        ]

    def runs(self, file):
        """Return a file of every network that is trained."""
        return self.over_grid(f"{RUN}/{file}", self.networks, fold=self.folds, seed=self.seeds)

    @property
    def learning_curves(self):
        """The learning curve of every network that is trained."""
        return [] if self.predictions else self.runs("learning_curve.csv")

    def cells(self, table):
        """Return a table at every cell (network, rate, T), [] if the study has no such table."""
        needs = {"classification": "tasks", "segmentation": "networks", "voxels": "networks"}
        histograms = self.config["sampling"]["voxel_histograms"]
        if needs[table] not in self.has or (table == "voxels" and not histograms):
            return []
        return self.cells_of(table)

    def cells_of(self, table, networks=None):
        """Return a table at every cell, without that check."""
        return self.over_grid(f"{CELL}/{table}.csv", networks or self.sampled, passes=self.passes)

    def mapped_cells(self, table):
        """Return a table at every cell whose maps are kept."""
        if table == "voxels" and not self.config["sampling"]["voxel_histograms"]:
            return []
        passes = [format_passes(t) for t in self.config["sampling"]["maps"]]
        return self.over_grid(f"{CELL}/{table}.csv", self.sampled, passes=passes)

    def tables_of_cell(self, table):
        """Return a table at every T; network and rate stay wildcards."""
        cell = CELL.format(
            folder=self.folder, network="{network}", rate="{rate}", passes="{passes}"
        )
        return [f"{cell}/{table}.csv".replace("{passes}", t) for t in self.passes]

    @property
    def selected_by(self):
        """{kind: tables of the first network} from which rate and T are selected."""
        on_test = self.selection["rule"] in ("fixed", "paper")
        tables = {
            "classification": "classification" if on_test else "validation",
            "segmentation": "segmentation" if on_test else "validation_segmentation",
        }
        return {
            kind: self.cells_of(table, [self.network]) if self.cells(kind) else []
            for kind, table in tables.items()
        }

    @property
    def maps(self):
        """Map folders of the first network at every rate: the selection is known at run time."""
        if "maps" not in self.has:
            return []
        path, seeds = f"{RUN}/samples/maps", self.seeds_of(self.network)
        return self.over_grid(path, [self.network], fold=self.folds, seed=seeds)

    @property
    def label_maps(self):
        """Map folders of one seed of every network."""
        return [
            path
            for name in self.sampled
            for path in self.over_grid(
                f"{RUN}/samples/maps", [name], fold=self.folds, seed=self.seeds_of(name)[:1]
            )
        ]

    # Functions of a job's wildcards.

    def seeds_of(self, name):
        """Return the seeds in the paths of samples: each, or one name for all in an ensemble."""
        _, sampler = self.sampled[name]
        return [ALL_SEEDS] if sampler in ENSEMBLES else self.seeds

    def models_of(self, wildcards):
        """Return the weights that a sampler needs: of one training seed, or of all."""
        seeds = self.seeds if wildcards.seed == ALL_SEEDS else [wildcards.seed]
        network, _ = self.sampled[wildcards.network]
        point = {"rate": wildcards.rate, "fold": wildcards.fold, "network": network}
        point["folder"] = self.folder
        return [f"{RUN}/model.safetensors".format(seed=seed, **point) for seed in seeds]

    def samples(self, file):
        """Return the input function that lists a file of the samples of all folds and seeds."""

        def of_cell(wildcards):
            grid = product(self.folds, self.seeds_of(wildcards.network))
            point = {"folder": self.folder, "network": wildcards.network, "rate": wildcards.rate}
            return [f"{RUN}/samples/{file}".format(fold=f, seed=s, **point) for f, s in grid]

        return of_cell

    def folds_of_samples(self, wildcards):
        """Return the fold of each file that `samples` lists."""
        return [fold for fold in self.folds for _ in self.seeds_of(wildcards.network)]

    def seeds_of_samples(self, wildcards):
        """Return the seed of each file that `samples` lists."""
        return [seed for _ in self.folds for seed in self.seeds_of(wildcards.network)]

    def options_of(self, network):
        """Return the options of a network's constructor."""
        return self.config["network_options"].get(network, {})

    def seed_for(self, *names):
        """Return the seed of one of the study's steps."""
        return seed_for(self.seed, *names)

    def code_of_network(self, step):
        """Return the param that fingerprints a step and the file of its network."""

        def code(wildcards):
            network, _ = self.sampled.get(wildcards.network, (wildcards.network, None))
            return fingerprint(step, also=f"glioma_uq/networks/{network.replace('-', '_')}.py")

        return code

"""The plan of a study: its grid, its tables and figures, and the inputs of each.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

from functools import cached_property
from itertools import chain, product

from glioma_uq.contents import digest_of_tables
from glioma_uq.fingerprints import fingerprint
from glioma_uq.grid import ALL_SEEDS, ENSEMBLES, format_passes, format_rate, format_sampled
from glioma_uq.plans.plan import Plan
from glioma_uq.subregions import CLASSES, regions_of
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
    "findings": {"uncertainty"},
    "reliability": {"tasks"},
    "risk_coverage": set(),
    "subgroups": set(),
    "segmentation": {"segmentation"},
    "differences": {"networks"},
    "recalibration": {"networks", "tasks", "recalibration"},
    "conformal": {"networks", "tasks", "conformal"},
    "mask_control": {"segmentation", "mask_control"},
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
    "training": {"networks"},
    "by_seed": {"networks", "seeds"},
}
# The figures in the order of the report; without tasks those of subregions come first.
FIGURES = {
    "uncertainty_by_passes": {"networks", "tasks"},
    "calibration_by_rate": {"tasks"},
    "segmentation_quality": {"segmentation", "uncertainty"},
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


class StudyPlan(Plan):
    """The names, files and settings that the rules of a study read.

    Args:
        config: a checked config.
        cohort: the `CohortPlan` of its volumes, None for a study of predictions.
        on_cluster: whether jobs are submitted to other machines.
    """

    ALL_SEEDS = ALL_SEEDS

    def __init__(self, config, cohort=None, on_cluster=False):
        super().__init__(config, config["seed"], on_cluster)
        self.cohort, self.predictions = cohort, config["predictions"]
        self.name, self.folder = config["study"], f"results/studies/{config['study']}"
        statistics, self.sampling = config["statistics"], config["sampling"]
        self.level = statistics["level"]
        self.intervals = {name: statistics[name] for name in ("resamples", "level", "interval")}
        self.ece = {name: statistics[f"ece_{name}"] for name in ("bins", "binning", "norm")}
        # Params of every step with a bootstrap, and of every one that measures classification.
        self.estimation = {"seed": self.seed, "intervals": self.intervals}
        self.measured = {"ece": self.ece, "auc_average": statistics["auc_average"]}
        self.modalities = cohort.modalities if cohort else []
        self.seeds, self.classes = config["seeds"], CLASSES[config["segmentation"]]
        self.regions = regions_of(self.classes)
        self.histograms = self.sampling["voxel_histograms"] and self.classes > 0
        self.folds = range(1, config["folds"]["number"] + 1)
        if self.predictions:
            networks, samplers = [self.predictions["network"]], ["mc-dropout"]
            self.tasks = [task for task in TASKS if self.predictions["columns"].get(task)]
            self.rates, self.passes = ["0.00"], ["001"]
            self.selection = config["selection"] | PREDICTED
        else:
            networks, samplers = config["networks"], self.sampling["samplers"]
            self.tasks = [task for task in TASKS if task in config["tasks"]]
            self.rates = [format_rate(rate) for rate in config["rates"]]
            self.passes = [format_passes(t) for t in self.sampling["passes"]]
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
        networks = self.cohort is not None
        segmentation = networks and self.classes > 0
        maps = segmentation and bool(self.sampling["maps"])
        subregions = maps and bool(self.regions)
        passes = max(self.sampling["passes"])
        disagreement = segmentation and self.samplers != ["deterministic"] and passes > 1
        facts = {
            "networks": networks,
            "segmentation": segmentation,
            "tasks": bool(self.tasks),
            "rates": len(self.rates) > 1,
            "seeds": len(self.seeds) > 1 and not set(self.samplers) <= set(ENSEMBLES),
            "maps": maps,
            "subregions": subregions,
            "disagreement": disagreement,
            "uncertainty": bool(self.tasks) or disagreement,
            "truth": networks and self.cohort.is_phantom,
            "lesion groups": networks and self.cohort.has_lesion_groups,
        }
        facts |= {name: bool(self.config["statistics"][name]) for name in FITTED}
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
        """What a run makes; a deleted figure, table or page is made again, without training."""
        kinds = ("pdf", "png", "csv")
        figures = [f"{self.folder}/figures/{f}.{kind}" for f in self.figures for kind in kinds]
        pages = ["report.html", "provenance.json", *(["viewer.html"] if "maps" in self.has else [])]
        tables = [self.table(name) for name in self.tables]
        return [*(f"{self.folder}/{page}" for page in pages), *tables, *figures]

    def fitted(self, name):
        """Return the settings of a fit on validation cases, {} if it is off."""
        return self.config["statistics"][name] or {}

    def sampled_with(self):
        """Return the params of a sampling step."""
        names = ("passes", "nested", "keep_sums", "hd95", "batch_size", "device", "acceleration")
        mine = {name: self.sampling[name] for name in names}
        return mine | {"mapped": self.sampling["maps"], "histograms": self.histograms}

    @property
    def contents(self):
        """A digest of the table of predictions, None without one."""
        return digest_of_tables([self.predictions["path"]]) if self.predictions else None

    def provenance_inputs(self):
        """Return the tables and weights that all results depend on."""
        if self.predictions:
            return [self.predictions["path"]]
        return [self.cohort.manifest, f"{self.folder}/folds.csv", *self.runs("model.safetensors")]

    def reported(self):
        """Return the inputs of the report, by the arguments of its step."""
        shown = [name for name in self.figures if name != "learning_curves"]
        tested = self.cells("classification")  # every cell has the labels of the tested cases
        inputs = {
            "tested": tested[0] if tested else [],
            "statistics": [self.table(name) for name in self.tables],
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

    def cells(self, table):
        """Return a table at every cell (network, rate, T), [] if the study has no such table."""
        needs = {"classification": "tasks"}.get(table, "segmentation")
        if needs not in self.has or (table == "voxels" and not self.histograms):
            return []
        return self.cells_of(table)

    def cells_of(self, table, networks=None):
        """Return a table at every cell, without that check."""
        return self.over_grid(f"{CELL}/{table}.csv", networks or self.sampled, passes=self.passes)

    def mapped_cells(self, table):
        """Return a table at every cell whose maps are kept."""
        if table == "voxels" and not self.histograms:
            return []
        passes = [format_passes(t) for t in self.sampling["maps"]]
        return self.over_grid(f"{CELL}/{table}.csv", self.sampled, passes=passes)

    def tables_of_cell(self, table):
        """Return a table at every T; network and rate stay wildcards."""
        cell = f"{self.folder}/{{network}}/dropout-{{rate}}"
        return [f"{cell}/passes-{passes}/{table}.csv" for passes in self.passes]

    def table(self, name):
        """Return the path of a table of the statistics, [] if the study has no such table."""
        return f"{self.folder}/statistics/{name}.csv" if name in self.tables else []

    @property
    def selected_by(self):
        """{kind: tables of the first network} from which rate and T are selected."""
        tables = {"classification": "validation", "segmentation": "validation_segmentation"}
        if self.selection["rule"] in ("fixed", "paper"):
            tables = {kind: kind for kind in tables}
        return {
            kind: self.cells_of(table, [self.network]) if self.cells(kind) else []
            for kind, table in tables.items()
        }

    @property
    def maps(self):
        """Map folders of the first network at every rate: the selection is known at run time."""
        if "maps" not in self.has:
            return []
        return self.map_folders(self.network, self.seeds_of(self.network))

    def map_folders(self, name, seeds):
        """Return the map folders of some seeds of a network."""
        return self.over_grid(f"{RUN}/samples/maps", [name], fold=self.folds, seed=seeds)

    @property
    def label_maps(self):
        """Map folders of one seed of every network."""
        seeds = {name: self.seeds_of(name)[:1] for name in self.sampled}
        return list(chain.from_iterable(self.map_folders(name, seeds[name]) for name in seeds))

    # Functions of a job's wildcards.

    def seeds_of(self, name):
        """Return the seeds in the paths of samples: each, or one name for all in an ensemble."""
        _, sampler = self.sampled[name]
        return [ALL_SEEDS] if sampler in ENSEMBLES else self.seeds

    def models_of(self, wildcards):
        """Return the weights that a sampler needs: of one training seed, or of all."""
        seeds = self.seeds if wildcards.seed == ALL_SEEDS else [wildcards.seed]
        network, _ = self.sampled[wildcards.network]
        point = dict(wildcards.items()) | {"folder": self.folder, "network": network}
        return [f"{RUN}/model.safetensors".format(**point | {"seed": seed}) for seed in seeds]

    def samples(self, file):
        """Return the input function that lists a file of the samples of all folds and seeds."""

        def of_cell(wildcards):
            point = {"folder": self.folder, "network": wildcards.network, "rate": wildcards.rate}
            runs = RUN.format(fold="{}", seed="{}", **point)
            grid = product(self.folds, self.seeds_of(wildcards.network))
            return [f"{runs}/samples/{file}".format(*point) for point in grid]

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

    def training_of(self, network):
        """Return the settings of a network's training, with auxiliary weights of its own if any."""
        auxiliary = dict(self.config["training"]["auxiliary"])
        mine = auxiliary.pop("by_network").get(network, {})
        return self.config["training"] | {"auxiliary": auxiliary | mine}

    def code_of_network(self, step):
        """Return the param that fingerprints a step and the file of its network."""

        def code(wildcards):
            network, _ = self.sampled.get(wildcards.network, (wildcards.network, None))
            return fingerprint(step, also=f"glioma_uq/networks/{network.replace('-', '_')}.py")

        return code

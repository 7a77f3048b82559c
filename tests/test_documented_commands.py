"""What the docs tell people to run, runs: every command in a quick form, every config planned.

Snakemake plans and runs nothing, make says what it would do, a script lists its options, pytest
collects; benchmarks run in tests/test_benchmarks.py. A command without such a form has a marker
that says why (documented.py), or fails here.
"""

import copy
import importlib.util
import os
import re
import runpy
import shlex
import subprocess
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path

import configs
import layouts
import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import test_benchmarks
import yaml
from documented import BLOCK, HEADED, LANGUAGES, PAGES, ROOT, blocks, commands

from glioma_uq.cohorts.sources import SOURCES
from glioma_uq.configuration.datasets import FOLDER, datasets_of, list_datasets, read_dataset
from glioma_uq.configuration.schema import read_cohort
from glioma_uq.tasks import TASKS

COMMANDS = [command for command in commands() if not command.why]
CONFIGS = {
    f"{block.page}/{number}": yaml.safe_load(block.body)
    for number, block in enumerate(blocks())
    if block.language == "yaml"
    and re.search("^(cohort|predictions):", block.body, re.M)
    and block.page != "docs/adding.md"  # whose network tests/test_networks.py adds first
}
SAVED = {  # under these names by a reader, as the pages say
    "my_predictions.yaml": next(n for n in CONFIGS if n.startswith("docs/predictions.md")),
    "demo_predictions.yaml": next(n for n in CONFIGS if n.startswith("docs/tutorial/your")),
    "ours.yaml": next(n for n, c in CONFIGS.items() if "my_dataset.yaml" in str(c)),
    "beside.yaml": next(n for n in CONFIGS if n.startswith("docs/real_patients.md")),
    "my_cohort.yaml": next(n for n, c in CONFIGS.items() if "upenn_gbm" in str(c)),
}
# The file of a dataset that docs/datasets.md describes.
OWN_DATASET = next(b.body for b in blocks() if b.language == "yaml" and b.body.startswith("title:"))
COLUMNS = {name: name for name in ("case", "idh", "1p19q", "grade", "source")}
LABELS = [(0, 0, 4), (1, 0, 2), (1, 1, 3), (1, 1, 2)]  # idh, 1p19q, grade of every fourth case
CASES = [f"UPENN-GBM-{number:05}" for number in range(1, 21)]


NO_PREPROCESSING = {"preprocessing": {"skull_stripping": "template"}}  # as a phantom needs
PROGRAM = re.compile(r"(?:PYTHONPATH=\S+ |/usr/bin/time -v )?(?:\.venv/bin/)?(\w+)")


def program_of(text):
    """Return the name of the program that a command starts."""
    return PROGRAM.match(text)[1]


OF_SNAKEMAKE = [c.text for c in COMMANDS if program_of(c.text) == "snakemake"]
OTHERS = [c for c in COMMANDS if program_of(c.text) != "snakemake"]


def arguments_of(text):
    """Return what follows the name of the program, as the shell splits it."""
    return shlex.split(text[PROGRAM.match(text).end() :])


# The data that the docs speak of: 20 patients whose files are empty, tables with their labels.


def write_data(config, folder):
    """Write, in `folder`, the tables and files that a config names."""
    config = dict(config)
    read_cohort(config)
    if config.get("predictions"):
        write_predictions(config["predictions"], folder)
    cohort = config.get("cohort") or {}
    if "labels" in cohort:
        write_labels(cohort["labels"], folder)
    if cohort.get("source") == "datasets":
        for entry in cohort["datasets"]:
            write_entry(entry, folder)
    if cohort.get("source") == "folder":
        names = ("T1", "T1CE", "T2", "FLAIR", "segmentation")
        for case in CASES:
            (folder / cohort["folder"]["path"] / case).mkdir(parents=True, exist_ok=True)
            for name in names:
                (folder / cohort["folder"]["path"] / case / f"{name}.nii.gz").touch()


def write_entry(entry, folder):
    """Write the T1CE of 20 patients of a dataset, and the table of their labels if it has one."""
    name = str(folder / entry["name"]) if entry["name"].endswith(".yaml") else entry["name"]
    dataset, root = read_dataset(name, entry.get("version")), folder / entry["path"]
    places = layouts.write_dataset(root, dataset, layouts.folders_of(dataset, 20), ["t1ce"])
    if "labels" in dataset:
        usual = root / dataset["labels"]["table"].replace("*", "_")
        path = folder / entry["table"] if entry.get("table") else usual
        labels = [dict(zip(TASKS, LABELS[i % 4], strict=True)) for i in range(len(places))]
        named = [getattr(place, dataset.get("labels_of", "case")) for place in places]
        layouts.write_labels(path, dataset, dict(zip(named, labels, strict=True)))


def write_labels(labels, folder):
    """Write the table of a cohort's labels, with a row for each case."""
    columns = COLUMNS | {"source": None} | labels.get("columns", {})
    rows = [
        dict(zip(COLUMNS, (c, *LABELS[i % 4], "site"), strict=True)) for i, c in enumerate(CASES)
    ]
    ours, table = pd.DataFrame(rows), pd.DataFrame()
    for name, named in columns.items():
        values = labels.get("values", {}).get(name, {})
        text_of = {label: str(text).replace("?*", "x") for text, label in values.items()}
        for column in filter(None, named if isinstance(named, list) else [named]):
            table[column] = ours[name].map(lambda label, of=text_of: of.get(label, label))
    for column, values in labels.get("only", {}).items():
        table[column] = [values[i % len(values)] for i in range(len(table))]
    path = folder / labels["table"]
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix != ".xlsx":
        table.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
        return
    with pd.ExcelWriter(path) as workbook:
        for sheet in range(labels["sheet"]):  # the last one counts
            table.to_excel(workbook, sheet_name=f"Sheet {sheet + 1}", index=False)


def write_predictions(predictions, folder):
    """Write the header of a table of predictions: to plan, its rows are not read."""
    path = folder / predictions["path"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{predictions['columns']['case']}\n")


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder as a user has it: configs and profiles of a checkout, data, studies of the docs.

    Each example has a folder of its own in it, since several name the same table.
    """
    folder = tmp_path_factory.mktemp("workplace")
    saved = {name: CONFIGS[example] for name, example in SAVED.items()}
    saved["my_study/study.yaml"] = {"study": "mine", "cohort": "cohorts/glioma.yaml"}
    saved |= {f"{name}/study.yaml": config for name, config in CONFIGS.items()}
    for place in {(folder / name).parent for name in saved}:
        place.mkdir(parents=True, exist_ok=True)
        (place / "my_dataset.yaml").write_text(OWN_DATASET)
    for name, config in saved.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(yaml.safe_dump(config, sort_keys=False))
        write_data(config, (folder / name).parent)
    for path in HEADED:
        write_data(yaml.safe_load(path.read_text()), folder)
    for name in ("cohorts", "studies", "profiles"):
        (folder / name).symlink_to(ROOT / name)
    return folder


# Snakemake plans.


def quick_form(text, folder):
    """Return the arguments by which Snakemake plans what a command would run."""
    text = text.replace("~", str(folder)).replace("/path/to/", "data/prognosais_glioma/")
    kept, skip = [], False
    for argument, following in pairwise([*arguments_of(text), ""]):
        if skip:
            skip = False
        elif argument == "--workflow-profile":
            assert (ROOT / following / "config.yaml").is_file()
            skip = importlib.util.find_spec("snakemake_executor_plugin_slurm") is None
            kept += [] if skip else [argument]
        elif argument in ("-n", "--cores", "--quiet"):
            skip = argument != "-n"
        else:
            kept.append(argument)
    return tuple(kept)


@cache
def plan(folder, arguments):
    """Return what Snakemake prints when it plans, in `folder`, what is asked for."""
    start = ["--snakefile", ROOT / "Snakefile", "--dry-run", "--quiet", "rules", "--cores", "1"]
    command = [sys.executable, "-m", "snakemake", *start, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout + done.stderr


@pytest.mark.workflow
@pytest.mark.parametrize("text", OF_SNAKEMAKE)
def test_snakemake_plans_what_is_written(text, workplace):
    printed = plan(workplace, quick_form(text, workplace))
    assert "--unlock" in text or "total" in printed


@pytest.mark.workflow
@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_of_the_docs_starts_as_printed(name, workplace):
    assert "total" in plan(workplace / name, ("--configfile", "study.yaml"))


@pytest.mark.parametrize("name", [name for name, c in CONFIGS.items() if "study" not in c])
def test_a_cohort_of_the_docs_is_a_study_with_a_name(name, workplace, monkeypatch):
    monkeypatch.chdir(workplace / name)
    cohort, study = configs.planned({"study": "named"}, CONFIGS[name])
    assert (study.name, study.cohort) == ("named", cohort)


def test_the_docs_have_an_example_of_every_source_of_patients():
    cohorts = [config.get("cohort") for config in CONFIGS.values()]
    shown = {cohort["source"] for cohort in cohorts if isinstance(cohort, dict)}
    assert shown == {*SOURCES}


def test_the_table_of_datasets_has_every_file():
    rows = re.findall(r"^\| `([\w-]+)` \|", (ROOT / "docs/datasets.md").read_text(), re.M)
    assert sorted(row for row in rows if (FOLDER / f"{row}.yaml").is_file()) == list_datasets()


# The other programs.


def quick_make(arguments, _):
    return ["make", "--dry-run", *arguments], {}


def quick_pytest(arguments, _):
    return [sys.executable, "-m", "pytest", "--collect-only", "-q", *arguments], {}


def quick_python(arguments, text):
    """Run a command of -c; of a script with options list them; else load it."""
    path = {"PYTHONPATH": str(ROOT / "workflow_scripts")} if text.startswith("PYTHONPATH") else {}
    if arguments[0] == "-c":
        return [sys.executable, *arguments], path
    if arguments[0] == "-m":
        return quick_pytest(arguments[2:], text)
    if "argparse" in (ROOT / arguments[0]).read_text():
        return [sys.executable, arguments[0], "--help"], {}
    load = "import runpy, sys; runpy.run_path(sys.argv[1], run_name='loaded')"
    scripts = os.pathsep.join(str(ROOT / name) for name in ("workflow_scripts", "tests"))
    return [sys.executable, "-c", load, arguments[0]], {"PYTHONPATH": scripts}


QUICK = {"make": quick_make, "pytest": quick_pytest, "python": quick_python}


@pytest.mark.parametrize("command", OTHERS, ids=lambda command: command.text)
def test_another_command_runs_in_its_quick_form(command):
    program, arguments = program_of(command.text), arguments_of(command.text)
    assert program in QUICK, (
        f"expected a quick form of the command {command.text} in {command.page}, found none: add "
        "one to QUICK, or <!-- not run: why --> beside the command"
    )
    if test_benchmarks.COMMAND.search(command.text):
        return  # run there
    quick, environment = QUICK[program](arguments, command.text)
    environment = os.environ | environment
    done = subprocess.run(quick, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    if quick[-1] == "--help":
        options = {a for a in arguments if a.startswith("--")}
        assert options <= set(re.findall(r"--[\w-]+", done.stdout))


def test_every_block_says_what_it_is():
    strange = [(b.page, b.language) for b in blocks() if b.language not in LANGUAGES]
    assert not strange


def test_commands_are_found_everywhere():
    """What is collected: a pattern that no longer matches would test nothing."""
    pages = {command.page for command in commands()}
    heads = {str(path.relative_to(ROOT)) for path in HEADED} - {"profiles/default/config.yaml"}
    assert heads <= pages
    assert {"README.md", "docs/cluster.md", "docs/cohorts.md", "docs/intervals.md"} <= pages


def anchors_of(page):
    """Return the anchors that a page's headings have on GitHub."""
    headings = re.findall("^#+ (.+)$", BLOCK.sub("", page.read_text()), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for link in re.findall(r"\]\((?!https:)([^)\s]+)\)", BLOCK.sub("", page.read_text())):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_is_longer_than_300_lines(page):
    assert len(page.read_text().splitlines()) <= 300


# The Python of docs/reading.md.

READING = [b.body for b in blocks() if b.language == "python" and b.page == "docs/reading.md"]


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Small results at the paths that the page reads."""
    study = tmp_path / "results/studies/phantom"
    cell = study / "csnet/dropout-0.20"
    tables = {
        study / "statistics/selection.csv": {"item": "selected", "rate": 0.2, "passes": 30},
        study / "statistics/classification.csv": {
            "rate": 0.2, "passes": 30, "task": "idh", "measure": "ece", "value": 0.125,
            "low": 0.1, "high": 0.2, "n": 64,
        },
        cell / "passes-030/classification.csv": {
            "case": "phantom-001", "seed": 1,
            "idh_label": 1, "idh_probability_1": 0.75, "idh_predictive": 0.5,
        },
    }  # fmt: skip
    for path, row in tables.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame([row]).to_csv(path, index=False)
    image = nib.Nifti1Image(np.full((2, 3, 4), 0.5, np.float32), np.eye(4))
    for path in (
        cell / "fold-1/seed-1/samples/maps/phantom-001/passes-030/predictive.nii.gz",
        tmp_path / "results/cohorts/phantom/normalised/phantom-001/t1ce.nii.gz",
    ):
        path.parent.mkdir(parents=True)
        nib.save(image, path)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("number", "printed"), [*enumerate(["0.125", "phantom-001", "0.5 nats"])])
def test_the_python_of_the_docs_reads_results(number, printed, results, capsys):
    script = Path("script.py")
    script.write_text(READING[number], encoding="utf-8")
    runpy.run_path(str(script))
    assert printed in capsys.readouterr().out


@pytest.mark.parametrize("name", [n for n, c in CONFIGS.items() if c.get("cohort")])
def test_a_cohort_of_the_docs_has_the_defaults_but_what_it_says(name, tmp_path, monkeypatch):
    """No setting of the demo, such as N4 on 16 mm at voxels of 1 mm."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_dataset.yaml").write_text(OWN_DATASET)
    described = copy.deepcopy(CONFIGS[name])
    read_cohort(described)
    given = described.get("preprocessing", {})
    defaults = configs.checked({}, {"cohort": configs.DEMO["cohort"]} | NO_PREPROCESSING)
    write_data(CONFIGS[name], tmp_path)
    found = configs.checked({}, CONFIGS[name])["preprocessing"]
    plain = defaults["preprocessing"] | {"skull_stripping": "hd-bet-v1"}
    for dataset in datasets_of(described["cohort"]):
        plain |= dataset.get("preprocessing", {})
    expected = configs.merge(copy.deepcopy(plain), copy.deepcopy(given))
    assert found == expected

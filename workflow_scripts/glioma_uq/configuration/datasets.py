"""The files of datasets, in cohorts/datasets or a user's own: read, checked, and put into a config.

Snakemake reads this module while it plans, so it imports nothing heavy.
"""

import re
from copy import deepcopy
from functools import cache
from os.path import isfile
from pathlib import Path, PurePath

from glioma_uq.cohorts.datasets import FIELDS, GROUPS, place_of
from glioma_uq.configuration.documents import (
    CHECKOUT,
    CONFIG_SCHEMA,
    fill_defaults,
    read_yaml,
    sentence,
    validator_of,
)
from glioma_uq.configuration.faults import (
    faults_of_cavity,
    faults_of_coding,
    faults_of_labels,
    faults_of_texts,
    is_inside,
    refuse,
)
from glioma_uq.errors import BadInput, closest
from glioma_uq.label_values import text_keys
from glioma_uq.subregions import SUBREGIONS, tells_subregions
from glioma_uq.text_tables import WORKBOOKS
from glioma_uq.texts import checked_text, is_plain_path

FOLDER = CHECKOUT / "cohorts" / "datasets"
SCHEMA = CHECKOUT / "rules" / "dataset.schema.yaml"


def list_datasets():
    """Return the names of the datasets that come with the checkout."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def add_preprocessing(config):
    """Put into a config, in place, the preprocessing of its cohort's datasets under the user's."""
    cohort = config["cohort"]
    if cohort and cohort["source"] == "datasets":
        own = config.get("preprocessing", {})
        config["preprocessing"] = common_preprocessing(datasets_of(cohort), own) | own


def check_subregions(config):
    """Raise BadInput for a study of subregions with a dataset that does not label each.

    Also for one of the cavity if none labels it: before surgery there is none, after it most have.
    """
    segmentation, cohort = config["segmentation"], config["cohort"]
    if not tells_subregions(segmentation) or cohort["source"] != "datasets":
        return
    datasets = datasets_of(cohort)
    for dataset in datasets:
        missing = [part for part in SUBREGIONS if not dataset["segmentation_labels"][part]]
        if missing:
            raise BadInput(
                f"expected labels of {', '.join(missing)} in {dataset['name']} for segmentation "
                f"{segmentation}, found none: set segmentation to tumour, or leave the dataset out."
            )
    refuse(faults_of_cavity(segmentation, [each["segmentation_labels"] for each in datasets]))


def datasets_of(cohort):
    """Return the datasets of a config's `cohort`, each with all that its file says.

    The user's labels go over those of the file; `labels` has the path of the table and all
    defaults, and is None without a table. `name` is the stem of the file.
    """
    return [described(given, cohort) for given in cohort.get("datasets", [])]


def described(given, cohort):
    """Return one of cohort.datasets with all that its file says; see `datasets_of`."""
    dataset = read_dataset(given["name"], given.get("version"))
    for part in cohort.get("modalities", ()):
        if part not in dataset["files"]:
            raise BadInput(
                f"expected the modalities {', '.join(cohort['modalities'])} in {given['name']}, "
                f"found no {part} under files of its file: leave it out of cohort.modalities."
            )
    dataset["segmentation_labels"] = (
        cohort.get("segmentation_labels") or dataset["segmentation_labels"]
    )
    own = given.get("labels", {})
    labels = merged(dataset.get("labels") or {}, own)
    labels["table"] = table_of(given, labels.get("table"))
    if own and not labels["table"]:
        raise BadInput(
            f"expected a table for the labels of {given['name']}, found none: name it as table "
            "under cohort.datasets."
        )
    if "only" in own:  # in place of those of the file, {} for all rows
        labels["only"] = own["only"]
    if labels["table"]:
        if Path(labels["table"]).suffix.lower() not in WORKBOOKS and "sheet" not in own:
            labels.pop("sheet", None)
        schema = validator_of(CONFIG_SCHEMA).schema["properties"]["cohort"]["properties"]["labels"]
        fill_defaults(labels, schema)
        key = f"labels of {given['name']}"
        refuse(faults_of_labels(labels, key))
        for task, values in labels["values"].items():
            labels["values"][task] = values and text_keys(values, f"{key}.values.{task}")
    name = checked_text(Path(given["name"]).stem, "the name of a dataset's file", given["name"])
    return given | dataset | {"name": name, "labels": labels if labels["table"] else None}


def table_of(given, usual):
    """Return the path of a dataset's table of labels, None without one.

    `usual`: its file name or pattern, in the dataset's folder or beside it; None if the
    dataset has no table of its own.
    """
    if "table" in given or usual is None:
        return given.get("table")
    root = Path(given["path"])
    for folder in (root, root.parent):
        tables = sorted(folder.glob(usual))
        if len(tables) > 1:
            raise BadInput(
                f"expected one table of labels {usual} of {given['name']} in {folder}, found "
                f"{' and '.join(table.name for table in tables)}: name one as table under "
                "cohort.datasets."
            )
        if tables and not is_plain_path(tables[0].name):
            raise BadInput(
                f"expected the table of labels {usual} of {given['name']} without quotes, braces, "
                f"$, ` and \\ in its name, found {tables[0].name!r}: rename it."
            )
        if tables:
            return str(tables[0])
    raise BadInput(
        f"expected the table of labels {usual} of {given['name']} in {root} or beside it, found "
        "none: put it there, or name it as table under cohort.datasets, or null for unknown labels."
    )


def common_preprocessing(datasets, own):
    """Return {key: value} of preprocessing that the datasets set and the user's `own` does not.

    Raises BadInput where the datasets differ.
    """
    defaults = {}
    fill_defaults(defaults, validator_of(CONFIG_SCHEMA).schema["properties"]["preprocessing"])
    settings = [dataset.get("preprocessing", {}) for dataset in datasets]
    common = {}
    for key in dict.fromkeys(key for each in settings for key in each if key not in own):
        values = [each.get(key, defaults[key]) for each in settings]
        for dataset, value in zip(datasets, values, strict=True):
            if value != values[0]:
                raise BadInput(
                    f"expected one preprocessing.{key} for all datasets, found {values[0]} for "
                    f"{datasets[0]['name']} and {value} for {dataset['name']}: set it under "
                    "preprocessing, or make a cohort of each."
                )
        common[key] = values[0]
    return common


def read_dataset(name, version=None):
    """Return the checked content of a dataset's file, of one version, without its `versions`.

    `name`: that of a file in cohorts/datasets, or the path of one. Raises BadInput, one sentence.
    """
    path = path_of(name)
    return deepcopy(_read(path, path.stat().st_mtime_ns, name, version))


@cache  # a plan reads it several times
def _read(path, _, name, version):
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise BadInput(f"expected the description of a dataset in {path}, found none: write it.")
    whole = choose_version(content, version, name)
    errors = sorted(validator_of(SCHEMA).iter_errors(whole), key=lambda e: list(map(str, e.path)))
    if errors:
        raise BadInput(sentence(errors[0], whole, str(path)))
    refuse(faults_of_texts(whole, path))
    refuse(faults_of_dataset(whole, path))
    return whole


def path_of(name):
    """Return the file of a dataset, which is a name or a path."""
    if Path(name).suffix in (".yaml", ".yml"):
        if isfile(name):
            return Path(name)
        raise BadInput(
            f"expected the file of a dataset under cohort.datasets, found no {name}: correct it."
        )
    if name not in list_datasets():
        raise BadInput(
            "expected the name of a dataset, or the path of its file, under cohort.datasets, found "
            f"{name!r}: {closest(name, list_datasets())}"
        )
    return FOLDER / f"{name}.yaml"


def choose_version(content, version, name):
    """Return a file's content with what differs in a version, in place of its `versions`."""
    versions = content.get("versions", {})
    if not isinstance(versions, dict) or not all(isinstance(v, dict) for v in versions.values()):
        raise BadInput(
            f"expected for each of versions what differs in it, in the file of {name}, found "
            f"{versions!r}: write the changes, {{}} for none."
        )
    versions = {str(key): value for key, value in versions.items()}
    version = content.get("version") if version is None else version
    if (version is None and versions) or (version is not None and str(version) not in versions):
        found = "none" if version is None else version
        advice = f"choose among {', '.join(versions)}." if versions else "leave it out."
        raise BadInput(f"expected a version of {name}, found {found}: {advice}")
    rest = {key: value for key, value in content.items() if key not in ("versions", "version")}
    return merged(rest, versions.get(str(version), {}))


def merged(base, changes):
    """Return `base` with `changes`: mappings go into mappings, all else replaces."""
    both = deepcopy(base)
    for key, value in changes.items():
        inside = isinstance(value, dict) and isinstance(both.get(key), dict)
        both[key] = merged(both[key], value) if inside else deepcopy(value)
    return both


def faults_of_dataset(dataset, path):
    """Find patterns that are none, that match no example or lead out, and unclear label numbers."""
    table = (dataset.get("labels") or {}).get("table", "x")
    if not table or PurePath(table).is_absolute() or ".." in PurePath(table).parts:
        yield (
            f"expected the name or pattern of a table in the dataset's folder or beside it as "
            f"labels.table, found {table!r}: correct {path}, or name a table elsewhere in a config."
        )
    for pattern in dataset["folders"]:
        try:
            groups = {name for level in pattern.split("/") for name in re.compile(level).groupindex}
        except re.error as error:
            yield (
                "expected a regular expression for each level between slashes in folders, without "
                f"a slash inside one, found {pattern!r} ({error}): correct {path}."
            )
            return
        if not groups & {"patient", "case"} or groups - set(GROUPS):
            yield (
                "expected the group patient or case, and perhaps session, in each of folders, "
                f"found {', '.join(sorted(groups)) or 'none'} in {pattern!r}: write the whole path "
                f"of a case's folder, levels between slashes, in {path}."
            )
    for example in dataset["examples"]:
        if not place_of(example, dataset["folders"]):
            yield f"expected folders to match the example {example}, found none: correct {path}."
    for part, patterns in dataset["files"].items():
        for pattern in [patterns] if isinstance(patterns, str) else patterns:
            unknown = [name for name in re.findall(r"\{(.*?)\}", pattern) if name not in FIELDS]
            if unknown or not is_inside(pattern):
                yield (
                    f"expected files.{part} inside the dataset's folder, with {{folder}}, "
                    f"{{case}}, {{patient}} or {{session}}, found {pattern!r}: correct {path}."
                )
    yield from faults_of_coding(dataset["segmentation_labels"], f"segmentation_labels of {path}")

"""What profiles/slurm promises about the rules, without Slurm."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PROFILE = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
RULE = re.compile(r"^ *(?:use rule (?P<base>\w+) as|rule) (?P<name>\w+)(?: with)?:$", re.M)
GROUP = re.compile(r"^ +group:\n +\w+\.group\(\"(\w+)\"\)$", re.M)


def groups_in(path):
    """Return {rule: its group, None without} of a file of rules."""
    text, groups = path.read_text(), {}
    found = list(RULE.finditer(text))
    for rule, following in zip(found, [*found[1:], None], strict=False):
        own = GROUP.search(text, rule.end(), following.start() if following else len(text))
        groups[rule["name"]] = own[1] if own else groups.get(rule["base"])
    return groups


BY_FILE = {path.stem: groups_in(path) for path in (ROOT / "rules").glob("*/*.smk")}
GROUPS = {rule: group for groups in BY_FILE.values() for rule, group in groups.items()}


@pytest.mark.parametrize("file", ["statistics", "figures", "report"])
def test_whatever_lies_between_cells_and_report_is_in_one_group(file):
    """A rule left out would wait for the group and the group for it: nothing would run."""
    assert len(BY_FILE[file]) >= 3
    assert set(BY_FILE[file].values()) == {"statistics"}
    per_cell = ("gather_cells", "gather_validation", "measure_overlap")
    assert {GROUPS[rule] for rule in per_cell} == {"statistics"}


def test_whatever_lies_between_scans_and_volumes_is_in_one_group():
    before = ("make_phantom_case", "convert_case", "import_case")
    of_cases = BY_FILE["preprocessing"].keys() - {"make_template"}
    grouped = [GROUPS[rule] for rule in (*before, *of_cases)]
    assert grouped == ["preprocess"] * 8


def test_jobs_of_networks_and_of_whole_cohorts_are_in_no_group():
    for file in ("training", "manifest", "archive", "predictions"):
        assert set(BY_FILE[file].values()) == {None}
    assert GROUPS["make_template"] is None
    assert GROUPS["sample_network"] is GROUPS["sample_validation"] is None


def test_the_profile_names_rules_and_groups_that_exist():
    assert {line.split("=")[0] for line in PROFILE["group-components"]} <= set(GROUPS.values())
    assert {*PROFILE["set-resources"], *PROFILE["set-threads"]} <= GROUPS.keys()


def test_a_job_that_failed_asks_for_more_memory_and_time():
    asked = [PROFILE["default-resources"], *PROFILE["set-resources"].values()]
    for resources in asked:
        for name in {"mem_mb", "runtime"} & resources.keys():
            assert resources[name].endswith("* attempt")
    assert PROFILE["retries"] >= 1


def test_a_gpu_is_asked_for_where_networks_run():
    with_gpu = {rule for rule, asked in PROFILE["set-resources"].items() if asked.get("gpu")}
    assert with_gpu == {"train_network", "sample_network", "sample_validation"}

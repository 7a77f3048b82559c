"""What profiles/slurm promises about the rules, without Slurm."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PROFILE = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text())
GROUPS = dict(line.split("=") for line in PROFILE["groups"])


def rules_in(stage):
    """Return the names of the rules in the file of a stage."""
    text = (ROOT / "rules" / f"{stage}.smk").read_text()
    return set(re.findall(r"^ *(?:rule|use rule \w+ as) (\w+)\b", text, re.M))


STAGES = ["statistics", "small_tumours", "report"]
FROM_SAMPLES_ALONE = {"measure_overlap"}  # a job for each cell, before the group


@pytest.mark.parametrize("stage", STAGES)
def test_whatever_lies_between_cells_and_report_is_in_one_group(stage):
    """A rule left out would wait for the group and the group for it: nothing would run."""
    outside = {rule for rule in rules_in(stage) if GROUPS.get(rule) != "statistics"}
    outside -= FROM_SAMPLES_ALONE
    assert not outside, f"profiles/slurm/config.yaml: add {outside} to the group 'statistics'"


def test_every_figure_is_in_the_same_group():
    """All rules but one inherit from that one, and with the rest its group."""
    text = (ROOT / "rules/study/figures.smk").read_text()
    assert re.findall(r"^rule (\w+):", text, re.M) == ["draw_figure"]
    assert set(re.findall(r"^use rule (\w+) as", text, re.M)) == {"draw_figure"}
    assert re.findall(r"^    group:\n +(.*)", text, re.M) == ['"statistics"']


def test_whatever_lies_between_scans_and_volumes_is_in_one_group():
    outside = {rule for rule in rules_in("preprocessing") if GROUPS.get(rule) != "preprocess"}
    assert not outside, f"profiles/slurm/config.yaml: add {outside} to the group 'preprocess'"


def test_the_profile_names_rules_that_exist():
    known = set().union(*(rules_in(path.stem) for path in (ROOT / "rules").glob("*.smk")))
    assert {*GROUPS, *PROFILE["set-resources"], *PROFILE["set-threads"]} <= known


def test_a_job_that_failed_asks_for_more_memory_and_time():
    asked = [PROFILE["default-resources"], *PROFILE["set-resources"].values()]
    for resources in asked:
        for name in {"mem_mb", "runtime"} & resources.keys():
            assert resources[name].endswith("* attempt")
    assert PROFILE["retries"] >= 1


def test_a_gpu_is_asked_for_where_networks_run():
    with_gpu = {rule for rule, asked in PROFILE["set-resources"].items() if asked.get("gpu")}
    assert with_gpu == {"train_network", "sample_network", "sample_validation"}

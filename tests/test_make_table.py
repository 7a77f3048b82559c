"""What a table of the statistics is: one module and one rule, of one name, which fit each other."""

import inspect
import re
from pathlib import Path

import pytest

from glioma_uq.fingerprints import SCRIPTS
from glioma_uq.plans.study import TABLES
from glioma_uq.study_tables import table_module

ROOT = Path(__file__).resolve().parents[1]
MODULES = {path.stem for path in (SCRIPTS / "glioma_uq/study_tables").glob("[a-z]*.py")}
RULE_FILE = (ROOT / "rules/study/statistics.smk").read_text()
EVERY_RULE, *RULES = re.split(r"^use rule ", RULE_FILE, flags=re.M)
BASES = {"make_table": EVERY_RULE} | {rule.split()[2]: rule for rule in RULES}
BY_STEP = {"rng", "seed"}  # what make_table.py passes to every module
BY_GROUP = {
    "study.estimation": {"seed", "intervals"},
    "study.measured": {"ece", "auc_average"},
    "study.selected_by": {"classification", "segmentation"},
    'study.fitted("conformal")': {"alpha", "class_conditional"},
    'study.fitted("mask_control")': {"alpha"},
}


def names_in(rule):
    """Return the inputs and params that a rule or its base names, alone or in a group."""
    names = set(re.findall(r"^        (\w+)=", rule, re.M))
    base = BASES.get(rule.split()[0])
    if base not in (None, EVERY_RULE):
        names |= names_in(base)
    return names.union(*(BY_GROUP[of] for of in re.findall(r"^        \*\*(.*),$", rule, re.M)))


def asked_by(name):
    return set(inspect.signature(table_module(name).tabulate).parameters)


def test_every_table_has_one_module_and_one_rule_of_its_name():
    rules = [re.match(r'\w+ as tabulate_(\w+) with:.*table="\1",', r, re.S)[1] for r in RULES]
    assert sorted(rules) == sorted(MODULES) == sorted(TABLES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.split()[2])
def test_a_rule_names_all_that_its_table_needs_and_no_more(rule):
    asked = asked_by(rule.split()[2].removeprefix("tabulate_"))
    named = names_in(rule) - {"table"}
    assert named <= asked <= named | names_in(EVERY_RULE) | BY_STEP


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_table_takes_its_settings_by_name_and_makes_none_up(name):
    """A default would hide that a rule forgot to pass a setting of the config."""
    parameters = inspect.signature(table_module(name).tabulate).parameters.values()
    assert all(p.kind is p.KEYWORD_ONLY and p.default is p.empty for p in parameters)

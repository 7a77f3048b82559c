"""What a figure is: one module and one rule, of one name, which fit each other."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import draw_figure
from glioma_uq.errors import BadInput
from glioma_uq.figures import caption, figure_module
from glioma_uq.fingerprints import SCRIPTS, files_reached

ROOT = Path(__file__).resolve().parents[1]
FOLDER = SCRIPTS / "glioma_uq/figures"
MODULES = {path.stem for path in FOLDER.glob("[a-z]*.py") if "CAPTION = " in path.read_text()}
OF_COHORT = {"quality_metrics"}  # the others are of a study
KNOWN = ("rate", "passes", "level", "dice_threshold", "classes", "given")  # to a study's report
FILES = dict.fromkeys(("pdf", "png", "csv"), "nowhere")
RULE_FILE = (ROOT / "rules/study/figures.smk").read_text()
EVERY_RULE, *RULES = re.split(r"^use rule ", RULE_FILE, flags=re.M)


def names_in(rule):
    """Return the inputs and params that a rule names."""
    return set(re.findall(r"^        (\w+)=", rule, re.M))


def parameters_of(name):
    module = figure_module(name)
    return [[*inspect.signature(part).parameters.values()] for part in (module.read, module.draw)]


def test_every_figure_of_a_study_has_one_rule_of_its_name():
    rules = [re.match(r'draw_figure as draw_(\w+) with:.*figure="\1",', r, re.S)[1] for r in RULES]
    assert sorted(rules) == sorted(MODULES - OF_COHORT)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.split()[2])
def test_a_rule_names_all_that_its_figure_needs_and_no_more(rule):
    name = rule.split()[2].removeprefix("draw_")
    asked = {p.name for part in parameters_of(name) for p in part if p.kind is p.KEYWORD_ONLY}
    named = names_in(rule) - {"figure"}
    assert named <= asked <= named | names_in(EVERY_RULE)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_figure_takes_its_settings_by_name_and_makes_none_up(name):
    """A default would hide that a rule forgot to hand a setting of the config on."""
    read, draw = parameters_of(name)
    assert all(p.kind is p.KEYWORD_ONLY for p in read)
    assert draw[0].kind is draw[0].POSITIONAL_OR_KEYWORD
    assert all(p.default is p.empty for p in read + draw)


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_caption_needs_nothing_that_its_report_does_not_know(name):
    facts = {} if name in OF_COHORT else dict.fromkeys(KNOWN, "9")
    title, text = caption(name, **facts)
    assert title[0].isupper()
    assert text.endswith(".")
    assert not set("{}") & {*title, *text}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_figure_is_not_drawn_again_when_another_changes(name):
    starts = SCRIPTS / "draw_figure.py", FOLDER / f"{name}.py"
    reached = set().union(*(files_reached(start, SCRIPTS) for start in starts))
    reached = {path.stem for path in reached if path.parent == FOLDER}
    shared = {"uncertainty_shares": {"uncertainty_by_passes"}}
    assert reached & MODULES == {name} | shared.get(name, set())


def test_what_is_no_figure_is_refused():
    for name in ("style", "figure_9"):
        with pytest.raises(BadInput, match=rf"found {name}; write glioma_uq/figures/{name}.py"):
            draw_figure.main(figure=name, **FILES)


def test_a_rule_that_forgets_an_input_is_told_which():
    with pytest.raises(TypeError, match="expected selection, network for .*reliability.read"):
        draw_figure.main(figure="reliability", reliability="here", **FILES)


def test_no_figure_needs_torch():
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import draw_figure;"
        "[draw_figure.figure_module(name) for name in sys.argv[2:]];"
        "assert not {'torch', 'monai', 'ants', 'sklearn'} & set(sys.modules)"
    )
    names = sorted(MODULES - OF_COHORT)
    subprocess.run([sys.executable, "-c", script, SCRIPTS, *names], check=True)

"""The sections "A figure" and "A statistic" of docs/adding.md, followed word for word."""

import re
import shutil

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from workflows import ROOT, copy_of_repository, planned

import draw_figure
import make_table
from glioma_uq import figures, study_tables

PAGE = (ROOT / "docs" / "adding.md").read_text()
CELL = "csnet/dropout-0.20/passes-002/classification.csv"


def section(title):
    """Return a section's text and its code blocks, each stripped of nothing."""
    text = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    return text, re.findall(r"```python\n(.*?)```", text, re.S)


def added(root, title):
    """Apply a section to the copy of the repository in `root`; return the path of its new file.

    The section names the new file before its first block, the rule file before the second, and
    before the third the dict in plans/study.py that gains the line.
    """
    text, (module, rule, line) = section(title)
    before = text.split("```python\n")
    new, rules = re.findall(r"`(workflow_scripts/\S+\.py)`", before[0])[-1], before[1]
    (rules,) = re.findall(r"`(rules/\S+\.smk)`", rules)
    name, plan = re.search(r"`([A-Z]+)` in `(\S+\.py)`", before[2]).groups()
    (root / new).write_text(module)
    with open(root / rules, "a", encoding="utf-8") as file:
        file.write(f"\n\n{rule}")
    source = (root / plan).read_text()
    assert source.count(f"\n{name} = {{\n") == 1
    (root / plan).write_text(source.replace(f"\n{name} = {{\n", f"\n{name} = {{\n{line}"))
    return root / new


def cell_tables(folder):
    """Write small tables such as earlier steps leave; return the path of one cell's table."""
    rows = []
    for number in range(8):
        row = {"case": f"a-{number}", "source": "x", "fold": 1, "seed": 1}
        for task, classes in {"idh": (0, 1), "1p19q": (0, 1), "grade": (2, 3, 4)}.items():
            first = 0.4 + 0.05 * number
            rest = (1 - first) / (len(classes) - 1)
            row[f"{task}_label"] = classes[number % len(classes)]
            for place, label in enumerate(classes):
                row[f"{task}_probability_{label}"] = rest if place else first
        rows.append(row)
    path = folder / CELL
    path.parent.mkdir(parents=True)
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("title", ["A figure", "A statistic"])
def test_a_new_file_of_the_page_is_in_style(title, tmp_path):
    """The page's blocks are what ruff and snakefmt would write: no line is too long."""
    _, blocks = section(title)
    assert max(len(line) for block in blocks for line in block.splitlines()) <= 100


def test_a_figure_is_added_as_the_page_says(tmp_path, monkeypatch):
    root = tmp_path / "copy"
    shutil.copytree(ROOT / "workflow_scripts", root / "workflow_scripts")
    shutil.copytree(ROOT / "rules", root / "rules")
    name = added(root, "A figure").stem
    monkeypatch.setattr(figures, "__path__", [*figures.__path__, str(root / FIGURES)])
    numbers = {"network": "csnet", "passes": 2, "measure": "accuracy", "n": 8, "reason": ""}
    table = [
        numbers | {"rate": rate, "task": task, "value": rate, "low": 0.1, "high": 0.9}
        for rate in (0.2, 0.4)
        for task in ("idh", "grade")
    ]
    pd.DataFrame(table).to_csv(tmp_path / "classification.csv", index=False)
    choice = {"network": "csnet", "item": "selected", "rate": 0.2, "passes": 2}
    pd.DataFrame([choice]).to_csv(tmp_path / "selection.csv", index=False)
    files = {kind: tmp_path / f"figure.{kind}" for kind in ("pdf", "png", "csv")}
    draw_figure.main(
        figure=name,
        classification=tmp_path / "classification.csv",
        selection=tmp_path / "selection.csv",
        network="csnet",
        networks=["csnet"],
        level=0.95,
        **files,
    )
    plt.close("all")
    assert pd.read_csv(files["csv"])["value"].tolist() == [0.2, 0.2, 0.4, 0.4]
    assert all(path.stat().st_size > 1000 for path in (files["pdf"], files["png"]))
    title, text = figures.caption(name, passes=2, level=95)
    assert title
    assert text.startswith("Accuracy by dropout rate at T = 2.")


FIGURES = "workflow_scripts/glioma_uq/figures"


def test_a_statistic_is_added_as_the_page_says(tmp_path, monkeypatch):
    root = tmp_path / "copy"
    shutil.copytree(ROOT / "workflow_scripts", root / "workflow_scripts")
    shutil.copytree(ROOT / "rules", root / "rules")
    new = added(root, "A statistic")
    monkeypatch.setattr(study_tables, "__path__", [*study_tables.__path__, str(new.parent)])
    intervals = {"resamples": 100, "level": 0.95, "interval": "percentile"}
    path = cell_tables(tmp_path)
    make_table.main(
        table=new.stem,
        cells=[str(path)],
        seed=1,
        intervals=intervals,
        output=tmp_path / "confidence.csv",
    )
    table = pd.read_csv(tmp_path / "confidence.csv").set_index("task")
    expected = pd.read_csv(path)[["idh_probability_0", "idh_probability_1"]].max(axis=1).mean()
    assert table.loc["idh", "value"] == pytest.approx(expected)
    assert (table["low"] < table["value"]).all()
    assert (table["value"] < table["high"]).all()
    assert (table["n"] == 8).all()


@pytest.mark.workflow
def test_what_the_page_adds_is_planned(tmp_path):
    """A dry run of the tiny study has the rule of the new figure and of the new statistic."""
    root = copy_of_repository(tmp_path)
    before = planned(root)
    added(root, "A figure")
    added(root, "A statistic")
    assert planned(root) - before == {"draw_accuracy_by_rate", "tabulate_confidence"}

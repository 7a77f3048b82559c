"""Learning curves: whose they are, and the epoch whose weights were kept."""

import pandas as pd
import pytest
from test_figures import texts

from glioma_uq.errors import BadInput
from glioma_uq.figures.learning_curves import draw, read


def write_curve(folder, rate, fold):
    path = folder / f"csnet/dropout-{rate}/fold-{fold}/seed-1/learning_curve.csv"
    path.parent.mkdir(parents=True)
    curve = {"epoch": [1, 2, 3], "train_loss": [1, 0.8, 0.6], "validation_loss": [1, 0.7, 0.9],
             "validation_dice": [0.1, 0.5, 0.6], "learning_rate": 1e-3, "seconds": 1.0}  # fmt: skip
    pd.DataFrame(curve).to_csv(path, index=False)
    return path


def test_learning_curves_have_panels_for_each_rate_and_a_line_for_each_fold(tmp_path):
    paths = [write_curve(tmp_path, rate, fold) for rate in ("0.20", "0.40") for fold in (1, 2)]
    table = read(curves=paths, network="csnet")
    assert table[["rate", "fold", "seed"]].drop_duplicates().shape == (4, 3)
    figure = draw(table, weights="best")
    assert "p = 0.20,  n = 2 networks" in texts(figure)
    kept = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert [line.get_xdata()[0] for line in kept] == [2, 2]
    last = draw(table, weights="last")
    kept = [line for line in last.axes[0].lines if line.get_marker() == "o"]
    assert [line.get_xdata()[0] for line in kept] == [3, 3]


def test_learning_curves_elsewhere_are_refused(tmp_path):
    with pytest.raises(BadInput, match="expected a path that ends in network/dropout-rate"):
        read(curves=[tmp_path / "curve.csv"], network=None)
    with pytest.raises(BadInput, match="tables of the training of nothing"):
        read(curves=[write_curve(tmp_path, "0.20", 1)], network="nothing")

"""docs/security.md tells the truth: its tests, settings, hosts and limits are those of the code."""

import re
from pathlib import Path

import pytest

from glioma_uq import machine
from glioma_uq.cohorts import connections, idc, transfer

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
PROMISES = re.findall(r"`(tests/\w+\.py)::(\w+)`", PAGE)


@pytest.mark.parametrize(("path", "name"), PROMISES)
def test_each_promise_has_its_test(path, name):
    assert f"\ndef {name}(" in (ROOT / path).read_text(encoding="utf-8")


def test_each_row_of_the_promises_names_a_test():
    rows = PAGE[PAGE.index("## Which test") : PAGE.index("## Reporting")].split("\n| ")[2:]
    assert len(rows) >= 15
    assert all("::test_" in row for row in rows if not row.startswith("---"))


def test_settings_hosts_and_limits_are_those_of_the_code():
    variables = {variable for variable, _ in machine.HD_BET.values()} | {machine.LOGIN_HOSTS}
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == variables
    assert all(f"`{host}`" in PAGE for host in machine.ARCHIVE_HOSTS)
    assert transfer.MOST_BYTES == 4 * 2**30
    assert transfer.MOST_BYTES_OF_ANSWER == 100 * 2**20
    limits = (connections.LEAST_BYTES_PER_S, idc.MOST_PAGES, connections.MOST_REDIRECTS)
    assert limits == (100, 100, 5)

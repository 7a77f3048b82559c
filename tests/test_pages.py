"""The pages of a run: they ask no server, and run no script but their own."""

import base64
import hashlib
import re
from html import escape
from html.parser import HTMLParser
from pathlib import Path

import chromium
import pytest
import test_cohort_report
import test_report
from test_viewer import study, written  # fixtures

from glioma_uq.report.page import Policy, write

__all__ = ["study", "written"]
TEMPLATES = Path(test_report.__file__).parents[1] / "workflow_scripts/glioma_uq/report"
IN_A_BROWSER = pytest.mark.skipif(
    not chromium.find_chromium(), reason="no Chromium or Chrome is installed"
)
INJECTED = """
<script>document.body.dataset.ran = "script"</script>
<p onclick="document.body.dataset.ran = 'handler'" id="trap">x</p>
<img src="http://example.org/x.png"><img src="x.png" onerror="document.body.dataset.ran = 'image'">
<style>body { display: none }</style><link rel="stylesheet" href="http://example.org/x.css">
<iframe src="http://example.org/"></iframe><base href="http://example.org/">
<form action="http://example.org/" id="form"><input name="x"></form>
<script src="http://example.org/x.js"></script>
"""


class Elements(HTMLParser):
    """Collect the policy, and the texts of the scripts and styles of a page, as a browser does."""

    def __init__(self, html):
        super().__init__()
        self.policy, self.texts, self.open = "", {"script": [], "style": []}, None
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "meta" and given.get("http-equiv") == "Content-Security-Policy":
            self.policy = self.policy or given["content"]
        if tag in self.texts and given.get("type") != "application/json":  # data, which no one runs
            self.texts[tag].append("")
            self.open = tag

    def handle_endtag(self, tag):
        self.open = None

    def handle_data(self, data):
        if self.open:
            self.texts[self.open][-1] += data


def policy_of(html):
    """Return {directive: sources} of a page, after a look at whether it allows its own parts."""
    elements = Elements(html)
    policy = {words[0]: words[1:] for words in map(str.split, elements.policy.split(";"))}
    for kind, texts in elements.texts.items():
        found = [hashlib.sha256(text.encode()).digest() for text in texts]
        assert policy[f"{kind}-src"] == [
            f"'sha256-{base64.b64encode(digest).decode()}'" for digest in found
        ]
    return policy


def check(html):
    policy = policy_of(html)
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == ["'none'"]
    assert policy["img-src"] == ["data:"]
    assert policy.keys() == {
        "default-src", "script-src", "style-src", "img-src", "base-uri", "form-action",
    }  # fmt: skip
    assert "unsafe" not in Elements(html).policy
    assert html.index("Content-Security-Policy") < html.index("<style") < html.index("<body")


def test_every_page_of_ours_allows_what_is_its_own(tmp_path, written):
    for name, write_page in (
        ("a", test_report.write_report),
        ("b", test_cohort_report.write_report),
    ):
        (tmp_path / name).mkdir()
        check(write_page(tmp_path / name))
    check(written.read_text(encoding="utf-8"))


@pytest.mark.workflow
def test_every_page_of_a_run_allows_what_is_its_own(tiny):
    pages = sorted((tiny / "results").rglob("*.html"))
    assert {page.name for page in pages} == {"report.html", "viewer.html"}
    assert len(pages) == 3
    for page in pages:
        check(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.jinja")), ids=lambda path: path.stem)
def test_every_script_and_style_of_a_template_passes_through_the_policy(path):
    text = path.read_text(encoding="utf-8")
    for opened in re.findall(r"<(?:script|style)[^>]*>.{0,40}", text):
        assert re.match(
            r'<(?:script|style)>(?:{% filter allowed\("|{{ niivue \| safe \| allowed\(")'
            r'|<script type="application/json"', opened
        ), opened  # fmt: skip
    assert not re.search(r"\s(?:style|on[a-z]+)=", text), "which a browser would ignore"
    within = re.findall(r"{% filter allowed\(.*?{% endfilter %}", text, re.S)
    assert all(set(re.findall("{{.*?}}", part)) <= {"{{ overviews.style() }}"} for part in within)


def test_the_policy_is_that_of_the_templates_whatever_the_contents(tmp_path):
    """A script that came in with a name must not be allowed by its own hash."""
    names = ("P-1", Policy.PLACE, "<script>alert(1)</script>")
    policies = set()
    for i, name in enumerate(names):
        (tmp_path / str(i)).mkdir()
        html = test_cohort_report.write_report(tmp_path / str(i), cohort=name)
        policies.add(Elements(html).policy)
        assert escape(name) in html[html.index("<body") :]
    assert len(policies) == 1


def test_a_page_without_scripts_runs_none(tmp_path, monkeypatch):
    (tmp_path / "plain.jinja").write_text(f"<meta content='{Policy.PLACE}'>{{{{ name }}}}")
    monkeypatch.setattr("glioma_uq.report.page.__file__", str(tmp_path / "page.py"))
    write(tmp_path / "page.html", "plain.jinja", {"name": "<script>"})
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "script-src 'none'; style-src 'none'; img-src data:" in html
    assert "&lt;script&gt;" in html


def spoil(html):
    return html.replace("</body>", INJECTED + "</body>")


def told_by(page, words):
    """Return the errors of a page, which come a little later, once all `words` are among them."""
    for _ in range(50):
        said = "\n".join(page.errors)
        if all(word in said for word in words):
            break
        page.value("new Promise(done => setTimeout(done, 100))")
    return said


@IN_A_BROWSER
@pytest.mark.parametrize("kind", ["report", "cohort", "viewer"])
def test_what_was_injected_into_a_page_does_nothing(tmp_path, kind, request):
    path = tmp_path / "report.html"
    if kind == "viewer":
        path.write_text(request.getfixturevalue("written").read_text(encoding="utf-8"))
    else:
        of_kind = {"report": test_report, "cohort": test_cohort_report}
        of_kind[kind].write_report(tmp_path)
    path.write_text(spoil(path.read_text(encoding="utf-8")), encoding="utf-8")
    with chromium.browser(tmp_path / "profile") as page:
        page.open(path)
        page.click("#trap")
        page.value("document.getElementById('form').submit()")
        assert page.value("document.body.dataset.ran") is None
        assert page.value("getComputedStyle(document.body).display") == "block"
        assert page.value("document.baseURI").startswith("file:")
        assert page.value("location.protocol") == "file:"
        kept = ("script-src", "style-src", "img-src", "base-uri", "form-action")
        said = told_by(page, kept)
    assert all(f"{directive} " in said for directive in kept), said
    assert "ERR_NAME_NOT_RESOLVED" not in said  # what was blocked was not asked for


@IN_A_BROWSER
def test_rows_are_saved_from_a_page(tmp_path):
    test_report.write_report(tmp_path)
    with chromium.browser(tmp_path / "profile") as page:
        page.ask("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path / "d"))
        page.open(tmp_path / "report.html")
        page.click("#table-classification summary")
        page.click("[data-save='classification']")
        saved = tmp_path / "d" / "classification.csv"
        for _ in range(50):
            if saved.is_file():
                break
            page.value("new Promise(done => setTimeout(done, 100))")
        assert page.errors == []
    assert saved.read_text(encoding="utf-8").count("\n") == 7


@IN_A_BROWSER
def test_cases_are_found_and_sorted_in_the_page_of_a_cohort(tmp_path):
    test_cohort_report.write_report(tmp_path, ("P-1", "P-2"))
    with chromium.browser(tmp_path / "profile") as page:
        page.open(tmp_path / "report.html")
        page.value("const f = document.getElementById('filter'); f.value = 'p-2';"
                   "f.dispatchEvent(new Event('input'))")  # fmt: skip
        assert page.value("document.getElementById('found').value") == "1 of 2 cases"
        first = "document.querySelector('#overview tbody tr').cells[0].textContent"
        before = page.value(first)
        for _ in range(2):
            page.click("#overview thead th:first-child button")
        assert page.value(first) != before
        assert page.errors == []

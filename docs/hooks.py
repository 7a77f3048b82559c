"""What the site needs beyond Markdown: links to files beside docs/, and equations as MathML."""

import re
from html import unescape

from latex2mathml.converter import convert

OUTSIDE = re.compile(r"\[([^\]]+)\]\(((?:\.\./)+(?!\w+\.md)[^)\s]+)\)")
EQUATION = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.S)


def on_page_markdown(markdown, page, **_):
    """Leave links out of docs/ to the browser: site/ stands where docs/ does."""
    depth = page.file.src_uri.count("/")
    return OUTSIDE.sub(
        lambda link: (
            f'<a href="{link[2]}">{link[1]}</a>' if link[2].count("../") > depth else link[0]
        ),
        markdown,
    )


def on_page_content(html, **_):
    """Write equations so that browsers show them without a script."""
    return EQUATION.sub(
        lambda found: convert(
            unescape(found[2]), display="inline" if found[1] == "span" else "block"
        ),
        html,
    )

"""What the site needs beyond Markdown: links out of docs/, equations as MathML, no network."""

import re
from html import unescape

from latex2mathml.converter import convert

# Material takes this script, without which a page on disk has no search, from the network.
SHIM, OURS = "https://unpkg.com/iframe-worker/shim", "javascripts/iframe-worker.js"
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


def on_post_page(output, page, **_):
    """Take the script for the search of pages on disk from the site itself."""
    return output.replace(SHIM, "../" * page.url.count("/") + OURS)


def on_post_template(output, **_):
    """Do the same in the page that a server shows for a dead link."""
    return output.replace(SHIM, f"/{OURS}")

"""Markdown as GFM has it, with nothing in it that acts."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentguid.render import code
from agentguid.render.markdown import LIMIT, beneath, blocks, markdown
from tests.render.hostile import assert_inert
from tests.stream.dom import Parser


@given(st.text(st.sampled_from("<>/'\"=ahref img onscript[]()!:`~|-*_#\n &;x.^"), max_size=120))
def test_markdown_never_acts(source: str) -> None:
    assert_inert(str(markdown(source)))


@settings(max_examples=50)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_code_is_all_there_character_by_character(source: str) -> None:
    """What the page's script copies: the text of the block, each odd character from its number."""
    whole = source.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "").replace("```", "")
    drawn = Parser.tree(str(markdown(f"```\n{whole}\n```")))

    block = next(node for node in drawn.walk() if node.tag == "pre")
    for node in list(block.walk()):
        if node.attributes.get("class") == "odd":
            node.children = [chr(int(node.text()[2:], 16))]
    assert block.text() == whole


def test_the_markdown_that_agents_write_is_all_there() -> None:
    html = markdown(
        "# H\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n1. one\n\n> q\n\n~~s~~ **b** *e* `c`\n\n- [x] done\n- [ ] open"
    )

    for tag in ("h1", "table", "th", "td", "ul", "ol", "li", "blockquote", "del", "strong", "em", "code"):
        assert f"<{tag}>" in html or f'<{tag} class="task">' in html, tag
    assert '<li class="task">☑ done' in html
    assert '<li class="task">☐ open' in html
    assert '<td class="r">2</td>' in html


def test_footnotes_have_their_anchors_under_their_item() -> None:
    html = markdown("a[^n]\n\n[^n]: b", "i1")

    assert 'href="#fn-i1-n"' in html
    assert 'id="fn-i1-n"' in html


def test_an_agents_ids_and_fragments_cannot_be_those_of_the_page() -> None:
    html = markdown('<div id="log">x</div>\n\n[y](#stream)', "i1")

    assert 'id="fn-i1-log"' in html
    assert 'href="#fn-i1-stream"' in html


@pytest.mark.parametrize(
    ("source", "target", "rest"),
    [
        ("see https://x.org/a.", "https://x.org/a", "."),
        ("(https://x.org/a_(b))", "https://x.org/a_(b)", ")"),
        ("https://x.org/?a=1&b=2, and", "https://x.org/?a=1&amp;b=2", ", and"),
        ('"https://x.org"', "https://x.org", '"'),
        ("<b>http://localhost:3000/x</b>", "http://localhost:3000/x", "</b>"),
        ("www.x.org!", "https://www.x.org", "!"),
    ],
)
def test_bare_urls_are_links_without_what_ends_the_sentence(source: str, target: str, rest: str) -> None:
    html = str(markdown(source))

    assert f'href="{target}"' in html
    assert f"</a>{rest}" in html


@pytest.mark.parametrize(
    "source", ["`https://x.org`", "```\nhttps://x.org\n```", "https://", "www.", "xhttps://"]
)
def test_what_is_no_url_or_is_code_is_not_linked(source: str) -> None:
    assert "<a" not in markdown(source)


def test_a_link_to_a_file_of_the_agents_shows_its_path_and_leads_nowhere() -> None:
    html = markdown("[retry](src/retry.py#L40) [root](/gm/settings)")

    assert '<span class="ref" title="src/retry.py#L40">retry</span>' in html
    assert "href" not in html


@pytest.mark.parametrize(
    "source", ["![chart](https://x.example/p.png)", '<img alt="chart" src="https://x.example/p.png">']
)
def test_remote_pictures_become_links(source: str) -> None:
    html = markdown(source)

    assert "<img" not in html
    assert 'href="https://x.example/p.png"' in html
    assert ">image: " in html


def test_code_is_in_colour_once_it_was_prepared() -> None:
    source = "```python\ndef prepared(): ...\n```"
    for block in blocks(source):
        code.prepare(*block)

    assert '<span class="k">def</span>' in markdown(source)
    assert "python" in markdown(source)


def test_a_very_long_text_is_shown_in_part() -> None:
    assert len(markdown("# x\n" * LIMIT)) < LIMIT
    assert "characters more" in markdown("# x\n" * LIMIT)


@pytest.mark.parametrize(
    "source",
    [">" * 5000 + " x", "\n".join("  " * depth + "- x" for depth in range(500)), "[" * 20_000, "`" * 20_000,
     "*a_" * 20_000, "|" + "a|" * 5000 + "\n|" + "-|" * 5000, "https://" * 10_000, "![" * 10_000, "https://x" + "." * 200_000, "https://x" + ".)" * 100_000, "<div\n" + "<img " * 50_000,
     "<pre><code>a</code>b</pre>" * 9_000, "&" * 200_000, "<a href=x>" * 20_000],
    ids=["quotes", "lists", "brackets", "ticks", "stars", "columns", "urls", "pictures", "dots", "closing", "open pictures", "open code", "ands", "open links"],
)  # fmt: skip
def test_no_text_takes_long(source: str) -> None:
    begun = time.process_time()
    markdown(source)

    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    ("source", "levels"),
    [
        ("# a\n## b\n# c", "454"),
        ("## a\n#### b\n## c", "454"),
        ("### a\n# b\n## c", "445"),
        ("# a\n## b\n### c\n#### d\n# e", "45664"),
        ("no heading, only `<h1>`", ""),
    ],
)
def test_headings_in_a_card_stand_beneath_its_own(source: str, levels: str) -> None:
    """In an order without gaps: who listens to the page goes from one to the next."""
    html = beneath(markdown(source))

    assert "".join(re.findall(r"<h(\d)>", html)) == levels
    assert re.findall(r"<h(\d)>", html) == re.findall(r"</h(\d)>", html)

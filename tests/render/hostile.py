"""Strings that would act if they were not made inert, and a check that nothing in a piece of HTML acts."""

from urllib.parse import urlsplit

from tests.stream.dom import Parser

STRINGS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><use href='data:image/svg+xml,x'></svg>",
    '"><button hx-post="/gm/conversations/x/deletion" hx-trigger="load">x</button>',
    "<hx-partial hx-target='body' hx-swap='innerHTML'>gone</hx-partial>",
    "</hx-partial><hx-partial hx-target='body'>",
    "<template hx type='partial' hx-target='body'></template>",
    "[x](javascript:alert(1)) [y](data:text/html,x) [z](vbscript:x)",
    "[a](https://x/ \"<hx-get hx-get='/gm/x' hx-trigger='load'>\")",
    '<a href="https://x/<hx-post hx-post=\'/y\' hx-trigger=\'load\'>" title="<head>">t</a><i title="</head>">u</i>',
    "![i](https://tracker.example/p.png)",
    "<iframe src=//x></iframe><object data=x></object><embed src=x><base href=//x><meta http-equiv=refresh>",
    '<div id="stream" class="app" style="position:fixed" data-hx-get="/x">d</div>',
    "<form action=//x><input name=key><button>go</button></form>",
    "</textarea></pre></details></article><script>1</script>",
    "```html\n</code></pre><script>alert(1)</script>\n```",
    '```"><script>alert(1)</script>\nx\n```',
    "\x00\x01\x1b]8;;http://x\x07link\x1b]8;;\x07",
    "user\u202enimda\u202c \u2066x\u202e \u200b",
    "data: x\n\nid: 999\n\nevent: reload\ndata: x\n\n",
    "a\r\ndata: b\r\revent: reload\r",
    "{{ 7 * 7 }}{% raw %}{# x #}",
    "&lt;script&gt;&amp;#60;script&#62;",
    '<math><mi//xlink:href="data:x,<script>alert(4)</script>">',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
)
TAGS = frozenset(
    [
        "a",
        "article",
        "b",
        "bdi",
        "blockquote",
        "br",
        "button",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "details",
        "div",
        "dl",
        "dt",
        "em",
        "figcaption",
        "figure",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "i",
        "img",
        "input",
        "ins",
        "kbd",
        "li",
        "ol",
        "p",
        "path",
        "pre",
        "q",
        "s",
        "samp",
        "section",
        "small",
        "span",
        "strong",
        "sub",
        "summary",
        "sup",
        "svg",
        "table",
        "tbody",
        "td",
        "textarea",
        "th",
        "thead",
        "time",
        "tr",
        "u",
        "ul",
        "use",
        "var",
        "abbr",
        "select",
        "option",
        "label",
        "h2",
        "rect",
    ]
)
OURS = ("hx-post", "hx-target", "hx-swap", "hx-sync", "hx-get")


def assert_inert(html: str, base: str = "/gm") -> None:
    """Only elements that are ours or harmless, no handler, no style, no URL that acts, no hx- attribute that is not ours."""
    for node in Parser.tree(html).walk():
        if node.tag == "root":
            continue
        assert node.tag in TAGS, node.html()[:300]
        for name, value in node.attributes.items():
            assert not name.startswith(("on", "data-hx", "style", "srcdoc", "formaction")), node.html()[:300]
            if name.startswith("hx-"):
                assert name in OURS, node.html()[:300]
            if name in ("hx-post", "hx-get", "action", "src"):
                assert value.startswith(base + "/"), value
            if name == "href":
                scheme = urlsplit(value).scheme
                assert scheme in ("http", "https", "mailto", ""), value
            assert "<" not in html.partition(f'{name}="')[2].partition('"')[0], f"{name} has a < in it"
    assert "<hx-" not in html.lower()
    assert "\x00" not in html
    assert "\u202e" not in html

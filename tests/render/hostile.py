"""Strings that would act if they were not made inert, and a check that nothing in a piece of HTML acts."""

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
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s><set attributeName=href to=javascript:alert(1)></svg>",
    '<a id="stream" name="log" href="#log" class="app side">x</a><div id="log" class="vh">y</div><span class="side">z</span>',
    "<dialog open id=zoom>x</dialog><details open ontoggle=alert(1)><summary>s</summary>d</details>",
    '<button data-do="copy" form="composer" formaction="//x">y</button><input data-draft="x">',
    "[a][b] [^1]\n\n[b]: javascript:alert(1)\n\n[^1]: <script>alert(1)</script> [x](data:text/html,y)",
    'https://x.example/<script>alert(1)</script> www.x.example/"onmouseover=alert(1)// http://[::1]:x',
    "![x](data:image/svg+xml;base64,PHN2Zz4=) <img src='https://tracker.example/p.gif'> <img/src=//x/y>",
    "\x1b]0;title\x07\x1b[31;<b>m<b>red\x1b[8mhidden\x1b[0m \x9b31m \x1bP1;2|\x1b\\ \x1b]52;c;aGk=\x07",
    "\x1b]8;;javascript:alert(1)\x1b\\link\x1b]8;;\x1b\\ \x1b]8;;unfinished",
    "diff --git a/<b> b/<i>\n--- a/<b>\n+++ b/<i>\n@@ -1 +1 @@ <script>\n-<img src=x>\n+<svg onload=x>\n",
    'Traceback (most recent call last):\n  File "<script>", line 1, in <b>\n    <i>x</i>\nError: <script>1</script>',
    "FAILED <script>::x - <img src=x>\n= 1 failed, 2 passed in 0.1s =",
    "On branch <script>\nUntracked files:\n\t<img src=x>\n",
    '[{"type":"image","data":"PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+","mimeType":"image/svg+xml"}]',
    'Links: [{"title":"<b>","url":"javascript:alert(1)"},{"title":"<script>","url":"https://x/\\"onclick=1"}]',
    "*** Begin Patch\n*** Update File: <script>\n@@ <b>\n-<i>\n+</td></table><script>\n*** End Patch",
    "1→<script>alert(1)</script>\n2→</pre></div>\n",
    "a.py:1:<script>\nb<i>.py:2:</td><img src=x onerror=y>",
    "> " * 500 + "deep",
    "\n".join("  " * depth + "- <b>x" for depth in range(500)),
    "<div>" * 500 + "x" + "</blockquote>" * 500,
    "[" * 2000 + "{" * 2000,
    "| a |\n|---|\n" + "| <td onclick=1> |\n" * 3,
    "|" + " a |" * 100 + "\n|" + "---|" * 100 + "\n|" + " b |" * 100,
)
LONG = "<b>" + "x" * 5_000_000
"""A line of 5 MB."""
TAGS = frozenset(
    [
        "a",
        "article",
        "b",
        "bdi",
        "blockquote",
        "br",
        "button",
        "circle",
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
IDS = ("i-", "a-", "n-", "fn-", "q-")
"""What the ids of our elements begin with: no other may come from an agent."""
FRAME = frozenset(("app", "side", "main", "dock", "composer", "log", "log-in", "head", "btn-primary"))
"""Classes of the page's frame."""
VH = frozenset(
    [
        "You",
        "Failed: ",
        "Done: ",
        "Now: ",
        "Chosen: ",
        "info: ",
        "warning: ",
        "error: ",
        "Failed",
        "failed",
        "Finished",
        ", link to this",
        "Needs you: ",
    ]
)
"""What is said to screen readers alone."""
OURS = ("hx-post", "hx-target", "hx-swap", "hx-sync", "hx-get")


def assert_inert(html: str, base: str = "/gm") -> None:
    """Only elements that are ours or harmless, no handler, no style, no URL that acts, no hx- attribute that is not ours."""
    for node in Parser.tree(html).walk():
        if node.tag == "root":
            continue
        assert node.tag in TAGS, node.html()[:300]
        for name, value in node.attributes.items():
            assert not name.startswith(("on", "data-hx", "style", "srcdoc", "formaction")), node.html()[:300]
            if name == "id":
                assert value.startswith(IDS), value
            if name == "class" and node.tag != "button":
                assert not FRAME & set(value.split()), node.html()[:300]
            if name == "class" and "vh" in value.split():
                assert node.text() in VH, node.html()[:300]
            if name.startswith("data-do"):
                assert value in ("copy", "wrap", "copy-text", "zoom"), value
            if name.startswith("hx-"):
                assert name in OURS, node.html()[:300]
            if name in ("hx-post", "hx-get", "action", "src"):
                assert value.startswith(base + "/"), value
            if name == "href":
                assert value.startswith(
                    ("https://", "http://", "mailto:", "#fn-", "#i-", "#a-", base + "/")
                ), value
            assert "<" not in html.partition(f'{name}="')[2].partition('"')[0], f"{name} has a < in it"
    assert "<hx-" not in html.lower()
    assert "\x00" not in html
    assert "\u202e" not in html

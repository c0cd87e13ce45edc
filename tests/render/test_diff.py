"""Differences: every line that changed, the words within it, and patches that came as text."""

import time

from hypothesis import given
from hypothesis import strategies as st

from agentguid.render.diff import LIMIT, diff, with_words
from agentguid.render.panels import Diff
from agentguid.render.patch import enveloped, unified
from tests.render.sampled import sample

TEXTS = st.text(st.sampled_from("ab\n"), max_size=40)


@given(TEXTS, TEXTS)
def test_a_diff_has_every_line_that_changed(old: str, new: str) -> None:
    rows = diff(old, new)

    kept = [row.text for row in rows if row.kind == ""]
    assert len(old.splitlines()) - sum(row.kind == "del" for row in rows) >= len(kept)
    for row in rows:
        if row.kind in ("", "del") and row.old:
            assert old.splitlines()[row.old - 1] == row.text
        if row.kind in ("", "add") and row.new:
            assert new.splitlines()[row.new - 1] == row.text
    if old.splitlines() == new.splitlines():
        assert rows == []


@given(TEXTS, TEXTS)
def test_without_what_was_removed_and_with_what_was_added_it_is_the_new_text(old: str, new: str) -> None:
    removed = {row.old for row in diff(old, new) if row.kind == "del"}
    stays = [line for number, line in enumerate(old.splitlines(), 1) if number not in removed]
    added = [(row.new, row.text) for row in diff(old, new) if row.kind == "add"]
    for number, line in added:
        assert number is not None
        stays.insert(number - 1, line)

    assert stays == new.splitlines()


def test_the_words_that_changed_are_marked() -> None:
    rows = with_words(diff("print(greet('world'))", "print(greet('everyone'))"))

    marked = [[row.text[begin:end] for begin, end in row.words] for row in rows]
    assert marked == [["world"], ["everyone"]]


def test_lines_that_have_little_in_common_have_no_words_marked() -> None:
    assert all(not row.words for row in with_words(diff("alpha beta", "1 + 2")))


def test_a_change_in_the_middle_of_a_long_text_is_found() -> None:
    lines = [str(number) for number in range(20 * LIMIT)]
    changed = [*lines[:5000], "new", *lines[5001:]]

    rows = diff("\n".join(lines), "\n".join(changed))

    assert [(row.kind, row.text) for row in rows if row.kind] == [("del", "5000"), ("add", "new")]
    assert len(rows) == 8


def test_texts_that_differ_in_10_000_lines_are_shown_in_part_and_soon() -> None:
    begun = time.process_time()
    panel = Diff("a.py", tuple(with_words(diff("a\n" * 10_000, "b\n" * 10_000))))
    panel.cells()

    assert panel.counts == (10_000, 10_000)
    assert len(panel.shown) < 1000
    assert time.process_time() - begun < 5


def test_marked_words_go_along_with_colours() -> None:
    from agentguid.render import code

    code.prepare("x = 'old'", "python")
    code.prepare("x = 'new'", "python")
    cells = Diff("a.py", tuple(with_words(diff("x = 'old'", "x = 'new'")))).cells()

    assert '<span class="s">&#39;<del>old</del>&#39;</span>' in cells[0][1]
    assert "<ins>new</ins>" in cells[1][1]


def test_what_git_prints_is_read_back() -> None:
    files = unified(sample("git_diff"))

    assert [(file.path, file.what, len(file.rows)) for file in files] == [
        ("test_greet.py", "deleted", 13),
        ("u.py", "", 5),
    ]
    assert [(row.kind, row.old, row.new, row.text) for row in files[1].rows[1:]] == [
        ("", 5, 5, '    @unittest.skip("x")'),
        ("", 6, 6, "    def test_c(self): pass"),
        ("", 7, 7, "unittest.main()"),
        ("add", None, 8, "x"),
    ]


def test_the_patches_of_codex_are_read() -> None:
    patch = (
        "*** Begin Patch\n*** Update File: a.py\n@@ def f():\n x\n-y\n+z\n*** Add File: b.py\n+new\n"
        "*** Delete File: c.py\n*** Update File: d.py\n*** Move to: e.py\n@@\n-1\n+2\n*** End Patch"
    )

    files = enveloped(patch)

    assert [(file.path, file.what) for file in files] == [
        ("a.py", ""), ("b.py", "new"), ("c.py", "deleted"), ("e.py", "renamed from d.py")
    ]  # fmt: skip
    assert [(row.kind, row.text) for row in files[0].rows] == [
        ("hunk", "def f():"), ("", "x"), ("del", "y"), ("add", "z")
    ]  # fmt: skip


@given(st.text(st.sampled_from("@-+ *\nab12,\\dif git/"), max_size=200))
def test_any_text_may_come_as_a_patch(text: str) -> None:
    for file in (*unified(text), *enveloped(text), *unified(f"--- a\n+++ a\n{text}")):
        Diff(file.path, tuple(with_words(file.rows))).cells()

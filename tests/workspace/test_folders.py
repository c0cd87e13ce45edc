"""Folders of a real file system: what is offered, what may be chosen, what is made, and what is said when it cannot be."""

import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from agentguid.protocol.errors import AgentguidError, Invalid, NotFound, Refused
from agentguid.workspace import folders
from agentguid.workspace.branch import branch

ROOT = os.geteuid() == 0


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "home"
    place.mkdir()
    monkeypatch.setenv("HOME", str(place))
    return place


def make(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).mkdir(parents=True)
    return root


def names(listing: folders.Listing) -> list[str]:
    return [folder.name for folder in listing.folders]


def refused(given: str) -> str:
    with pytest.raises(Invalid) as caught:
        folders.chosen(given)
    return str(caught.value)


# -- paths ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("~", "{home}"),
        ("~/src/../demo/", "{home}/demo"),
        ("", "{home}"),
        ("  /usr//lib/ ", "/usr/lib"),
        ("//usr", "/usr"),
        ("/", "/"),
        ("/..", "/"),
    ],
)
def test_a_path_is_made_whole(home: Path, typed: str, meant: str) -> None:
    assert folders.absolute(typed) == meant.format(home=home)


@pytest.mark.parametrize("name", ["plain", "blank ", "tab\t", " before"])
def test_a_path_as_it_is_to_be_typed_leads_back_to_itself(tmp_path: Path, name: str) -> None:
    make(tmp_path, name)

    assert folders.chosen(folders.typed(str(tmp_path / name))).path == str(tmp_path / name)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("src", "give the whole path"),
        ("./src", "give the whole path"),
        ("~nobody-of-this-name/x", "no such user"),
        ("/a\0b", "characters that no path has"),
        ("/a\ud800", "characters that no path has"),
        ("/" + "ä" * 2048, "longer than 4096 bytes"),
    ],
)
def test_what_is_no_path_is_refused_and_the_sentence_says_why(typed: str, sentence: str) -> None:
    assert sentence in refused(typed)


def test_the_way_to_a_folder_begins_at_the_root_and_the_home_directory_is_one_step(home: Path) -> None:
    assert folders.crumbs(f"{home}/a/b") == [
        ("/", "/"),
        ("~", str(home)),
        ("a", f"{home}/a"),
        ("b", f"{home}/a/b"),
    ]
    assert folders.crumbs("/usr/lib") == [("/", "/"), ("usr", "/usr"), ("lib", "/usr/lib")]
    assert folders.crumbs("/") == [("/", "/")]
    assert folders.crumbs(f"{home}x")[-1] == (f"{home.name}x", f"{home}x")


# -- choosing ---------------------------------------------------------------------------------------------------------
def test_any_folder_may_be_chosen_and_its_repository_is_found(tmp_path: Path) -> None:
    make(tmp_path, "plain", "repo/.git", "repo/deep/er")
    (tmp_path / "repo/.git/HEAD").write_text("ref: refs/heads/main\n")

    assert folders.chosen(str(tmp_path / "plain")).branch is None
    place = folders.chosen(str(tmp_path / "repo/deep/er"))
    assert (place.repository, place.branch) == (str(tmp_path / "repo"), "main")


def test_what_cannot_be_chosen_is_said_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")

    assert "check its name, or create it" in refused(str(tmp_path / "none"))
    assert "is a file" in refused(str(tmp_path / "file"))
    assert "is a file" in refused(str(tmp_path / "file/below"))
    assert "leads back to itself" in refused(str(tmp_path / "loop"))


@pytest.mark.skipif(ROOT, reason="root may open everything")
def test_a_folder_that_may_not_be_opened_is_neither_chosen_nor_listed(tmp_path: Path) -> None:
    shut = make(tmp_path, "shut") / "shut"
    shut.chmod(0)
    try:
        assert "may not be opened" in refused(str(shut))
        with pytest.raises(Invalid, match="may not be opened"):
            folders.look(str(shut))
    finally:
        shut.chmod(0o700)


# -- looking ----------------------------------------------------------------------------------------------------------
def test_a_folder_is_listed_in_alphabetical_order_without_files_and_hidden_ones(tmp_path: Path) -> None:
    make(tmp_path / "x", "b", "A", "c", ".hidden")
    (tmp_path / "x/file").touch()
    (tmp_path / "x/link").symlink_to("b")
    (tmp_path / "x/dangling").symlink_to("nowhere")

    listing = folders.look(str(tmp_path / "x"))

    assert names(listing) == ["A", "b", "c", "link"]
    assert (listing.total, listing.hidden) == (4, 1)
    assert names(folders.look(str(tmp_path / "x"), hidden=True))[0] == ".hidden"


def test_what_was_begun_to_be_typed_narrows_the_list(tmp_path: Path) -> None:
    """Names that begin so come first, then those that hold it; a dot asks for hidden ones."""
    make(tmp_path / "x", "web", "Website", "my-web", "other", ".web")

    assert names(folders.look(str(tmp_path / "x/WE"))) == ["web", "Website", "my-web"]
    assert names(folders.look(str(tmp_path / "x/.w"))) == [".web"]
    assert names(folders.look(str(tmp_path / "x/nothing"))) == []


def test_a_whole_name_shows_what_is_in_it(tmp_path: Path) -> None:
    make(tmp_path / "x", "web/inside", "web2")

    listing = folders.look(str(tmp_path / "x/web"))

    assert (listing.path, listing.typed, names(listing)) == (str(tmp_path / "x/web"), "", ["inside"])


def test_a_path_that_leads_nowhere_has_no_list(tmp_path: Path) -> None:
    for typed in (f"{tmp_path}/none/x", f"{tmp_path}/none/"):
        with pytest.raises(Invalid, match="is no folder on this machine"):
            folders.look(typed)


def test_of_many_folders_the_first_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    for number in range(folders.SHOWN + 50):
        (tmp_path / f"d{number:03}").mkdir()

    listing = folders.look(str(tmp_path))

    assert names(listing) == [f"d{number:03}" for number in range(folders.SHOWN)]
    assert listing.total == folders.SHOWN + 51  # and the home directory
    assert not listing.cut


def test_a_folder_with_more_entries_than_are_looked_at_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "SCANNED", 10)
    make(tmp_path / "x", *(f"d{number}" for number in range(11)))

    listing = folders.look(str(tmp_path / "x"))

    assert (listing.total, listing.cut) == (10, True)


def test_links_that_lead_back_are_left_out_and_a_circle_can_be_walked(tmp_path: Path) -> None:
    make(tmp_path / "x", "real")
    (tmp_path / "x/self").symlink_to("self")
    (tmp_path / "x/real/up").symlink_to("..")

    assert names(folders.look(str(tmp_path / "x"))) == ["real"]
    assert names(folders.look(str(tmp_path / "x/real/up/real/up"))) == ["real"]


def test_odd_names_are_kept_as_they_are_or_left_out_and_counted(tmp_path: Path) -> None:
    """A name that is not UTF-8 cannot be told to anybody; one with a line break is shown, and not for forms."""
    odd = ["\u202egpj.exe", "a\nb", "tab\there", "ünïcode", 'quote"<b>', "trailing "]
    make(tmp_path / "x", *odd)
    os.mkdir(os.fsencode(tmp_path / "x") + b"/bad\xff")

    listing = folders.look(str(tmp_path / "x"))

    assert sorted(names(listing)) == sorted(odd)
    assert listing.unreadable == 1
    assert [folder.name for folder in listing.folders if not folder.fit] == ["a\nb"]


# -- repositories -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("head", "shown"),
    [
        (b"ref: refs/heads/main\n", "main"),
        (b"ref: refs/heads/feature/x\n", "feature/x"),
        (b"0123456789abcdef0123456789abcdef01234567\n", "01234567"),
        (b"ref: refs/heads/" + b"x" * 9000, "x" * 200),
        (b"", None),
        (b"ref: refs/heads/\xff\n", "�"),
    ],
)
def test_the_branch_is_read_from_gits_own_file(tmp_path: Path, head: bytes, shown: str | None) -> None:
    make(tmp_path, "repo/.git")
    (tmp_path / "repo/.git/HEAD").write_bytes(head)

    assert branch(str(tmp_path / "repo")) == shown


def test_a_worktree_says_where_its_head_is(tmp_path: Path) -> None:
    make(tmp_path, "repo/.git/worktrees/two", "two")
    (tmp_path / "repo/.git/worktrees/two/HEAD").write_text("ref: refs/heads/two\n")
    (tmp_path / "two/.git").write_text("gitdir: ../repo/.git/worktrees/two\n")

    assert branch(str(tmp_path / "two")) == "two"


def test_a_pipe_in_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    make(tmp_path, "repo/.git", "other")
    os.mkfifo(tmp_path / "repo/.git/HEAD")
    os.mkfifo(tmp_path / "other/.git")

    assert branch(str(tmp_path / "repo")) is None
    assert branch(str(tmp_path / "other")) is None


# -- making -----------------------------------------------------------------------------------------------------------
def test_a_folder_is_made_with_those_above_it(tmp_path: Path, home: Path) -> None:
    assert folders.create("~/a/b") == str(home / "a/b")
    assert (home / "a/b").is_dir()
    with pytest.raises(Refused, match="is there already"):
        folders.create("~/a/b")


@pytest.mark.parametrize("name", ["new\nline", "bell\x07", "n" * 256, "ä" * 128])
def test_a_name_that_makes_trouble_is_not_made(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid):
        folders.create(str(tmp_path / name))
    assert [one.name for one in tmp_path.iterdir()] == ["home"]


def test_below_a_file_nothing_is_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Invalid, match="is a file"):
        folders.create(str(tmp_path / "file/x"))
    assert folders.may_create(str(tmp_path / "file/x")) is None


def test_making_is_offered_only_where_it_can_work(tmp_path: Path) -> None:
    assert folders.may_create(f"{tmp_path}/a/b") == f"{tmp_path}/a/b"
    assert folders.may_create(str(tmp_path)) is None
    assert folders.may_create("relative") is None
    assert folders.may_create(f"{tmp_path}/a\nb") is None


# -- for programs -----------------------------------------------------------------------------------------------------
def test_programs_get_names(tmp_path: Path) -> None:
    make(tmp_path / "x", "b", "A", ".hidden")
    os.mkdir(os.fsencode(tmp_path / "x") + b"/bad\xff")

    assert folders.names(f"{tmp_path}/x", 100) == (f"{tmp_path}/x", ["A", "b"])
    assert folders.names(f"{tmp_path}/x", 1)[1] == ["A"]
    with pytest.raises(NotFound):
        folders.names(f"{tmp_path}/none", 100)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some.sampled_from(["", "/", "~", "~/", "/tmp/"]), some.text(max_size=40))
def test_whatever_is_typed_gives_a_place_a_list_or_a_sentence(tmp_path: Path, first: str, rest: str) -> None:
    for ask in (folders.chosen, folders.look, folders.may_create):
        with contextlib.suppress(AgentguidError):
            ask(first + rest)

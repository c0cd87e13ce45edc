"""A tiny page: a tree of elements, and the swaps of `web/assets/swap.js` done to it as the browser does them."""

import re
from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser
from typing import Self

VOID = frozenset(("br", "hr", "img", "input", "link", "meta", "col", "use"))


class Node:
    def __init__(self, tag: str, attributes: dict[str, str] | None = None) -> None:
        self.tag = tag
        self.attributes = attributes or {}
        self.children: list[Node | str] = []
        self.parent: Node | None = None

    @property
    def id(self) -> str:
        return self.attributes.get("id", "")

    @property
    def number(self) -> int | None:
        value = self.attributes.get("data-seq")
        return None if value is None else int(value)

    @property
    def rank(self) -> str:
        """Of a row of the list, or of a group's first row."""
        return next((one.attributes["data-rank"] for one in self.walk() if "data-rank" in one.attributes), "")

    def elements(self) -> list["Node"]:
        return [child for child in self.children if isinstance(child, Node)]

    def walk(self) -> Iterator["Node"]:
        waiting = [self]  # no recursion: a hostile text may be nested deeply
        while waiting:
            node = waiting.pop()
            yield node
            waiting += reversed(node.elements())

    def find(self, id: str) -> "Node | None":
        return next((node for node in self.walk() if id and node.id == id), None)

    def insert(self, place: int, child: "Node") -> None:
        child.leave()
        child.parent = self
        self.children.insert(place, child)

    def append(self, child: "Node") -> None:
        child.leave()
        self.insert(len(self.children), child)

    def leave(self) -> None:
        if self.parent is not None:
            self.parent.children = [child for child in self.parent.children if child is not self]
            self.parent = None

    def nests(self) -> list["Node"]:
        return [node for node in self.walk() if node.attributes.get("class") == "nest" and node.id]

    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text() for child in self.children)

    def html(self) -> str:
        inner = "".join(escape(child) if isinstance(child, str) else child.html() for child in self.children)
        given = "".join(f' {name}="{escape(value)}"' for name, value in sorted(self.attributes.items()))
        return f"<{self.tag}{given}>{inner}</{self.tag}>"


class Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("root")
        self.at = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.at.append(node)
        if tag not in VOID:
            self.at = node

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.at.append(Node(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.at.tag == tag, f"</{tag}> ends a {self.at.tag}"
        assert self.at.parent is not None
        self.at = self.at.parent

    def handle_data(self, data: str) -> None:
        if self.at.tag in ("textarea", "pre") and not self.at.children:
            data = data.removeprefix("\n")  # as HTML has it
        self.at.children.append(data)

    @classmethod
    def tree(cls, html: str) -> Node:
        parser = cls()
        parser.feed(html)
        parser.close()
        assert parser.at is parser.root, f"{parser.at.tag} is not ended"
        return parser.root


class Dom:
    """The page, and what it remembers of its stream."""

    def __init__(self, html: str) -> None:
        self.root = Parser.tree(html)
        self.last_id: int | None = None

    def __getitem__(self, id: str) -> Node:
        found = self.root.find(id)
        assert found is not None, id
        return found

    def receive(self, message: bytes) -> Self:
        """One message of the stream, as htmx 4 and hx-sse take it: targets are found before anything is put in."""
        lines = message.decode().removesuffix("\n\n").split("\n")
        assert message.endswith(b"\n\n")
        assert b"\r" not in message
        fields = dict(line.split(": ", 1) for line in lines)
        assert set(fields) <= {"id", "data"}, fields.keys()
        if "id" in fields:
            self.last_id = int(fields["id"])
        partials = Parser.tree(fields["data"])
        assert all(isinstance(child, Node) and child.tag == "hx-partial" for child in partials.children)
        tasks = [(self.root.find(one.attributes["hx-target"][1:]), one) for one in partials.elements()]
        for target, one in tasks:
            if target is not None:
                self._swap(one.attributes["hx-swap"], target, one)
        self._no_id_twice()
        return self

    def _swap(self, style: str, target: Node, partial: Node) -> None:
        if style in ("innerHTML", "newest"):
            target.children = []
            for child in partial.elements():
                target.append(child)
            return
        for fresh in partial.elements():
            getattr(self, "_" + style)(target, fresh)

    def _replace(self, old: Node, fresh: Node) -> None:
        for nest in old.nests():
            place = fresh.find(nest.id)
            if place is not None:
                for child in nest.elements():
                    place.append(child)
        assert old.parent is not None
        place_at = old.parent.children.index(old)
        parent = old.parent
        old.leave()
        parent.insert(place_at, fresh)

    def _put(self, target: Node, fresh: Node) -> None:
        old = self.root.find(fresh.id)
        if old is not None and old is not fresh:
            self._replace(old, fresh)
            return
        inside = self.root.find(fresh.attributes.get("data-in", ""))
        if fresh.number is None:
            (inside or target).append(fresh)
            return
        first = next((child for child in target.elements() if child.number is not None), None)
        if first is not None and fresh.number < (first.number or 0):
            return
        for nest in fresh.nests()[:1]:
            self._adopt(target, fresh, nest)
        parent = inside
        while parent is not None and parent.number is None:
            parent = parent.parent
        fits = parent is not None and (parent.number or 0) < fresh.number
        self._insert(inside if fits and inside is not None else target, fresh)

    def _adopt(self, target: Node, fresh: Node, nest: Node) -> None:
        for last in reversed(target.elements()):
            if last.number is None or last.number <= (fresh.number or 0):
                break
            if last.attributes.get("data-in") == nest.id:
                last.leave()
                nest.insert(0, last)

    def _insert(self, container: Node, fresh: Node) -> None:
        place = len(container.children)
        while place and (last := container.children[place - 1]):
            if isinstance(last, Node) and (last.number is None or last.number <= (fresh.number or 0)):
                break
            place -= 1
        container.insert(place, fresh)

    def _grow(self, target: Node, fresh: Node) -> None:
        """Finished blocks and the new rest take the place of the rest."""
        old = self.root.find(fresh.attributes["data-rest"])
        while old is not None and old.parent is not None and old.parent.id != fresh.attributes["data-in"]:
            old = old.parent
        if old is None or old.parent is None:
            return
        parent, place = old.parent, old.parent.children.index(old)
        old.leave()
        for child in list(fresh.children):
            if isinstance(child, Node):
                parent.insert(place, child)
            else:
                parent.children.insert(place, child)
            place += 1

    def _renew(self, target: Node, fresh: Node) -> None:
        old = self.root.find(fresh.id)
        if old is not None:
            self._replace(old, fresh)

    def _gone(self, target: Node, fresh: Node) -> None:
        old = self.root.find(fresh.id)
        if old is not None:
            old.leave()
        if target.id == "convs":
            self._settle(target)

    def _rank(self, target: Node, fresh: Node) -> None:
        rows = fresh.elements()[-1].elements()
        if self.root.find(fresh.id) is None:
            target.append(fresh)
        for row in rows:
            self._file(self[fresh.id].elements()[-1], row)
        self._settle(target)

    def _file(self, into: Node, row: Node) -> None:
        row.leave()
        old = self.root.find(row.id)
        if old is not None:
            old.leave()
        before = [one for one in into.elements() if one.rank > row.rank]
        into.insert(len(before), row)

    def _settle(self, target: Node) -> None:
        rows = [node for node in target.walk() if node.tag == "li"]
        for row in sorted(rows, key=lambda one: one.rank, reverse=True)[50:]:
            row.leave()
        groups = sorted(target.elements(), key=lambda one: one.rank, reverse=True)
        target.children = [group for group in groups if group.rank]
        for group in target.elements():
            count = next(node for node in group.walk() if node.attributes.get("class") == "count")
            count.children = [str(len(group.elements()[-1].elements()))]

    def _no_id_twice(self) -> None:
        ids = [node.id for node in self.root.walk() if node.id]
        twice = {one for one in ids if ids.count(one) > 1} if len(ids) != len(set(ids)) else set()
        assert not twice, twice


def squeezed(html: str) -> str:
    """Without the white space between elements, which templates may have and the stream has not."""
    return re.sub(r">\s+<", "><", html)

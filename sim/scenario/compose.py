"""Trees on trees: maps merge, everything else replaces, `null` deletes; nothing forgets where it came from."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from sim.scenario.errors import Problem
from sim.scenario.tree import MOST_LEVELS, Entry, Node, Place, Setting

Splitter = Callable[[Sequence[str], Sequence[str], Collection[str]], tuple[int, bool]]
"""(keys down to a map, rest of a dotted path, keys of the map) → how many steps are the next key, and whether the
keys of this map are the user's own."""


@dataclass(slots=True)
class Fold:
    """Lays one tree over another.

    Args:
        problems: Where to report.
        split: How dotted keys split; None where a dot is just a dot (the body of a file).
        must_exist: Whether a path may only lead through what is there (`--set`).
    """

    problems: list[Problem]
    split: Splitter | None = None
    must_exist: bool = False
    leaves: dict[tuple[str, ...], Place] = field(default_factory=dict)
    """What this fold has written, to find a key that is written twice as `a.b` and as `a: {b: …}`."""
    trunks: dict[tuple[str, ...], Place] = field(default_factory=dict)
    fresh: dict[int, dict[str, Entry]] = field(default_factory=dict)
    """Maps that this fold has made on its way down a dotted path, by identity; nobody else holds them."""

    def report(self, place: Place, path: Sequence[str | int], message: str) -> None:
        """Keep a problem."""
        self.problems.append(Problem(place.file, place.line, place.column, ".".join(map(str, path)), message))

    def merge(self, base: Node | None, over: Node, path: tuple[str, ...] = ()) -> Node:
        """*over* laid over *base*; *over* is not null."""
        earlier = _history(base, over)
        if isinstance(over.data, tuple):
            items = []
            for index, item in enumerate(over.data):
                if item.data is None:
                    self.report(
                        item.place, (*path, index), "is empty; give it a value or remove it from the list"
                    )
                else:
                    # What stands in a list is replaced whole: no dots, nothing to delete.
                    items.append(Fold(self.problems).merge(None, item, (*path, str(index))))
            return replace(over, data=tuple(items), earlier=earlier)
        if not isinstance(over.data, dict):
            return replace(over, earlier=earlier)
        is_map = base is not None and isinstance(base.data, dict)
        entries = dict(base.data) if base is not None and isinstance(base.data, dict) else {}
        gone = dict(base.gone) if base is not None and is_map else {}
        for key, entry in over.data.items():
            steps = key.split(".") if self.split is not None and not entry.quoted else [key]
            self.put(entries, gone, steps, entry, path)
        born = base.born if base is not None and is_map else over.place
        return Node(entries, over.place, earlier=earlier, born=born, gone=gone)

    def put(
        self,
        entries: dict[str, Entry],
        gone: dict[str, Place],
        steps: list[str],
        entry: Entry,
        path: tuple[str, ...],
    ) -> None:
        """Write *entry* below *entries*, at *steps*."""
        length, invented = self.split(path, steps, entries) if self.split is not None else (1, False)
        key, rest = ".".join(steps[:length]), steps[length:]
        here = (*path, key)
        if not key:
            self.report(entry.key, (*path, *steps), "has an empty step between its dots")
            return
        if len(here) > MOST_LEVELS:
            self.report(entry.key, here[:4], f"leads deeper than {MOST_LEVELS} levels")
            return
        old = entries.get(key)
        if rest:
            if old is None and self.must_exist and invented:
                close = difflib.get_close_matches(key, entries, 1)
                hint = (
                    f"did you mean {close[0]}?"
                    if close
                    else f"here is {', '.join(list(entries)[:12]) or 'nothing'}"
                )
                add = f"to add it, write {'.'.join(here)}={{{'.'.join(rest)}: …}}"
                self.report(entry.key, here, f"there is nothing of this name to change; {hint} ({add})")
                return
            below = self.descend(None if old is None else old.node, rest, entry, here)
            if below is not None:
                entries[key] = Entry(entry.key if old is None else old.key, below)
            return
        if (
            self.split is not None
            and not isinstance(entry.node.data, dict)
            and not self.write_once(here, entry.key)
        ):
            return
        if entry.node.data == {} and old is not None and isinstance(old.node.data, dict) and old.node.data:
            inside = ", ".join(list(old.node.data)[:6]) + (", …" if len(old.node.data) > 6 else "")
            self.report(
                entry.key,
                here,
                f"is an empty map, and maps merge, so it changes nothing; null takes it away, or name what should change in it ({inside})",
            )
            return
        if entry.node.data is not None:
            node = self.merge(None if old is None else old.node, entry.node, here)
            entries[key] = Entry(entry.key, node, entry.quoted)
        elif old is None:
            message = "is empty, which deletes, and there is nothing to delete; give it a value or remove it"
            self.report(entry.key, here, message)
        else:
            del entries[key]
            gone[key] = entry.key

    def descend(self, base: Node | None, rest: list[str], entry: Entry, here: tuple[str, ...]) -> Node | None:
        """*base* with *entry* written at *rest* below it; None when there is no way down."""
        if base is None or not isinstance(base.data, dict | tuple):
            # A scalar gives way to a map.
            return self.on_map(base, {}, {}, rest, entry, here)
        if isinstance(base.data, dict):
            if id(base.data) in self.fresh:
                return self.on_map(base, base.data, base.gone, rest, entry, here)
            return self.on_map(base, dict(base.data), dict(base.gone), rest, entry, here)
        count = len(base.data)
        if not rest[0].isascii() or not rest[0].isdecimal() or len(rest[0]) > 8 or int(rest[0]) >= count:
            numbers = f"0 to {count - 1}" if count > 1 else "0" if count else "nothing: it is empty"
            self.report(
                entry.key, (*here, *rest), f"{here[-1]} is a list, and its entries are numbered {numbers}"
            )
            return None
        index = int(rest[0])
        below_path = (*here, rest[0])
        if len(rest) > 1:
            item = self.descend(base.data[index], rest[1:], entry, below_path)
        elif entry.node.data is None:
            self.report(
                entry.key, below_path, "an entry of a list cannot be deleted alone; write the list without it"
            )
            return None
        else:
            if not isinstance(entry.node.data, dict) and not self.write_once(below_path, entry.key):
                return None
            item = self.merge(base.data[index], entry.node, below_path)
        if item is None:
            return None
        return replace(base, data=(*base.data[:index], item, *base.data[index + 1 :]))

    def on_map(
        self,
        base: Node | None,
        entries: dict[str, Entry],
        gone: dict[str, Place],
        rest: list[str],
        entry: Entry,
        here: tuple[str, ...],
    ) -> Node | None:
        """A map with *entry* written at *rest*; None when nothing came of it."""
        before = len(self.problems)
        self.put(entries, gone, rest, entry, here)
        if not entries and len(self.problems) > before:
            return None
        born = base.born if base is not None and base.born is not None else entry.key
        if base is not None and id(base.data) in self.fresh:
            return replace(base, place=entry.key)
        self.fresh[id(entries)] = entries
        over = Node(entries, entry.key, born=born, gone=gone)
        return replace(over, earlier=_history(base, over))

    def write_once(self, path: tuple[str, ...], place: Place) -> bool:
        """Whether this fold has not yet written *path*, a part of it or something above it."""
        first = self.trunks.get(path) or next(
            (self.leaves[path[:end]] for end in range(1, len(path) + 1) if path[:end] in self.leaves), None
        )
        if first is not None:
            where = "" if first.line is None else f"; first at line {first.line}, column {first.column}"
            self.report(place, path, f"is written twice{where}; keep one")
            return False
        self.leaves[path] = place
        for end in range(1, len(path)):
            self.trunks.setdefault(path[:end], place)
        return True


def _history(base: Node | None, over: Node) -> tuple[Setting, ...]:
    """What was written before, with *base* itself unless it is the same writing (two bases that share a base)."""
    if base is None:
        return over.earlier
    if base.place == over.place:
        return base.earlier
    # A map that is laid over a map changes a part of it; its text then says nothing.
    before = Setting(base.place, "") if isinstance(base.data, dict) else base.setting
    kept = [*base.earlier, before]
    return tuple(kept + [setting for setting in over.earlier if setting not in kept])

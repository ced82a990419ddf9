"""The words of the language that hold lists of layers, or names: `residual`, `branches`, `repeat`, `when`, ..."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeGuard

from cnnspec.language.diagnostics import Diagnostic, Diagnostics, Fix
from cnnspec.language.entries import shown, unknown
from cnnspec.language.expressions import is_expression
from cnnspec.language.foreign import edited
from cnnspec.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, head, plain
from cnnspec.language.scope import warn_of_hiding
from cnnspec.language.spans import Span
from cnnspec.language.syntax import (
    Branches,
    Broken,
    Head,
    Item,
    Items,
    Naming,
    Repeat,
    Residual,
    Share,
    Splice,
    When,
)

STRUCTURES: dict[str, tuple[str, ...]] = {
    "residual": ("layers", "shortcut", "activation"),
    "branches": ("merge", "paths"),
    "repeat": ("times", "over", "as", "layers"),
    "when": ("condition", "layers", "otherwise"),
    "share": ("entry",),
    "name": (),
}
"""Each word with its keys, beside `name` and `inputs`."""

_WHOLE = {
    "residual": "write `residual: {layers: […]}`",
    "branches": "write `branches: {paths: [[…], […]]}`",
    "repeat": "write `repeat: {times: 3, layers: […]}`, or `repeat: {over: [64, 128], as: filters, layers: […]}`",
    "when": "write `when: {condition: $(…), layers: […]}`",
    "share": "write `share: tower`, or `share: {entry: tower, inputs: right}`",
    "name": "write `- name: here` to name what comes here",
}
_FIRST = {"residual": "layers", "branches": "paths"}
"""What a list stands for that is written without its key."""


def structure(
    entry: Head, key: ScalarNode, arguments: Node | None, items: Callable[[Node], Items], diagnostics: Diagnostics
) -> Item:
    """The entry of a word of the language; `items` parses the lists of layers in it."""
    word = key.text
    if isinstance(arguments, ScalarNode) and arguments.text:
        if word == "name":
            return Naming(Head(entry.node, key.span, arguments))
        if word == "share":
            return Share(entry, arguments)
    if word in _FIRST and isinstance(arguments, SequenceNode):
        first = _FIRST[word]
        arguments = MappingNode(((ScalarNode(first, first, key.span), arguments),), arguments.span, 0)
    if not isinstance(arguments, MappingNode) or word == "name":
        what = {"name": "a name", "share": "the name of an entry"}.get(word, "a mapping")
        message = f"`{word}` takes {what}, not {shown(plain(arguments) if arguments else None)}"
        place = head(arguments) if arguments else key.span
        diagnostics.add(Diagnostic("wrong-type", message, place, help=_WHOLE[word]))
        return Broken(entry)
    return _Structure(entry, word, arguments, items, diagnostics).item()


class _Structure:
    """One structure, with the keys that unknown ones in it were likely meant to be."""

    def __init__(
        self, entry: Head, word: str, arguments: MappingNode, items: Callable[[Node], Items], diagnostics: Diagnostics
    ) -> None:
        self.entry, self.word, self.arguments = entry, word, arguments
        self.items, self.diagnostics = items, diagnostics
        self.meant: set[str | None] = set()

    def item(self) -> Item:
        """The structure, or what stands for one that does not read."""
        keys = STRUCTURES[self.word]
        for name, _ in self.arguments.pairs:
            if name.text not in (*keys, "name", "inputs"):
                known = (*keys, "inputs", "name")
                problem = unknown(name.text, known, f"`{self.word}` has no key `{name.text}`", "unknown-key")
                fix = Fix(name.span, problem.replacement) if problem.replacement else None
                self.meant.add(problem.guess)
                help = problem.help or f"it takes: {', '.join(keys)}"
                self.diagnostics.add(Diagnostic("unknown-key", problem.message, name.span, fix=fix, help=help))
        parse = {
            "residual": self._residual, "branches": self._branches, "repeat": self._repeat, "when": self._when,
            "share": self._share,
        }  # fmt: skip
        return (None if "inputs" in self.meant else parse[self.word]()) or Broken(self.entry)

    def _error(self, code: str, message: str, span: Span, help: str | None = None) -> None:
        self.diagnostics.add(Diagnostic(code, message, span, help=help))

    def _needs(self, key: str) -> Node | None:
        found = self.arguments.get(key)
        if found is None and key not in self.meant:
            self._error("missing-key", f"`{self.word}` needs `{key}`", self.entry.span, _WHOLE[self.word])
        return found

    def _residual(self) -> Item | None:
        layers = self._needs("layers")
        if layers is None:
            return None
        shortcut = self.arguments.get("shortcut")
        span = head(shortcut) if shortcut else self.entry.span
        way = self.items(shortcut) if isinstance(shortcut, SequenceNode) else shortcut
        return Residual(self.entry, self.items(layers), way, span, self.arguments.get("activation"))

    def _branches(self) -> Item | None:
        paths = self._needs("paths")
        if isinstance(paths, ScalarNode) and is_expression(paths.value):
            splice = Splice(Head(paths, paths.span), parameter_of(paths.text))
            return Branches(self.entry, self.arguments.get("merge"), splice)
        if not isinstance(paths, SequenceNode) or not paths.items:
            if paths is not None:
                self._error(
                    "wrong-type",
                    "`paths` takes a list of lists of layers",
                    head(paths),
                    "write `paths: [[…], […]]`; an empty path `[]` is the identity",
                )
            return None
        listed = paths_of(paths, self.diagnostics)
        return Branches(self.entry, self.arguments.get("merge"), tuple(self.items(path) for path in listed))

    def _repeat(self) -> Item | None:
        times, over, names = (self.arguments.get(key) for key in ("times", "over", "as"))
        layers = self._needs("layers")
        if self.meant & {"times", "over", "as"}:
            return None
        if (times is None) == (over is None):
            what = "needs `times` or `over`" if times is None else "takes `times` or `over`, not both"
            self._error(
                "missing-key" if times is None else "repeat-form",
                f"`repeat` {what}",
                self.entry.span,
                "write `times: 3`, or `over: [[64, 1], [128, 2]]` with `as: [filters, strides]`",
            )
            return None
        if over is not None and names is None:
            help = "write `over: [64, 128]` with `as: filters`"
            self._error("missing-key", "`repeat` with `over` needs `as`", self.entry.span, help)
            return None
        if times is not None and isinstance(names, SequenceNode):
            self._error("wrong-type", "`as` takes one name beside `times`: the round's number, from 0", head(names))
            return None
        if layers is None:
            return None
        parts = names.items if isinstance(names, SequenceNode) else (names,) if names else ()
        words = tuple(part for part in parts if isinstance(part, ScalarNode) and part.text.isidentifier())
        if len(words) != len(parts):
            assert names is not None
            help = "write `as: filters`, or `as: [filters, strides]`"
            self._error("wrong-type", "`as` takes a name, or a list of names", head(names), help)
            return None
        for word in words:
            warn_of_hiding(word, self.diagnostics)
        return Repeat(self.entry, times, over, words, not isinstance(names, SequenceNode), self.items(layers))

    def _share(self) -> Item | None:
        shared = self.arguments.get("entry") if self.meant else self._needs("entry")
        return None if shared is None else Share(self.entry, shared)

    def _when(self) -> Item | None:
        condition = self._needs("condition")
        layers = self._needs("layers")
        if condition is None or layers is None:
            return None
        otherwise = self.arguments.get("otherwise")
        return When(self.entry, condition, self.items(layers), self.items(otherwise) if otherwise else ())


def paths_of(node: SequenceNode, diagnostics: Diagnostics) -> list[Node]:
    """The paths in a list of them; a single layer in the place of a list is an error, and taken as a list of one."""
    bare = next(filter(_single, node.items), None)
    if bare is not None:
        word = bare.text if isinstance(bare, ScalarNode) else f"{{{bare.pairs[0][0].text}: …}}" if bare.pairs else ""
        help = f"write `[{word}]`" if word else "an empty path is `[]`"
        message = "each of `paths` is a list of layers, not a single one"
        bares = list(filter(_single, node.items))
        whole = bares[0].span.to(bares[-1].span)
        wraps = [Fix(path.span, f"[{diagnostics.text(path.span)}]") for path in bares]
        flow = all("\n" not in wrap.text and ": " not in wrap.text.partition("{")[0] for wrap in wraps)
        text = edited(diagnostics.text(whole), whole, wraps) if flow else None
        fix = Fix(whole, text) if text else None
        diagnostics.add(Diagnostic("wrong-type", message, head(bare), help=help, fix=fix))
    return [SequenceNode((path,), path.span, 1) if _single(path) else path for path in node.items]


def _single(path: Node) -> TypeGuard[MappingNode | ScalarNode]:
    """Whether a layer stands where a list of them belongs."""
    if isinstance(path, ScalarNode):
        return isinstance(path.value, str) and bool(path.text) and not is_expression(path.value)
    return isinstance(path, MappingNode)


def parameter_of(text: str) -> str:
    """The name in `$name` or `$(name)`."""
    return text[1:].removeprefix("(").removesuffix(")").strip() if text.startswith("$(") else text[1:]

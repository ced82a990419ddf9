"""The blocks that a file has in scope: those of its `imports`, its own, and the standard ones of `cnnspec/blocks/`."""

from __future__ import annotations

from functools import cache, partial

from cnnspec.language.blocks import declare
from cnnspec.language.diagnostics import Diagnostic, Diagnostics, Fix, Related
from cnnspec.language.document import misspelt, unread
from cnnspec.language.entries import Vocabulary, shown
from cnnspec.language.files import Files
from cnnspec.language.library import STANDARD, Library
from cnnspec.language.nodes import MappingNode, Node, SequenceNode, head, plain
from cnnspec.language.parameters import parameters_of
from cnnspec.language.reader import read
from cnnspec.language.scope import Scope
from cnnspec.language.spans import STANDARD_FILES
from cnnspec.language.syntax import Block

_standard: dict[str, Block] = {}


def library_of(
    root: MappingNode, scope: Scope, vocabulary: Vocabulary, files: Files, diagnostics: Diagnostics
) -> Library:
    """The blocks in scope of a document. Its own see `scope`, the document's parameters; imported ones their file's."""
    library = Library(partial(standard_block, vocabulary))
    scope.library = library
    node = root.get("imports")
    if isinstance(node, SequenceNode):
        for reference in node.items:
            _import(reference, library, vocabulary, files, diagnostics)
    library.incomplete |= node is not None and not isinstance(node, SequenceNode)
    library.incomplete |= unread(root.get("blocks")) or bool(misspelt(root, "imports", "blocks"))
    declare(root, library, vocabulary, scope, diagnostics)
    for name, (block, reference) in library.conflicts.items():
        if name not in library.own:
            diagnostics.add(
                Diagnostic(
                    "block-twice",
                    f"the block `{name}` comes from two imports",
                    head(reference),
                    related=(Related("the first", library.imported[name].span), Related("the second", block.span)),
                    help=f"import one of them, or declare `{name}` under `blocks:` here",
                )
            )
    return library


def _import(reference: Node, library: Library, vocabulary: Vocabulary, files: Files, diagnostics: Diagnostics) -> None:
    document = files.open(reference, "imports")
    if document is None:
        library.incomplete = True
        return
    blocks = files.libraries.get(id(document))
    if blocks is None:
        _check_keys(document, diagnostics)
        scope = parameters_of(document, diagnostics, complete=False)
        with files.inside(reference):
            blocks = files.libraries[id(document)] = library_of(document, scope, vocabulary, files, diagnostics)
    if not blocks.own and not blocks.incomplete:
        help = "an import brings in the `blocks:` of another spec file"
        diagnostics.add(Diagnostic("import-empty", "there are no blocks in this file", head(reference), help=help))
    library.incomplete |= blocks.incomplete or not blocks.own
    library.behind.update({name: block.span.file for name, block in blocks.imported.items()})
    for name, block in blocks.own.items():
        if library.imported.setdefault(name, block) is not block:
            library.conflicts[name] = block, reference


def _check_keys(document: MappingNode, diagnostics: Diagnostics) -> None:
    """Report mistakes in those keys of an imported file that matter here; the others are not looked at."""
    for name in ("parameters", "blocks", "imports"):
        value = document.get(name)
        wrong = value is not None and not isinstance(value, SequenceNode) if name == "imports" else unread(value)
        if value is not None and wrong:
            kind = "a list of spec files" if name == "imports" else "a mapping"
            message = f"`{name}` takes {kind}, not {shown(plain(value))}"
            diagnostics.add(Diagnostic("wrong-type", message, head(value)))
    for key, meant in misspelt(document, "imports", "blocks", "parameters"):
        message, help = f"the spec has no key `{key.text}`", f"did you mean `{meant}`?"
        diagnostics.add(Diagnostic("unknown-key", message, key.span, help=help, fix=Fix(key.span, meant)))


def standard_block(vocabulary: Vocabulary, name: str) -> Block:
    """A standard block; its file is read when it is first called."""
    if name not in _standard:
        root, diagnostics = standard_root(name), Diagnostics()
        scope = parameters_of(root, diagnostics)
        library = library_of(root, scope, vocabulary, Files(diagnostics), diagnostics)
        assert not diagnostics.failed, name
        _standard[name] = library.own[name]
    return _standard[name]


@cache
def standard_root(name: str) -> MappingNode:
    """The document of a standard block's file."""
    diagnostics = Diagnostics()
    root = read(standard_text(name), f"{STANDARD_FILES}{name}.yaml", diagnostics)
    assert isinstance(root, MappingNode), name
    assert not diagnostics.failed, name
    return root


def standard_text(name: str) -> str:
    """The text of a standard block's file."""
    return (STANDARD / f"{name}.yaml").read_text(encoding="utf-8")

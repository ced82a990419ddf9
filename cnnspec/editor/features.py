"""The features of the language server: each answers one request with what the modules beside this one find.

A feature that fails says so on stderr and answers nothing.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any, BinaryIO

from lsprotocol import types as lsp

from cnnspec.editor import actions, completion, hints, navigation, symbols
from cnnspec.editor.hover import hover
from cnnspec.editor.lines import Lines, Range
from cnnspec.editor.server import Server, log
from cnnspec.editor.world import World

_KINDS = {
    "entry": lsp.CompletionItemKind.Class,
    "block": lsp.CompletionItemKind.Module,
    "key": lsp.CompletionItemKind.Property,
    "value": lsp.CompletionItemKind.EnumMember,
    "name": lsp.CompletionItemKind.Reference,
    "parameter": lsp.CompletionItemKind.Variable,
    "function": lsp.CompletionItemKind.Function,
}
_SYMBOLS = {
    "section": lsp.SymbolKind.Namespace,
    "block": lsp.SymbolKind.Class,
    "entry": lsp.SymbolKind.Function,
    "value": lsp.SymbolKind.Property,
}
_FIX_ALL = "source.fixAll.cnnspec"


def _guarded(answer: Callable[..., Any], empty: Any) -> Callable[..., Any]:
    """An answer that is `empty` where it fails."""
    if asyncio.iscoroutinefunction(answer):

        @functools.wraps(answer)
        async def later(ls: Server, params: Any) -> Any:
            try:
                return await answer(ls, params)
            except Exception as error:
                log(error)
                return empty

        return later

    @functools.wraps(answer)
    def now(ls: Server, params: Any) -> Any:
        try:
            return answer(ls, params)
        except Exception as error:
            log(error)
            return empty

    return now


_Answer = Callable[[Server, Any], Any | Awaitable[Any]]


def serve(stdin: BinaryIO, stdout: BinaryIO) -> None:
    """Serve until the client says to stop or is gone."""
    make().start_io(stdin, stdout)


def make() -> Server:
    """The server with its features."""
    ls = Server()

    def feature(name: str, options: Any = None, empty: Any = None) -> Callable[[_Answer], _Answer]:
        def register(answer: _Answer) -> _Answer:
            ls.feature(name, options)(_guarded(answer, empty))
            return answer

        return register

    feature(lsp.INITIALIZED)(_started)
    feature(lsp.TEXT_DOCUMENT_DID_OPEN)(_opened)
    feature(lsp.TEXT_DOCUMENT_DID_CHANGE)(_changed)
    feature(lsp.TEXT_DOCUMENT_DID_SAVE)(_saved)
    feature(lsp.TEXT_DOCUMENT_DID_CLOSE)(_closed)
    feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)(_saved)
    feature(lsp.TEXT_DOCUMENT_HOVER)(_hover)
    triggers = ["$", "{", "[", "-", " ", "("]
    feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(triggers, resolve_provider=True))(_complete)
    feature(lsp.COMPLETION_ITEM_RESOLVE)(_describe)
    feature(lsp.TEXT_DOCUMENT_DEFINITION)(_define)
    feature(lsp.TEXT_DOCUMENT_REFERENCES)(_refer)
    feature(lsp.TEXT_DOCUMENT_PREPARE_RENAME)(_renamable)
    feature(lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))(_rename)
    feature(lsp.TEXT_DOCUMENT_INLAY_HINT, empty=[])(_hints)
    feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL, empty=[])(_outline)
    kinds = [lsp.CodeActionKind.QuickFix, _FIX_ALL]
    feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(kinds, resolve_provider=True), [])(_actions)
    feature(lsp.CODE_ACTION_RESOLVE)(_resolve)
    return ls


async def _started(ls: Server, params: Any) -> None:
    """Load the reference before it is asked for, and hear of files that change on the disk."""
    await ls.loaded()
    workspace = ls.client_capabilities.workspace
    watch = workspace.did_change_watched_files if workspace else None
    if watch and watch.dynamic_registration:
        files = lsp.DidChangeWatchedFilesRegistrationOptions([lsp.FileSystemWatcher("**/*.{yaml,yml}")])
        change = lsp.Registration("cnnspec-files", lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, files)
        await ls.client_register_capability_async(lsp.RegistrationParams([change]))


# documents


def _opened(ls: Server, params: lsp.DidOpenTextDocumentParams) -> None:
    document = params.text_document
    file = ls.file(document.uri)
    ls.uris[file] = document.uri
    _take(ls, file, document.text, document.version)


def _changed(ls: Server, params: lsp.DidChangeTextDocumentParams) -> None:
    file = ls.file(params.text_document.uri)
    text = ls.world.texts.get(file, "")
    for change in params.content_changes:
        if isinstance(change, lsp.TextDocumentContentChangePartial):
            lines = Lines(text)
            ends = (change.range.start, change.range.end)
            start, end = (lines.offset(at.line, at.character, ls.encoding) for at in ends)
            text = text[:start] + change.text + text[end:]
        else:
            text = change.text
    _take(ls, file, text, params.text_document.version)


def _take(ls: Server, file: str, text: str, version: int) -> None:
    ls.world.texts[file] = text
    ls.versions[file] = version
    ls.changed(file)


def _saved(ls: Server, params: Any) -> None:
    ls.again()


def _closed(ls: Server, params: lsp.DidCloseTextDocumentParams) -> None:
    file = ls.file(params.text_document.uri)
    ls.world.texts.pop(file, None)
    ls.versions.pop(file, None)
    ls.readable.pop(file, None)
    ls.stale.pop(file, None)
    before = ls.world.checked.pop(file, None)
    ls.publish(file, before)
    ls.uris.pop(file, None)
    ls.changed(file)


# features


async def _hover(ls: Server, params: lsp.HoverParams) -> lsp.Hover | None:
    file = ls.file(params.text_document.uri)
    await ls.ready(file)
    place, offset = ls.around(params.text_document.uri, params.position)
    found = hover(ls.world, place, offset) if place else None
    if found is None:
        return None
    content = lsp.MarkupContent(lsp.MarkupKind.Markdown, found.markdown)
    return lsp.Hover(content, ls.range(file, found.range))


async def _complete(ls: Server, params: lsp.CompletionParams) -> lsp.CompletionList | None:
    await ls.loaded()
    file = ls.file(params.text_document.uri)
    source = ls.world.source(file)
    if source is None:
        return None
    found = completion.complete(source, ls.offset(file, params.position), ls.world.load)
    able = ls.client_capabilities.text_document
    item = able.completion.completion_item if able and able.completion else None
    snippets = bool(item and item.snippet_support)
    place = ls.range(file, found.range)
    ls.offered = {each.label: each.text for each in found.items if each.text}
    return lsp.CompletionList(
        is_incomplete=False,
        items=[
            lsp.CompletionItem(
                label=each.label,
                kind=_KINDS[each.kind],
                detail=each.detail or None,
                sort_text=f"{0 if each.first else 1}{at:04}",
                text_edit=lsp.TextEdit(place, each.snippet if snippets and each.snippet else each.insert),
                insert_text_format=lsp.InsertTextFormat.Snippet if snippets and each.snippet else None,
            )
            for at, each in enumerate(found.items)
        ],
    )


def _describe(ls: Server, item: lsp.CompletionItem) -> lsp.CompletionItem:
    text = ls.offered.get(item.label)
    if text:
        item.documentation = lsp.MarkupContent(lsp.MarkupKind.Markdown, text)
    return item


async def _define(ls: Server, params: lsp.DefinitionParams) -> lsp.Location | None:
    await ls.loaded()
    place, offset = ls.around(params.text_document.uri, params.position)
    target = navigation.definition(place, offset) if place else None
    return ls.location(target) if target else None


async def _refer(ls: Server, params: lsp.ReferenceParams) -> list[lsp.Location] | None:
    await ls.loaded()
    place, offset = ls.around(params.text_document.uri, params.position)
    found = navigation.references(ls.world, place, offset) if place else []
    return [ls.location(target) for target in (found if params.context.include_declaration else found[1:])] or None


async def _renamable(ls: Server, params: lsp.PrepareRenameParams) -> lsp.Range | None:
    await ls.loaded()
    place, offset = ls.around(params.text_document.uri, params.position)
    found = navigation.renamable(place, offset) if place else None
    return ls.range(ls.file(params.text_document.uri), found) if found else None


async def _rename(ls: Server, params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
    await ls.loaded()
    place, offset = ls.around(params.text_document.uri, params.position)
    found = navigation.rename(ls.world, place, offset, params.new_name) if place else "there is no name here"
    if isinstance(found, str):
        ls.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Warning, found))
        return None
    return ls.edit([actions.Edit(target, params.new_name) for target in found])


async def _hints(ls: Server, params: lsp.InlayHintParams) -> list[lsp.InlayHint]:
    file = ls.file(params.text_document.uri)
    await ls.ready(file)
    first, last = ls.offset(file, params.range.start), ls.offset(file, params.range.end)
    return [
        lsp.InlayHint(
            lsp.Position(*ls.world.lines(file).position(each.offset, ls.encoding)),
            each.text,
            tooltip=each.more or None,
            padding_left=True,
        )
        for each in _known_hints(ls, file)
        if first <= each.offset <= last
    ]


def _known_hints(ls: Server, file: str) -> list[hints.Hint]:
    """The hints of a file; while its text does not read, those of its last state that still hold."""
    source = ls.world.source(file)
    if source is None or file not in ls.world.texts:
        return []
    checked, good = ls.world.checked.get(file), ls.readable.get(file)
    if checked is None or good is None or checked.report.document is not None:
        return hints.hints(ls.world, source)
    before = World({**ls.world.texts, file: good.source.text}, {**ls.world.checked, file: good})
    return hints.still(good.source.text, source.text, hints.hints(before, good.source))


async def _outline(ls: Server, params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
    file = ls.file(params.text_document.uri)
    await ls.ready(file)
    source = ls.world.source(file)
    found = symbols.outline(source, _known_hints(ls, file)) if source else []

    def symbol(each: symbols.Symbol) -> lsp.DocumentSymbol:
        children = [symbol(child) for child in each.children]
        whole, word = ls.range(file, each.range), ls.range(file, each.word)
        return lsp.DocumentSymbol(each.name, _SYMBOLS[each.kind], whole, word, each.detail or None, children=children)

    return [symbol(each) for each in found]


async def _actions(ls: Server, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
    file = ls.file(params.text_document.uri)
    await ls.ready(file)
    wanted = params.context.only or [lsp.CodeActionKind.QuickFix, lsp.CodeActionKind.SourceFixAll]
    found = []
    if any(_covers(kind, lsp.CodeActionKind.QuickFix) for kind in wanted):
        within = Range(ls.offset(file, params.range.start), ls.offset(file, params.range.end))
        for each in actions.actions(ls.world, file, within):
            about = [ls.diagnostic(each.about)]
            found.append(
                lsp.CodeAction(
                    each.title,
                    lsp.CodeActionKind.QuickFix,
                    about,
                    is_preferred=each.preferred,
                    edit=ls.edit([each.edit]),
                )
            )
    number = actions.fixable(ls.world, file)
    if number and any(_covers(kind, _FIX_ALL) for kind in wanted):
        title = f"Fix all that can be fixed ({number})"
        action = lsp.CodeAction(title, _FIX_ALL, data=file)
        found.append(action if _resolves(ls) else await _resolve(ls, action))
    return found


def _covers(wanted: lsp.CodeActionKind | str, kind: lsp.CodeActionKind | str) -> bool:
    """Whether a kind of action is among those wanted: `source` stands for `source.fixAll`, too."""
    asked, given = (str(each.value if isinstance(each, lsp.CodeActionKind) else each) for each in (wanted, kind))
    return asked == "" or given == asked or given.startswith(f"{asked}.")


def _resolves(ls: Server) -> bool:
    able = ls.client_capabilities.text_document
    support = able.code_action.resolve_support if able and able.code_action else None
    return bool(support and "edit" in support.properties)


async def _resolve(ls: Server, action: lsp.CodeAction) -> lsp.CodeAction:
    if isinstance(action.data, str) and action.data in ls.world.texts:
        action.edit = await ls.all_fixes(action.data)
    return action

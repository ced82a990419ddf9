"""The features of the language server: each answers one request with what the modules beside this one find."""

from __future__ import annotations

from lsprotocol import types as lsp

from cnnspec.editor import actions, completion, hints, hover, navigation, symbols
from cnnspec.editor.lines import Range
from cnnspec.editor.server import Server
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
FIX_ALL = "source.fixAll.cnnspec"


async def tell(ls: Server, params: lsp.HoverParams) -> lsp.Hover | None:
    """What the word at a position says."""
    file = ls.file(params.text_document.uri)
    await ls.ready(file)
    place, offset = ls.around(params.text_document.uri, params.position)
    found = hover.hover(ls.world, place, offset) if place else None
    if found is None:
        return None
    content = lsp.MarkupContent(lsp.MarkupKind.Markdown, found.markdown)
    return lsp.Hover(content, ls.range(file, found.range))


async def complete(ls: Server, params: lsp.CompletionParams) -> lsp.CompletionList | None:
    """What may be written at a position."""
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


def describe(ls: Server, item: lsp.CompletionItem) -> lsp.CompletionItem:
    """The text of one thing that was offered."""
    text = ls.offered.get(item.label)
    if text:
        item.documentation = lsp.MarkupContent(lsp.MarkupKind.Markdown, text)
    return item


async def define(ls: Server, params: lsp.DefinitionParams) -> lsp.Location | None:
    """Where the word at a position is declared."""
    await ls.loaded()
    place, offset = ls.around(params.text_document.uri, params.position)
    target = navigation.definition(place, offset) if place else None
    return ls.location(target) if target else None


async def refer(ls: Server, params: lsp.ReferenceParams) -> list[lsp.Location] | None:
    """Every word that means what the one at a position does."""
    await ls.loaded()
    place, offset = ls.around(params.text_document.uri, params.position)
    found = navigation.references(ls.world, place, offset) if place else []
    return [ls.location(target) for target in (found if params.context.include_declaration else found[1:])] or None


async def renamable(ls: Server, params: lsp.PrepareRenameParams) -> lsp.Range | None:
    """The word at a position, where it can have another name."""
    await ls.loaded()
    place, offset = ls.around(params.text_document.uri, params.position)
    found = navigation.renamable(place, offset) if place else None
    return ls.range(ls.file(params.text_document.uri), found) if found else None


async def rename(ls: Server, params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
    """Another name for all that is called so."""
    await ls.loaded()
    place, offset = ls.around(params.text_document.uri, params.position)
    found = navigation.rename(ls.world, place, offset, params.new_name) if place else "there is no name here"
    if isinstance(found, str):
        ls.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Warning, found))
        return None
    return ls.edit([actions.Edit(target, params.new_name) for target in found])


async def hint(ls: Server, params: lsp.InlayHintParams) -> list[lsp.InlayHint]:
    """The shapes behind the lines of a stretch."""
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


async def outline(ls: Server, params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
    """The outline of a spec."""
    file = ls.file(params.text_document.uri)
    await ls.ready(file)
    source = ls.world.source(file)
    found = symbols.outline(source, _known_hints(ls, file)) if source else []

    def symbol(each: symbols.Symbol) -> lsp.DocumentSymbol:
        children = [symbol(child) for child in each.children]
        whole, word = ls.range(file, each.range), ls.range(file, each.word)
        return lsp.DocumentSymbol(each.name, _SYMBOLS[each.kind], whole, word, each.detail or None, children=children)

    return [symbol(each) for each in found]


async def act(ls: Server, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
    """What can be done about the diagnostics of a stretch."""
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
    if number and any(_covers(kind, FIX_ALL) for kind in wanted):
        title = f"Fix all that can be fixed ({number})"
        action = lsp.CodeAction(title, FIX_ALL, data=file)
        found.append(action if _resolves(ls) else await resolve(ls, action))
    return found


def _covers(wanted: lsp.CodeActionKind | str, kind: lsp.CodeActionKind | str) -> bool:
    """Whether a kind of action is among those wanted: `source` stands for `source.fixAll`, too."""
    asked, given = (str(each.value if isinstance(each, lsp.CodeActionKind) else each) for each in (wanted, kind))
    return asked == "" or given == asked or given.startswith(f"{asked}.")


def _resolves(ls: Server) -> bool:
    able = ls.client_capabilities.text_document
    support = able.code_action.resolve_support if able and able.code_action else None
    return bool(support and "edit" in support.properties)


async def resolve(ls: Server, action: lsp.CodeAction) -> lsp.CodeAction:
    """The edit of an action that was chosen: all fixes, tried out."""
    if isinstance(action.data, str) and action.data in ls.world.texts:
        action.edit = await ls.all_fixes(action.data)
    return action

"""What an editor says of its documents: opened, changed, saved, closed."""

from __future__ import annotations

from typing import Any

from lsprotocol import types as lsp

from cnnspec.editor.lines import Lines
from cnnspec.editor.server import Server


async def started(ls: Server, params: Any) -> None:
    """Load the reference before it is asked for, and hear of files that change on the disk."""
    await ls.loaded()
    workspace = ls.client_capabilities.workspace
    watch = workspace.did_change_watched_files if workspace else None
    if watch and watch.dynamic_registration:
        files = lsp.DidChangeWatchedFilesRegistrationOptions([lsp.FileSystemWatcher("**/*.{yaml,yml}")])
        change = lsp.Registration("cnnspec-files", lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, files)
        await ls.client_register_capability_async(lsp.RegistrationParams([change]))


def opened(ls: Server, params: lsp.DidOpenTextDocumentParams) -> None:
    """A document is open."""
    document = params.text_document
    file = ls.file(document.uri)
    ls.uris[file] = document.uri
    _take(ls, file, document.text, document.version)


def changed(ls: Server, params: lsp.DidChangeTextDocumentParams) -> None:
    """A document has another text, whole or in parts."""
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


def saved(ls: Server, params: Any) -> None:
    """Files have changed on the disk."""
    ls.again()


def closed(ls: Server, params: lsp.DidCloseTextDocumentParams) -> None:
    """A document is closed: what stands on the disk counts again."""
    file = ls.file(params.text_document.uri)
    ls.world.texts.pop(file, None)
    ls.versions.pop(file, None)
    ls.readable.pop(file, None)
    ls.stale.pop(file, None)
    before = ls.world.checked.pop(file, None)
    ls.publish(file, before)
    ls.uris.pop(file, None)
    ls.changed(file)

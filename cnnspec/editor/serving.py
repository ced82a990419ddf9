"""The language server with everything that it answers: each request of the protocol and the function for it.

An answer that fails says so on stderr and is empty.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any, BinaryIO

from lsprotocol import types as lsp

from cnnspec.editor import documents, features
from cnnspec.editor.server import Server, log


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

    feature(lsp.INITIALIZED)(documents.started)
    feature(lsp.TEXT_DOCUMENT_DID_OPEN)(documents.opened)
    feature(lsp.TEXT_DOCUMENT_DID_CHANGE)(documents.changed)
    feature(lsp.TEXT_DOCUMENT_DID_SAVE)(documents.saved)
    feature(lsp.TEXT_DOCUMENT_DID_CLOSE)(documents.closed)
    feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)(documents.saved)
    feature(lsp.TEXT_DOCUMENT_HOVER)(features.tell)
    triggers = ["$", "{", "[", "-", " ", "("]
    feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(triggers, resolve_provider=True))(features.complete)
    feature(lsp.COMPLETION_ITEM_RESOLVE)(features.describe)
    feature(lsp.TEXT_DOCUMENT_DEFINITION)(features.define)
    feature(lsp.TEXT_DOCUMENT_REFERENCES)(features.refer)
    feature(lsp.TEXT_DOCUMENT_PREPARE_RENAME)(features.renamable)
    feature(lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))(features.rename)
    feature(lsp.TEXT_DOCUMENT_INLAY_HINT, empty=[])(features.hint)
    feature(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL, empty=[])(features.outline)
    kinds = [lsp.CodeActionKind.QuickFix, features.FIX_ALL]
    feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(kinds, resolve_provider=True), [])(features.act)
    feature(lsp.CODE_ACTION_RESOLVE)(features.resolve)
    return ls

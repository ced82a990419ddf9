"""A client of the language server: `cnnspec lsp` as a process, spoken to over its standard streams."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

COMMAND = (sys.executable, "-m", "cnnspec", "lsp")
_SECONDS = 30.0

CAPABILITIES = lsp.ClientCapabilities(
    general=lsp.GeneralClientCapabilities(position_encodings=[lsp.PositionEncodingKind.Utf16]),
    text_document=lsp.TextDocumentClientCapabilities(
        completion=lsp.CompletionClientCapabilities(
            completion_item=lsp.ClientCompletionItemOptions(snippet_support=True)
        ),
        code_action=lsp.CodeActionClientCapabilities(
            resolve_support=lsp.ClientCodeActionResolveOptions(properties=["edit"])
        ),
    ),
)


class Client:
    """What an editor does, in few words; `seconds` holds how long each answer took."""

    def __init__(self, language: LanguageClient) -> None:
        self.language = language
        self.told: dict[str, lsp.PublishDiagnosticsParams] = {}
        self.heard = asyncio.Event()
        self.versions: dict[str, int] = {}
        self.texts: dict[str, str] = {}
        self.seconds: dict[str, list[float]] = {}

        @language.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def _hear(params: lsp.PublishDiagnosticsParams) -> None:
            self.told[params.uri] = params
            self.heard.set()

    async def open(self, path: Path, text: str) -> list[lsp.Diagnostic]:
        """Open a document; what is wrong with it."""
        uri = path.as_uri()
        self.versions[uri], self.texts[uri] = 1, text
        self.language.text_document_did_open(lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(uri, "yaml", 1, text)))
        return await self.diagnostics(path, "open")

    async def change(self, path: Path, text: str) -> list[lsp.Diagnostic]:
        """Write another text into it; what is wrong with that."""
        self.write(path, text)
        return await self.diagnostics(path, "change")

    def write(self, path: Path, text: str) -> None:
        """Write another text into it, and wait for nothing."""
        self.texts[path.as_uri()] = text
        self.send(path, lsp.TextDocumentContentChangeWholeDocument(text))

    def send(self, path: Path, change: lsp.TextDocumentContentChangeEvent) -> None:
        """Send a change."""
        uri = path.as_uri()
        self.versions[uri] += 1
        document = lsp.VersionedTextDocumentIdentifier(self.versions[uri], uri)
        self.language.text_document_did_change(lsp.DidChangeTextDocumentParams(document, [change]))

    async def diagnostics(self, path: Path, what: str) -> list[lsp.Diagnostic]:
        """What is wrong with the text as it is now."""
        start, uri = time.perf_counter(), path.as_uri()
        while uri not in self.told or self.told[uri].version != self.versions.get(uri):
            self.heard.clear()
            await asyncio.wait_for(self.heard.wait(), _SECONDS)
        self.seconds.setdefault(what, []).append(time.perf_counter() - start)
        return list(self.told[uri].diagnostics)

    async def hears(self, path: Path, *codes: str) -> list[lsp.Diagnostic]:
        """Wait until just these are told of a file."""
        uri = path.as_uri()
        while uri not in self.told or tuple(each.code for each in self.told[uri].diagnostics) != codes:
            self.heard.clear()
            await asyncio.wait_for(self.heard.wait(), _SECONDS)
        return list(self.told[uri].diagnostics)

    def at(self, path: Path, before: str, shift: int = 0) -> lsp.Position:
        """The position at the end of the first `before` in a document, as UTF-16 counts."""
        text = self.texts[path.as_uri()]
        offset = text.index(before) + len(before) + shift
        line = text.count("\n", 0, offset)
        start = text.rfind("\n", 0, offset) + 1
        return lsp.Position(line, len(text[start:offset].encode("utf-16-le")) // 2)

    async def ask(self, method: str, params: Any) -> Any:
        """Ask for something."""
        start = time.perf_counter()
        found = await asyncio.wait_for(self.language.protocol.send_request_async(method, params), _SECONDS)
        self.seconds.setdefault(method, []).append(time.perf_counter() - start)
        return found


@asynccontextmanager
async def session() -> AsyncIterator[Client]:
    """A server that is started, and stopped as an editor does it."""
    language = LanguageClient("cnnspec-tests", "1")
    await language.start_io(*COMMAND)
    client = Client(language)
    await client.ask(lsp.INITIALIZE, lsp.InitializeParams(CAPABILITIES))
    language.initialized(lsp.InitializedParams())
    try:
        yield client
    finally:
        await asyncio.wait_for(language.shutdown_async(None), _SECONDS)
        language.exit(None)
        server = language._server
        assert server is not None
        assert await asyncio.wait_for(server.wait(), _SECONDS) == 0
        await language.stop()

"""The state of the language server: the open documents, their checks, and the terms of the protocol.

Checks run one at a time beside the loop that answers; while one runs the texts may change, and then it is run again.
"""

from __future__ import annotations

import asyncio
import gc
import os
import re
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lsprotocol import types as lsp
from pygls import uris
from pygls.lsp.server import LanguageServer

from cnnspec import __version__
from cnnspec.editor import actions, world
from cnnspec.editor.around import Around
from cnnspec.editor.declared import Target, on_disk
from cnnspec.editor.grammar import Place, root
from cnnspec.editor.lines import Range
from cnnspec.language.diagnostics import Diagnostic
from cnnspec.language.spans import STANDARD_FILES
from cnnspec.reference import codes

_PATIENCE = 10.0
"""Seconds that an answer waits for a check; then it tells what is known."""
_OTHER = re.compile(r"[A-Za-z][\w+.-]+:")
"""How a document starts that is no file."""


def log(error: BaseException) -> None:
    """Say on stderr what went wrong."""
    traceback.print_exception(error, file=sys.stderr)


def _reference() -> Place:
    """The reference, which stays: no garbage is looked for in it."""
    found = root()
    gc.freeze()
    return found


class Server(LanguageServer):
    """The server with the specs that are open in the editor."""

    def __init__(self) -> None:
        super().__init__("cnnspec", __version__, text_document_sync_kind=lsp.TextDocumentSyncKind.Full)
        self.world = world.World()
        self.uris: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.stale: dict[str, int] = {}
        self.turn = 0
        self.told: dict[str, tuple[int | None, list[lsp.Diagnostic]]] = {}
        self.readable: dict[str, world.Checked] = {}
        self.offered: dict[str, str] = {}
        self.worker: asyncio.Task[None] | None = None
        self.checked = asyncio.Event()
        self.reference: asyncio.Future[Place] | None = None
        self.pool = ThreadPoolExecutor(1, "cnnspec")

    # places

    @property
    def encoding(self) -> str:
        """How the editor counts characters."""
        return str(getattr(self.workspace.position_encoding, "value", self.workspace.position_encoding) or "utf-16")

    def file(self, uri: str) -> str:
        """The file of a document."""
        path = uris.to_fs_path(uri) if uri.startswith("file:") else None
        return os.path.normpath(path) if path else uri

    def uri(self, file: str) -> str:
        """The document of a file."""
        if file in self.uris or _OTHER.match(file):
            return self.uris.get(file, file)
        return Path(on_disk(file)).absolute().as_uri()

    def offset(self, file: str, position: lsp.Position) -> int:
        """Where a position is in a file's text."""
        return self.world.lines(file).offset(position.line, position.character, self.encoding)

    def range(self, file: str, stretch: Range) -> lsp.Range:
        """A stretch of a file's text, as the editor has it."""
        lines = self.world.lines(file)
        start, end = (lsp.Position(*lines.position(offset, self.encoding)) for offset in stretch)
        return lsp.Range(start, end)

    def location(self, target: Target) -> lsp.Location:
        """A place in a file, as the editor has it."""
        return lsp.Location(self.uri(target.file), self.range(target.file, target.range))

    def around(self, uri: str, position: lsp.Position) -> tuple[Around | None, int]:
        """The place of the word at a position, and its offset."""
        file = self.file(uri)
        offset = self.offset(file, position)
        return self.world.around(file, offset), offset

    # checks

    def changed(self, file: str) -> None:
        """Check a file again, and the specs that are made of it."""
        others = [name for name, each in self.world.checked.items() if file in each.files and name != file]
        for name in (*([file] if file in self.world.texts else []), *others):
            self.turn += 1
            self.stale.pop(name, None)
            self.stale[name] = self.turn
        if self.worker is None or self.worker.done():
            self.worker = asyncio.create_task(self._work())

    def again(self) -> None:
        """Check the specs that other files may have changed for."""
        for file, each in self.world.checked.items():
            if len(each.files) > 1 or any(found.code == "file-missing" for found in each.diagnostics):
                self.changed(file)

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self.stale:
            file, turn = next(iter(self.stale.items()))
            texts = dict(self.world.texts)
            found = None
            if file in texts:
                try:
                    found = await loop.run_in_executor(self.pool, world.check, file, texts)
                except Exception as error:
                    log(error)
            moved = found is not None and any(texts.get(each) != self.world.texts.get(each) for each in found.files)
            if moved or self.stale.get(file) != turn:
                await asyncio.sleep(0)
                continue
            del self.stale[file]
            before = self.world.checked.pop(file, None)
            if found is not None:
                self.world.checked[file] = found
                if found.report.document is not None:
                    self.readable[file] = found
            self.checked.set()
            self.checked.clear()
            try:
                self.publish(file, before, found)
                self.refresh(file, found)
            except Exception as error:
                log(error)

    async def loaded(self) -> None:
        """Wait until the reference is loaded: between two checks, for both build Pydantic's classes."""
        if self.reference is None:
            self.reference = asyncio.get_running_loop().run_in_executor(self.pool, _reference)
        await asyncio.shield(self.reference)

    async def ready(self, file: str) -> None:
        """Wait until a file has been checked as it is now."""
        await self.loaded()
        end = asyncio.get_running_loop().time() + _PATIENCE
        while file in self.stale and asyncio.get_running_loop().time() < end:
            try:
                await asyncio.wait_for(self.checked.wait(), 0.5)
            except TimeoutError:
                continue

    def publish(self, file: str, *checked: world.Checked | None) -> None:
        """Tell what is wrong with a file and with those of its checks, before and now, where that is new.

        A file that a spec is made of waits until that has been checked, too.
        """
        files = {each.span.file for found in checked if found for each in found.diagnostics}
        files |= {each for found in checked if found for each in found.files if each in self.world.texts}
        waiting = [self.world.checked[name].files for name in self.stale if name in self.world.checked]
        for each in (file, *sorted(files - {file})):
            if each.startswith(STANDARD_FILES) or each in self.stale or any(each in others for others in waiting):
                continue
            found = [self.diagnostic(diagnostic) for diagnostic in self.world.diagnostics(each)]
            told = self.versions.get(each), found
            if told != self.told.get(each, (None, [])) or file not in self.world.texts:
                self.told[each] = told
                self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(self.uri(each), found, told[0]))

    def refresh(self, file: str, found: world.Checked | None) -> None:
        """Ask for the hints of other open files anew, where this one says something of them."""
        asked = self.client_capabilities.workspace
        able = asked and asked.inlay_hint and asked.inlay_hint.refresh_support
        if able and found is not None and any(other != file for other in found.files if other in self.world.texts):
            self.workspace_inlay_hint_refresh(None)

    def diagnostic(self, found: Diagnostic) -> lsp.Diagnostic:
        """A diagnostic, as the editor has it."""
        folder = str(Path(found.span.file).parent) + os.sep
        label = found.label if found.label not in found.message else ""
        message = "\n".join(part for part in (found.message, label, found.help and f"help: {found.help}") if part)
        page = codes.FOLDER / f"{found.code}.md"
        unused = found.code.startswith("unused-")
        return lsp.Diagnostic(
            range=self.range(found.span.file, self.world.lines(found.span.file).range(found.span)),
            message=message.replace(folder, ""),
            severity=lsp.DiagnosticSeverity.Error if found.severity == "error" else lsp.DiagnosticSeverity.Warning,
            code=found.code,
            code_description=lsp.CodeDescription(page.as_uri()) if page.is_file() else None,
            source="cnnspec",
            tags=[lsp.DiagnosticTag.Unnecessary] if unused else None,
            related_information=[
                lsp.DiagnosticRelatedInformation(
                    self.location(Target(each.span.file, self.world.lines(each.span.file).range(each.span))),
                    each.message.replace(folder, ""),
                )
                for each in found.related
            ]
            or None,
        )

    # edits

    def edit(self, edits: list[actions.Edit]) -> lsp.WorkspaceEdit:
        """Edits of one or several files."""
        changes: dict[str, list[lsp.TextEdit]] = {}
        for each in edits:
            text = lsp.TextEdit(self.range(each.target.file, each.target.range), each.text)
            changes.setdefault(self.uri(each.target.file), []).append(text)
        return lsp.WorkspaceEdit(changes=changes)

    async def all_fixes(self, file: str) -> lsp.WorkspaceEdit:
        """Every fix of a file that helps."""
        texts = dict(self.world.texts)

        specs = [name for name, each in self.world.checked.items() if file in each.files]

        def wrong(text: str) -> list[Diagnostic]:
            now = {**texts, file: text}
            return [each for spec in specs for each in world.told(spec, now) if each.span.file == file]

        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self.pool, actions.fix_all, file, texts[file], wrong)
        return self.edit(found if self.world.texts.get(file) == texts[file] else [])

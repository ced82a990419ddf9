"""One session with `cnnspec lsp`, as an editor has it: every feature over the protocol."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types as lsp

from tests.editor.session import Client, session

SPEC = """cnnspec: 1
name: 𝒜-net   # 𝒜 counts as two
input: [28, 28, 1]
imports: [parts.yaml]
parameters: {size: 8}
layers:
  - conv2d: {filters: $size, kernel_size: 3, padding: same, name: 𝒜first}
  - part: $(2 * size)
  - conv2d: {filters: 16, kernel_size: 3, padding: same}
  - add: 𝒜first
"""
FINE = SPEC.replace("filters: 16", "filters: $size")
PARTS = """blocks:
  part:
    parameters: {filters: null}
    layers:
      - conv2d: {filters: $filters, kernel_size: 1}
"""


def applied(text: str, edits: Any) -> str:
    """A text after edits of single lines."""
    lines = text.split("\n")
    for edit in sorted(edits, key=lambda each: (each.range.start.line, each.range.start.character), reverse=True):
        assert edit.range.start.line == edit.range.end.line
        line = lines[edit.range.start.line].encode("utf-16-le")
        start, end = (2 * at.character for at in (edit.range.start, edit.range.end))
        lines[edit.range.start.line] = (line[:start] + edit.new_text.encode("utf-16-le") + line[end:]).decode(
            "utf-16-le"
        )
    return "\n".join(lines)


async def every_feature(folder: Path) -> Client:
    spec, parts, other = folder / "net.yaml", folder / "parts.yaml", folder / "compose.yaml"
    parts.write_text(PARTS, encoding="utf-8")
    document = lsp.TextDocumentIdentifier(spec.as_uri())
    async with session() as client:
        # diagnostics: where, what, related places, and none for other documents
        (found,) = await client.open(spec, SPEC)
        assert (found.code, found.severity, found.source) == ("shape-merge", lsp.DiagnosticSeverity.Error, "cnnspec")
        assert found.range.start == client.at(spec, "- add: ", -5)
        assert "28×28×8" in found.message
        assert found.related_information
        assert found.code_description is not None
        assert found.code_description.href.endswith("shape-merge.md")
        assert await client.open(other, "services: {web: {layer: 3}}\n") == []

        # shapes, though there is a mistake further down
        whole = lsp.Range(lsp.Position(0, 0), lsp.Position(99, 0))
        hints = await client.ask(lsp.TEXT_DOCUMENT_INLAY_HINT, lsp.InlayHintParams(document, whole))
        assert [(hint.position.line, hint.label) for hint in hints] == [
            (6, "→ 28×28×8"), (7, "→ 28×28×16"), (8, "→ 28×28×16"),
        ]  # fmt: skip
        assert hints[0].position == client.at(spec, "name: 𝒜first}")
        hover = await client.ask(lsp.TEXT_DOCUMENT_HOVER, lsp.HoverParams(document, client.at(spec, "- par")))
        assert "28×28×8 → 28×28×16" in hover.contents.value
        hover = await client.ask(lsp.TEXT_DOCUMENT_HOVER, lsp.HoverParams(document, client.at(spec, "$(2 * si")))
        assert "= `8`" in hover.contents.value

        # an imported file: what is open counts, and what is wrong in it is told of it
        part = lsp.TextDocumentIdentifier(parts.as_uri())
        assert await client.open(parts, PARTS) == []
        client.write(parts, PARTS.replace("kernel_size: 1", "kernel_size: 99"))
        await client.hears(parts, "shape-window")
        hints = await client.ask(lsp.TEXT_DOCUMENT_INLAY_HINT, lsp.InlayHintParams(document, whole))
        assert [hint.label for hint in hints] == ["→ 28×28×8"]
        client.write(spec, FINE)
        client.write(parts, PARTS.replace("kernel_size: 1}", "kernel_size: 1}\n      - batch_normalization"))
        (found,) = await client.hears(parts, "bias-before-norm")
        assert found.severity == lsp.DiagnosticSeverity.Warning
        context = lsp.CodeActionContext([])
        ignore = (await client.ask(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionParams(part, whole, context)))[-2]
        text = applied(client.texts[parts.as_uri()], ignore.edit.changes[parts.as_uri()])
        assert "kernel_size: 1}  # cnnspec: ignore[bias-before-norm]\n" in text
        assert await client.change(parts, text) == []
        hints = await client.ask(lsp.TEXT_DOCUMENT_INLAY_HINT, lsp.InlayHintParams(part, whole))
        assert [hint.label for hint in hints] == ["→ 28×28×16", "→ 28×28×16"]

        # definitions, references, another name
        target = await client.ask(
            lsp.TEXT_DOCUMENT_DEFINITION, lsp.DefinitionParams(document, client.at(spec, "add: 𝒜f"))
        )
        assert (target.uri, target.range.end) == (spec.as_uri(), client.at(spec, "name: 𝒜first"))
        target = await client.ask(
            lsp.TEXT_DOCUMENT_DEFINITION, lsp.DefinitionParams(document, client.at(spec, "- par"))
        )
        assert (target.uri, target.range.start) == (parts.as_uri(), lsp.Position(1, 2))
        target = await client.ask(
            lsp.TEXT_DOCUMENT_DEFINITION, lsp.DefinitionParams(document, client.at(spec, "[parts"))
        )
        assert target.uri == parts.as_uri()
        places = await client.ask(
            lsp.TEXT_DOCUMENT_REFERENCES,
            lsp.ReferenceParams(lsp.ReferenceContext(True), document, client.at(spec, "{si")),
        )
        assert [place.range.start.line for place in places] == [4, 6, 7, 8]
        where = client.at(spec, "add: 𝒜f")
        assert await client.ask(lsp.TEXT_DOCUMENT_PREPARE_RENAME, lsp.PrepareRenameParams(document, where))
        edit = await client.ask(lsp.TEXT_DOCUMENT_RENAME, lsp.RenameParams(document, where, "stem"))
        assert applied(FINE, edit.changes[spec.as_uri()]) == FINE.replace("𝒜first", "stem")

        # the outline
        outline = await client.ask(lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL, lsp.DocumentSymbolParams(document))
        assert [symbol.name for symbol in outline] == ["cnnspec", "name", "input", "imports", "parameters", "layers"]
        assert outline[-1].children[0].detail == "𝒜first → 28×28×8"

        # a text that does not read: what was known above stays, and there is something to complete
        broken = FINE.replace("  - add: 𝒜first\n", "  - dense: {uni")
        (found,) = await client.change(spec, broken)
        assert found.code.startswith("yaml-")
        hints = await client.ask(lsp.TEXT_DOCUMENT_INLAY_HINT, lsp.InlayHintParams(document, whole))
        assert [hint.position.line for hint in hints] == [6, 7, 8]
        listed = await client.ask(
            lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionParams(document, client.at(spec, "- dense: {uni"))
        )
        item = next(item for item in listed.items if item.label == "units")
        assert (item.text_edit.new_text, item.insert_text_format) == ("units: $1", lsp.InsertTextFormat.Snippet)
        assert applied(broken, [item.text_edit]) == broken.removesuffix("uni") + "units: $1"
        item = await client.ask(lsp.COMPLETION_ITEM_RESOLVE, item)
        assert "whole number" in item.documentation.value

        # fixes, and all of them at once
        wrong = FINE.replace("kernel_size: 3, padding: same}", "kernal_size: 3, padding: same}").replace(
            "- add: 𝒜first", "- rellu"
        )
        assert len(await client.change(spec, wrong)) == 2
        fixes = await client.ask(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionParams(document, whole, context))
        titles = [fix.title for fix in fixes]
        assert titles == [
            "Write `kernel_size` for `kernal_size`",
            "Write `relu` for `rellu`",
            "Fix all that can be fixed (2)",
        ]
        assert "kernel_size: 3, padding: same}\n  - rellu" in applied(wrong, fixes[0].edit.changes[spec.as_uri()])
        every = await client.ask(lsp.CODE_ACTION_RESOLVE, fixes[-1])
        assert [edit.new_text for edit in every.edit.changes[spec.as_uri()]] == ["e", ""]

        # a text that is all brackets, and one that is too long, hold nothing up
        evil = folder / "evil.yaml"
        (found,) = await client.open(evil, "layers: " + "[" * 100_000)
        assert found.severity == lsp.DiagnosticSeverity.Error
        (found,) = await client.change(evil, "layers:\n" + "  - relu\n" * 120_000)
        assert found.code == "yaml-limit"
        where = lsp.HoverParams(lsp.TextDocumentIdentifier(evil.as_uri()), lsp.Position(5, 6))
        assert await client.ask(lsp.TEXT_DOCUMENT_HOVER, where) is None

        # nonsense is answered, and the last of many changes is what counts
        nowhere = lsp.TextDocumentIdentifier((folder / "none.yaml").as_uri())
        assert await client.ask(lsp.TEXT_DOCUMENT_HOVER, lsp.HoverParams(nowhere, lsp.Position(7, 7))) is None
        assert await client.ask(lsp.TEXT_DOCUMENT_HOVER, lsp.HoverParams(document, lsp.Position(999, 999))) is None
        for size in range(1, 20):
            client.write(spec, SPEC.replace("filters: 16", f"filters: {size}"))
        assert await client.change(spec, FINE) == []
        there = lsp.Range(client.at(spec, "add: "), client.at(spec, "add: 𝒜first"))
        client.send(spec, lsp.TextDocumentContentChangePartial(there, "𝒜second"))
        assert [found.code for found in await client.diagnostics(spec, "change")] == ["unknown-input"]
        client.language.text_document_did_close(lsp.DidCloseTextDocumentParams(part))
        client.language.text_document_did_close(lsp.DidCloseTextDocumentParams(document))
        assert await client.open(spec, "web: 1\n") == []
    return client


def test_an_editor_session(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    client = asyncio.run(every_feature(tmp_path))
    with capsys.disabled():
        for what, seconds in client.seconds.items():
            print(f"\n{what}: {len(seconds)}, at most {max(seconds) * 1000:.0f} ms", end="")
    assert max(client.seconds["change"]) < 5

"""The server bears what goes wrong: in a feature, in a document, on the way out."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest

from cnnspec.editor.features import _covers
from cnnspec.editor.server import Server
from cnnspec.editor.serving import _guarded, make


def fails(ls: Server, params: Any) -> list[int]:
    raise ZeroDivisionError(params)


async def fails_later(ls: Server, params: Any) -> list[int]:
    raise ZeroDivisionError(params)


def test_a_feature_that_fails_answers_nothing_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    ls = make()
    assert _guarded(fails, [])(ls, "this one") == []
    assert asyncio.run(_guarded(fails_later, None)(ls, "that one")) is None
    out, err = capsys.readouterr()
    assert out == ""
    assert "this one" in err
    assert "that one" in err


@pytest.mark.parametrize(
    ("wanted", "kind", "covered"),
    [
        ("", "quickfix", True),
        ("source", "source.fixAll.cnnspec", True),
        ("source.fixAll", "source.fixAll.cnnspec", True),
        ("source.fixAll.cnnspec", "source.fixAll.cnnspec", True),
        ("source.organizeImports", "source.fixAll.cnnspec", False),
        ("quick", "quickfix", False),
    ],
)
def test_kinds_of_actions_stand_for_those_below(wanted: str, kind: str, covered: bool) -> None:
    assert _covers(wanted, kind) is covered


def test_files_and_documents_lead_to_each_other() -> None:
    ls = Server()
    assert ls.file("file:///a%20b/net.yaml") == "/a b/net.yaml"
    assert ls.uri("/a b/net.yaml") == "file:///a%20b/net.yaml"
    assert ls.file("untitled:Untitled-1") == "untitled:Untitled-1"
    assert ls.uri("untitled:Untitled-1") == "untitled:Untitled-1"
    assert ls.uri("cnnspec/blocks/conv_bn.yaml").endswith("/cnnspec/blocks/conv_bn.yaml")


def test_it_ends_with_its_client_and_prints_nothing_of_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cnnspec", "lsp", "--stdio"], input=b"", capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, b"")

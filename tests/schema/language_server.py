"""A conversation with yaml-language-server over LSP, and its record.

`python -m tests.schema.language_server` holds it anew and writes `yaml_language_server.txt` beside this file. The server
is looked for in $YAML_LANGUAGE_SERVER and on PATH (`npm install -g yaml-language-server`).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path
from queue import Queue
from typing import Any

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "docs" / "cnnspec.schema.json"
RECORD = Path(__file__).with_name("yaml_language_server.txt")
_SECONDS = 60.0

CURSOR = "‸"
"""Where the cursor stands in a spec below."""

COMPLETIONS = {
    "the keys of a spec": "input: [28, 28, 1]\nla‸\n",
    "an entry of `layers`": "input: [28, 28, 1]\nlayers:\n  - con‸\n",
    "the arguments of a layer": "input: [28, 28, 1]\nlayers:\n  - conv2d:\n      filters: 32\n      ‸\n",
    "the values of an argument": "input: [28, 28, 1]\nlayers:\n  - conv2d:\n      filters: 32\n      kernel_size: 3\n      padding: ‸\n",
    "the activations": "input: [28, 28, 1]\nlayers:\n  - dense: {units: 10, activation: ‸}\n",
    "the layers of a block": "input: [8, 8, 1]\nblocks:\n  unit:\n    layers:\n      - max‸\nlayers:\n  - unit\n",
    "the keys of a residual": "input: [8, 8, 1]\nlayers:\n  - residual:\n      ‸\n",
    "the keys of `training`": "input: [8, 8, 1]\nlayers:\n  - flatten\ntraining:\n  ‸\n",
    "the optimizers": "input: [8, 8, 1]\nlayers:\n  - flatten\ntraining:\n  optimizer: ‸\n",
    "the arguments of an optimizer": "input: [8, 8, 1]\nlayers:\n  - flatten\ntraining:\n  optimizer:\n    adam:\n      ‸\n",
    "the data sources": "input: [8, 8, 1]\nlayers:\n  - flatten\ndata:\n  source: ‸\n",
}
HOVERS = {
    "a layer": "input: [28, 28, 1]\nlayers:\n  - con‸v2d: {filters: 32, kernel_size: 3}\n",
    "a layer without arguments": "input: [28, 28, 1]\nlayers:\n  - fla‸tten\n",
    "an argument": "input: [28, 28, 1]\nlayers:\n  - conv2d: {filters: 32, kernel_size: 3, stri‸des: 2}\n",
    "a value that is an entry": "input: [28, 28, 1]\nlayers:\n  - dense: {units: 10, kernel_initializer: he_n‸ormal}\n",
    "a word of the language": "input: [8, 8, 1]\nlayers:\n  - resi‸dual: {layers: [relu]}\n",
    "a key of the spec": "inp‸ut: [8, 8, 1]\nlayers:\n  - flatten\n",
    "an optimizer": "input: [8, 8, 1]\nlayers:\n  - flatten\ntraining: {optimizer: {ad‸am: 0.001}}\n",
}
CHECKS = {
    "a right spec": "input: [28, 28, 1]\nparameters: {n: 8}\nlayers:\n  - conv2d: {filters: $n, kernel_size: 3}\n  - flatten\n  - dense: $(2 * n)\n",
    "a layer that there is not": "input: [28, 28, 1]\nlayers:\n  - con2d: {filters: 8, kernel_size: 3}\n",
    "an argument that there is not": "input: [28, 28, 1]\nlayers:\n  - conv2d: {filters: 8, kernel_size: 3, stride: 2}\n",
    "an argument that is missing": "input: [28, 28, 1]\nlayers:\n  - conv2d: {filters: 8}\n",
    "a text for a number": 'input: [28, 28, 1]\nlayers:\n  - conv2d: {filters: "8", kernel_size: 3}\n',
    "a value out of range": "input: [28, 28, 1]\nlayers:\n  - dropout: 1.5\n",
    "a call of an own block": "input: [8, 8, 1]\nblocks: {unit: {layers: [relu]}}\nlayers:\n  - unit\n",
}


def server() -> list[str] | None:
    """The command of the server, where it is installed."""
    named = os.environ.get("YAML_LANGUAGE_SERVER") or shutil.which("yaml-language-server")
    return [named, "--stdio"] if named else None


class Session:
    """A started server, with the schema set for every file; without one, a spec names its own."""

    def __init__(self, command: list[str], schema: Path | None = SCHEMA) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.answers: dict[int, Queue[Any]] = {}
        self.diagnostics: Queue[Any] = Queue()
        self.sent = 0
        self.settings = {
            "yaml": {
                "schemas": {schema.as_uri(): "*.yaml"} if schema else {},
                "completion": True,
                "hover": True,
                "validate": True,
                "schemaStore": {"enable": False},
            },
            "http": {},
        }
        threading.Thread(target=self._listen, daemon=True).start()
        markup = {"contentFormat": ["markdown"], "documentationFormat": ["markdown"]}
        item = {"completionItem": {**markup, "snippetSupport": True}}
        self.request(
            "initialize",
            {
                "processId": None,
                "rootUri": None,
                "capabilities": {
                    "textDocument": {"hover": markup, "completion": item},
                    "workspace": {"configuration": True},
                },
            },
        )
        self.notify("initialized", {})
        self.notify("workspace/didChangeConfiguration", {"settings": self.settings})
        self.check("name: waits until the schema is read\n")

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.request("shutdown", None)
        self.notify("exit", None)
        self.process.wait(_SECONDS)
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                stream.close()

    def request(self, method: str, params: Any) -> Any:
        """Ask, and wait for the answer."""
        self.sent += 1
        answer = self.answers[self.sent] = Queue()
        self._send({"id": self.sent, "method": method, "params": params})
        return answer.get(timeout=_SECONDS)

    def notify(self, method: str, params: Any) -> None:
        """Tell, without an answer."""
        self._send({"method": method, "params": params})

    def open(self, text: str, path: Path | None = None) -> tuple[str, dict[str, int]]:
        """Open a spec, as the file at `path`; its address, and the place of its cursor."""
        before = text.partition(CURSOR)[0]
        uri = path.as_uri() if path else f"file:///spec{self.sent}.yaml"
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text.replace(CURSOR, "")}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return uri, {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}

    def ask(self, method: str, text: str, path: Path | None = None) -> Any:
        """Completion or hover at the cursor of a spec."""
        uri, position = self.open(text, path)
        return self.request(f"textDocument/{method}", {"textDocument": {"uri": uri}, "position": position})

    def check(self, text: str) -> list[str]:
        """The messages on a spec."""
        uri, _ = self.open(text)
        self.request("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
        while True:
            found = self.diagnostics.get(timeout=_SECONDS)
            if found["uri"] == uri:
                return [f"{item['range']['start']['line'] + 1}: {item['message']}" for item in found["diagnostics"]]

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        self.process.stdin.flush()

    def _listen(self) -> None:
        stream = self.process.stdout
        assert stream
        while header := stream.readline():
            size = int(header.split(b":")[1])
            while stream.readline().strip():
                pass
            message = json.loads(stream.read(size))
            if "method" not in message:
                self.answers[message["id"]].put(message.get("result"))
            elif message["method"] == "textDocument/publishDiagnostics":
                self.diagnostics.put(message["params"])
            elif message["method"] == "workspace/configuration":
                wanted = [self.settings.get(item["section"], {}) for item in message["params"]["items"]]
                self._send({"id": message["id"], "result": wanted})
            elif "id" in message:
                self._send({"id": message["id"], "result": None})


def offered(session: Session, text: str) -> list[str]:
    """The completions that an editor shows, which are those that start with what is typed: label and inserted text."""
    typed = re.search(r"\w*$", text.partition(CURSOR)[0])[0]  # type: ignore[index]
    items = sorted(session.ask("completion", text)["items"], key=lambda item: item["label"])
    starting = [item for item in items if item["label"].startswith(typed)]
    return [f"{item['label']}  ⇒  {item.get('insertText', '')!r}" for item in starting] or ["nothing"]


def version(command: list[str]) -> str:
    """The version of the server's package."""
    package = Path(command[0]).resolve().parents[1] / "package.json"
    return str(json.loads(package.read_text(encoding="utf-8"))["version"])


def record(session: Session, version: str) -> str:
    """The whole conversation, as text."""
    parts = [
        f"What yaml-language-server {version} answers, with docs/cnnspec.schema.json for its schema. ‸ is the cursor;\n"
        "of a completion, the inserted text stands behind the ⇒."
    ]
    for title, text in COMPLETIONS.items():
        parts.append(_part("completion", title, text, offered(session, text)))
    for title, text in HOVERS.items():
        found = session.ask("hover", text)
        parts.append(_part("hover", title, text, (found["contents"]["value"] if found else "nothing").splitlines()))
    for title, text in CHECKS.items():
        parts.append(_part("diagnostics", title, text, session.check(text) or ["none"]))
    return "\n\n".join(parts).replace(SCHEMA.as_uri(), "…/cnnspec.schema.json") + "\n"


def _part(method: str, title: str, text: str, answer: list[str]) -> str:
    shown = [f"    {line}" for line in text.rstrip("\n").split("\n")]
    answered = [f"  {line}".rstrip() for line in answer]
    return "\n".join([f"## {method}: {title}", "", *shown, "", *answered])


if __name__ == "__main__":
    command = server()
    assert command, "yaml-language-server is neither on PATH nor in $YAML_LANGUAGE_SERVER"
    with Session(command) as started:
        RECORD.write_text(record(started, version(command)), encoding="utf-8")

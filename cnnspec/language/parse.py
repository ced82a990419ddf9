"""Nodes → spec: the document's keys, its blocks and its lists of layers, each mistake reported where it stands."""

from __future__ import annotations

from typing import Any

from cnnspec.language.diagnostics import Diagnostic, Diagnostics
from cnnspec.language.document import NETWORK_FORMS, Document, Network, SeveralInputs, TwoNetworks
from cnnspec.language.entries import Invalid, Path, Vocabulary, shown
from cnnspec.language.expressions import is_expression
from cnnspec.language.files import Files
from cnnspec.language.imports import library_of
from cnnspec.language.items import ItemParser
from cnnspec.language.nodes import MappingNode, Node, ScalarNode, SequenceNode, as_written, head, locate, plain
from cnnspec.language.parameters import parameters_of
from cnnspec.language.problems import diagnose
from cnnspec.language.scope import Environment, Failed, Scope
from cnnspec.language.slips.keys import slipped, unwrapped
from cnnspec.language.syntax import Input, Items, Spec
from cnnspec.language.tasks import has_two_networks, without_strays

_COMPUTED = ("cnnspec", "name", "input", "inputs", "outputs")


def parse(
    root: Node, vocabulary: Vocabulary, diagnostics: Diagnostics, default_name: str, files: Files | None = None
) -> Spec | None:
    """The spec in a document; `vocabulary` holds the layers, `files` opens what it imports.

    None where it is no mapping of a spec's keys.
    """
    if not isinstance(root, MappingNode):
        help = "start with `input: [28, 28, 1]` and `layers:`"
        diagnostics.add(
            Diagnostic("spec-form", f"a spec is a mapping, not {shown(plain(root))}", head(root), help=help)
        )
        return None
    two = has_two_networks(root)
    root = root if two else unwrapped(root, Document.model_fields, diagnostics)
    root = without_strays(root, diagnostics)
    root = slipped(root, ("data", "training", "parameters", "blocks"), Document.model_fields, diagnostics)
    scope = parameters_of(root, diagnostics)
    document, known = _document(root, TwoNetworks if two else Document, scope, diagnostics)
    library = library_of(root, scope, vocabulary, files or Files(diagnostics), diagnostics)
    layers = root.get("layers")
    parser = ItemParser(vocabulary, library, diagnostics, scope.bindings)
    place = root.key("layers")
    return Spec(
        name=document.name if isinstance(document, Document) and document.name else default_name,
        inputs={} if two else _inputs(root, known),
        outputs=_outputs(root, document),
        scope=scope,
        layers=_layers(layers, parser),
        layers_span=place.span if place else head(root),
        document=root,
        data=_section(root, "data"),
        training=_section(root, "training"),
        task="gan" if two else None,
        networks={name: _network(name, node, scope, parser, diagnostics) for name in NETWORK_FORMS
                  if two and (node := _section(root, name)) is not None},
    )  # fmt: skip


def _network(name: str, node: MappingNode, scope: Scope, parser: ItemParser, diagnostics: Diagnostics) -> Spec:
    """One network of several, which see the same parameters and blocks."""
    _, known = _document(node, NETWORK_FORMS[name], scope, diagnostics)
    place = node.key("layers")
    layers = _layers(node.get("layers"), parser)
    span = place.span if place else head(node)
    return Spec(name, _inputs(node, known), None, scope, layers, span, node, None, None)


def _layers(node: Node | None, parser: ItemParser) -> Items:
    """The entries of a list of layers; none where it does not read."""
    listed = isinstance(node, SequenceNode) or (isinstance(node, ScalarNode) and is_expression(node.value))
    return parser.items(node) if node is not None and listed else ()


def _inputs(root: MappingNode, known: dict[str, Any]) -> dict[str, Input]:
    """Every input with its shape; None where it does not read."""
    several = known.get("inputs")
    if several is not None:
        return {
            name: Input(shape if isinstance(shape, tuple) and shape else None, locate(root, ("inputs", name)))
            for name, shape in several.items()
        }
    if root.get("input") is None and root.get("inputs") is not None:
        return {}
    span = locate(root, ("input",)) if root.key("input") else head(root)
    return {"input": Input(known.get("input"), span)}


def _outputs(root: MappingNode, document: Network | None) -> dict[str, ScalarNode] | None:
    """The names of the entries that the model's outputs are; None where the last entry is."""
    node = root.get("outputs")
    if node is None or not isinstance(document, Document) or document.outputs is None:
        return None
    spans = {name: locate(root, ("outputs", name if isinstance(node, MappingNode) else at))
             for at, name in enumerate(document.outputs)}  # fmt: skip
    return {name: ScalarNode(entry, entry, spans[name]) for name, entry in document.outputs.items()}


def _section(root: MappingNode, name: str) -> MappingNode | None:
    node = root.get(name)
    return node if isinstance(node, MappingNode) else None


def _document(
    root: MappingNode, cls: type[Network], scope: Scope, diagnostics: Diagnostics
) -> tuple[Network | None, dict[str, Any]]:
    """The checked keys, or None; and what `input` or `inputs` say, so far as they read."""
    values: dict[str, Any] = {key.text: value for key, value in root.pairs}
    environment = Environment(scope, diagnostics)
    failed = set()
    for key in _COMPUTED:
        node = root.get(key)
        if node is not None:
            try:
                values[key] = environment.evaluate(as_written(node) if key == "outputs" else node)
            except Failed:
                failed.add(key)
                del values[key]
    try:
        several = cls is Document and "inputs" in {*values, *failed}
        document = (SeveralInputs if several else cls).read(values)
        return document, {"input": document.input, "inputs": getattr(document, "inputs", None)}
    except Invalid as invalid:
        for problem in invalid.problems:
            if not set(problem.about.split(", ")) & failed:
                diagnostics.add(diagnose(problem, root, scope=scope))
        bad = [problem.path for problem in invalid.problems]
        known = {key: _so_far(values.get(key), (key,), bad) for key in ("input", "inputs")}
        if isinstance(known["input"], dict):
            sizes = set(known["input"]) <= {"height", "width", "channels", "depth"}
            known = {"input": None, "inputs": known["inputs"]} if sizes else known
        if isinstance(known["input"], dict):
            known = {"input": None, "inputs": known["inputs"] or known["input"]}
        return None, known


def _so_far(value: Any, path: Path, bad: list[Path]) -> Any:
    """The sizes of an input, or of each input by name; None for those that do not read."""
    if isinstance(value, dict) and value:
        return {name: None if path in bad else _so_far(sizes, (*path, name), bad) for name, sizes in value.items()}
    if path == ("inputs",) and isinstance(value, tuple) and all(isinstance(name, str) for name in value):
        return dict.fromkeys(value)
    sound = isinstance(value, tuple) and value and not any(problem[: len(path)] == path for problem in bad)
    return value if sound else None

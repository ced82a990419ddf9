"""`parameters:` → a scope: the names of a document's parameters, and what they stand for."""

from __future__ import annotations

import re

from cnnspec.language.diagnostics import Diagnostic, Diagnostics
from cnnspec.language.document import misspelt, unread
from cnnspec.language.nodes import MappingNode, ScalarNode
from cnnspec.language.scope import Binding, Environment, Scope, warn_of_hiding

IDENTIFIER = re.compile(r"[A-Za-z_]\w*")


def parameters_of(root: MappingNode, diagnostics: Diagnostics, *, complete: bool = True) -> Scope:
    """The scope of a document's parameters. `complete`: each must have a value."""
    node = root.get("parameters")
    scope = Scope(incomplete=bool(misspelt(root, "parameters")))
    if not isinstance(node, MappingNode):
        scope.incomplete |= unread(node)
        return scope
    environment = Environment(scope, diagnostics)
    for key, value in node.pairs:
        if check_parameter_name(key, diagnostics):
            missing = isinstance(value, ScalarNode) and value.value is None
            scope.bindings[key.text] = Binding(value, environment, missing=missing, failed=missing and complete)
        else:
            scope.refused.add(key.text)
            scope.incomplete = True
    for key, _ in node.pairs:
        if complete and key.text in scope.bindings and scope.bindings[key.text].missing:
            diagnostics.add(
                Diagnostic(
                    "missing-parameter",
                    f"the parameter `{key.text}` has no value",
                    key.span,
                    help=f"give it one here, or with `--set parameters.{key.text}=…`",
                )
            )
    return scope


def check_parameter_name(key: ScalarNode, diagnostics: Diagnostics) -> bool:
    """Refuse a parameter that expressions could not name; warn of one that hides a size."""
    if not IDENTIFIER.fullmatch(key.text) or key.text in ("true", "false", "null", "name", "inputs"):
        words = "letters, digits and `_`, not starting with a digit; not `name`, `inputs`, `true`, `false` or `null`"
        bare = re.sub(r"\W+", "_", key.text).strip("_")
        help = f"write `{bare}`: {words}" if bare != key.text and IDENTIFIER.fullmatch(bare) else words
        diagnostics.add(
            Diagnostic("parameter-name", f"`{key.text}` cannot be the name of a parameter", key.span, help=help)
        )
        return False
    warn_of_hiding(key, diagnostics)
    return True

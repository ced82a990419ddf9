"""Plain values → YAML text that reads back as the same values."""

from __future__ import annotations

from typing import Any

import yaml

from cnnspec.language.scalars import is_text


class _Dumper(yaml.SafeDumper):
    """Quotes what YAML 1.2 would take for another kind of value; writes inner collections on one line."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    style = '"' if not is_text(value) else "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style)


def _number(dumper: _Dumper, value: float) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:float", repr(value))


_Dumper.add_representer(str, _text)
_Dumper.add_representer(float, _number)


def write(value: Any) -> str:
    """The YAML text of plain data: mappings, lists and atoms."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120)

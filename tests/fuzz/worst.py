"""The worst inputs that are known: what would take for ever, or all the memory, if nothing bounded it."""

from __future__ import annotations

from collections.abc import Callable

_INPUT = "input: [8, 8, 3]\n"


def _chain(count: int, body: str, last: str) -> str:
    """Blocks that call each next one as `body` says."""
    blocks = "".join(f"  b{at}: {body.replace('next', f'b{at + 1}')}\n" for at in range(count))
    return f"blocks:\n{blocks}  b{count}: {last}\n"


def _lists(count: int, value: str) -> str:
    parameters = "".join(f"  p{at + 1}: {value.replace('p', f'p{at}')}\n" for at in range(count))
    return f"parameters:\n  p0: [1, 2]\n{parameters}"


def _each(count: int, line: Callable[[int], str]) -> str:
    return "".join(f"  - {line(at)}\n" for at in range(count))


def _flow(count: int, item: Callable[[int], str]) -> str:
    return ", ".join(map(item, range(count)))


HUGE: dict[str, Callable[[], str]] = {
    "blocks that call twice": lambda: _chain(30, "{layers: [next, next]}", "{layers: [relu]}") + "layers: [b0]",
    "blocks that call twice, for nothing": lambda: (
        _chain(30, "{layers: [next, next]}", "{layers: []}") + "layers: [b0]"
    ),
    "lists of layers that double": lambda: (
        _chain(30, "{parameters: {x: null}, layers: [{next: {x: [$x, $x]}}]}", "{parameters: {x: null}, layers: $x}")
        + "layers: [{b0: [relu]}]"
    ),
    "a long chain of blocks": lambda: _chain(5000, "{layers: [next]}", "{layers: [relu]}") + "layers: [b0]",
    "a long cycle of blocks": lambda: _chain(3000, "{layers: [next]}", "{layers: [b0]}") + "layers: [b0]",
    "names that are missing in every round": lambda: (
        f"layers:\n{_each(300, lambda at: f'relu: {{name: n{at}}}')}"
        "  - repeat: {times: 9900, layers: [{share: zz}, {share: zz}]}"
    ),
    "rounds without end": lambda: "layers: [{repeat: {times: 1000000000, layers: [relu]}}]",
    "rounds without end, of nothing": lambda: "layers: [{repeat: {times: 9999999999, layers: []}}]",
    "rounds of rounds": lambda: "layers: [{repeat: {times: 999999, layers: [{repeat: {times: 999999, layers: []}}]}}]",
    "rounds with a mistake": lambda: "layers: [{repeat: {times: 9999999, layers: [{add: [a, b]}]}}]",
    "rounds of shrinking": lambda: (
        "layers: [{repeat: {times: 99999, layers: [{conv2d_transpose: {filters: 1, kernel_size: 3, strides: 3}}, "
        "{max_pooling2d: 2}, {max_pooling2d: {pool_size: 2, padding: same}}]}}]"
    ),
    "rounds of blocks": lambda: (
        "blocks:\n  b: {parameters: {f: 3}, layers: [{conv2d: {filters: $f, kernel_size: 3, padding: same}}]}\n"
        "layers: [{repeat: {times: 99999, layers: [{b: {f: $(channels + 1 - 1)}}]}}]"
    ),
    "rounds of residuals": lambda: (
        "layers: [{repeat: {times: 99999, layers: [{residual: {shortcut: projection, layers: "
        "[{conv2d: {filters: 4, kernel_size: 3, padding: same}}]}}]}}]"
    ),
    "wide merges": lambda: (
        f"layers: [{{relu: {{name: a}}}}, {{repeat: {{times: 9999, layers: [{{add: [{_flow(1000, lambda at: 'a')}]}}]}}}}]"
    ),
    "lists that double": lambda: _lists(60, "$(p + p)") + "layers: [{repeat: {over: $p60, as: x, layers: [relu]}}]",
    "lists in lists": lambda: _lists(60, "[$p, $p]") + "layers: [{when: {condition: $(p60 == p60), layers: [relu]}}]",
    "mappings in mappings": lambda: _lists(60, "{a: $p, b: $p}") + "layers: [{dense: $p60}]",
    "a list of layers in itself": lambda: "parameters: {x: [$x, $x]}\nlayers: $x",
    "a long chain of parameters": lambda: (
        "parameters:\n  p0: 1\n"
        + "".join(f"  p{at + 1}: $(p{at} + 1)\n" for at in range(5000))
        + "layers: [{dense: $p5000}]"
    ),
    "aliases of aliases": lambda: (
        "layers:\n" + "".join(f"  - &a{at} [{', '.join([f'*a{at - 1}' if at else 'relu'] * 10)}]\n" for at in range(10))
    ),
    "thousands of mistakes": lambda: "layers:\n" + _each(9000, lambda at: f"relux{at}"),
    "thousands of mistakes in a line": lambda: f"layers: [{_flow(49_000, lambda at: f'x{at}')}]",
    "thousands of long names": lambda: "layers:\n" + _each(8000, lambda at: f"{'max_poooling' * 8}{at}"),
    "thousands of unknown keys": lambda: f"{{{_flow(45_000, lambda at: f'k{at}: 1')}}}",
    "thousands of unknown arguments": lambda: f"layers: [{{dense: {{{_flow(40_000, lambda at: f'k{at}: 1')}}}}}]",
    "thousands of double keys": lambda: "a: 1\n" * 49_000,
    "thousands of unknown inputs": lambda: (
        "layers:\n" + _each(9999, lambda at: f"relu: {{name: abcde{at}, inputs: abcd{at}}}")
    ),
    "thousands of unknown parameters": lambda: (
        f"parameters: {{{_flow(10_000, lambda at: f'parm{at}: 1')}}}\nlayers:\n"
        + _each(3000, lambda at: f"dense: $prm{at}")
    ),
    "thousands of unknown outputs": lambda: (
        f"layers: [{{relu: {{name: a}}}}]\noutputs: {{{_flow(20_000, lambda at: f'o{at}: b{at}')}}}"
    ),
    "merges that do not fit": lambda: (
        "layers:\n  - relu: {name: a}\n  - conv2d: {filters: 2, kernel_size: 3, name: b}\n" + "  - add: [a, b]\n" * 9000
    ),
    "unknown augmentations": lambda: (
        f"data: {{source: mnist, augmentation: [{_flow(20_000, lambda at: 'rndom_flip')}]}}\nlayers: [flatten]"
    ),
    "a dear expression": lambda: (
        "parameters: {a: $(range(9999))}\nlayers:\n" + _each(300, lambda at: f"dense: $({at} + sum([x for x in a]))")
    ),
    "expressions of minus signs": lambda: "layers:\n" + _each(900, lambda at: f"dense: $({'-' * 900}{at})"),
    "expressions of brackets": lambda: "layers:\n" + _each(900, lambda at: f"dense: $({'(' * 90}{at}{')' * 90})"),
    "freezing by thousands of names": lambda: (
        f"training: {{freeze: [{_flow(20_000, lambda at: 'dnse')}]}}\nlayers: [flatten, {{repeat: {{times: 3000, layers: [{{dense: 2}}]}}}}]"
    ),
}
"""Specs below an input: each has a mistake."""

YAML: dict[str, Callable[[], bytes]] = {
    "brackets": lambda: b"[" * 25_000,
    "a line of commas that is no YAML": lambda: b"layers:\n  - conv2d: {filters: " + b"," * 500_000 + b"x",
    "a line of one word that is no YAML": lambda: b"layers:\n  - conv2d: {filters: " + b"x" * 500_000 + b"! {",
    "a name without end": lambda: b"layers:\n  - conv2d: {filters: $" + b"strides" * 1_400 + b"}",
    "a line with a byte that is no text, of returns": lambda: (b"a: [" + b"x, " * 100 + b"]\r") * 99 + b"\xaf",
    "a mebibyte of brackets": lambda: b"[" * (1 << 20),
    "braces": lambda: b"{a: " * 25_000,
    "dashes": lambda: b"- " * 25_000,
    "question marks": lambda: b"? " * 25_000,
    "a billion laughs": lambda: b"".join(b"a%d: &a%d [%s]\n" % (at, at, b", ".join([b"*a%d" % (at - 1) if at else b"x"] * 9)) for at in range(10)),
    "a merge bomb": lambda: b"".join(b"a%d: &a%d {<<: [%s]}\n" % (at, at, b", ".join([b"*a%d" % (at - 1) if at else b"{}"] * 9)) for at in range(10)),
    "an anchor in itself": lambda: b"layers: &a [*a]",
    "a mebibyte of one word": lambda: b"a" * (1 << 20),
    "a mebibyte of one line": lambda: b"input: [8, 8, 3]\nlayers: [" + b"relu, " * 160_000 + b"]",
    "a mebibyte of many lines": lambda: b"layers:\n" + b"- relu\n" * 149_000,
    "a mebibyte of blanks": lambda: b" " * (1 << 20),
    "a mebibyte of tabs": lambda: b"\t" * (1 << 20),
    "a mebibyte of line feeds": lambda: b"\n" * (1 << 20),
    "a mebibyte of comments": lambda: b"# aaaaaaaaaaaaa\n" * 65_000,
    "a mebibyte of one comment": lambda: b"#" * (1 << 20),
    "a mebibyte of escapes": lambda: b'layers: "' + b"\\x41" * 260_000 + b'"',
    "a mebibyte of snakes": lambda: "🐍: ".encode() * 170_000,
    "a mebibyte of accents": lambda: b"layers: [" + "e\u0301, ".encode() * 200_000 + b"]",
    "a mebibyte that is never closed": lambda: b"input: [8, 8, 3]\nlayers: [" + b"relu,\n" * 170_000,
    "a mebibyte with a slip at its end": lambda: b"layers:\n" + b"- relu\n" * 40_000 + b"- conv2d: {filters: 3\n- relu\n",
    "more than a mebibyte": lambda: b"a" * (5 << 20),
    "carriage returns": lambda: b"input: [8, 8, 3]\rlayers:\r" + b"- relu\r" * 100_000,
    "next lines": lambda: b"input: [8, 8, 3]\nlayers:\n" + "- relu\u2028".encode() * 90_000,
    "one long key": lambda: b"? " + b"a" * 9_000 + b"\n: 1\n",
    "null bytes": lambda: b"input: [8, 8, 3]\nlayers: [\x00]" + b"\x00" * 100_000,
    "controls": lambda: b"layers:\n" + b"\x01" * 100_000,
    "byte-order marks": lambda: b"\xef\xbb\xbf" * 100_000,
    "a byte-order mark in the middle": lambda: b"input: [8, 8, 3]\n\xef\xbb\xbflayers: [relu]",
    "UTF-16": lambda: "input: [8, 8, 3]\nlayers: [relu]\n".encode("utf-16"),
    "UTF-32": lambda: "input: [8, 8, 3]\nlayers: [relu]\n".encode("utf-32"),
    "surrogates": lambda: b"input: [8, 8, 3]\nlayers: [\xed\xa0\x80]",
    "many documents": lambda: b"---\n" * 200_000,
    "directives": lambda: b"%YAML 1.1\n" * 100_000,
    "tags": lambda: b"!!python/object/apply:os.system [ls]",
    "numbers": lambda: b"input: [" + b"9" * 10_000 + b", 1e999999999, 0x" + b"f" * 10_000 + b"]",
    "nothing": lambda: b"",
}  # fmt: skip
"""Texts that are no specs: each is refused."""

LARGE: dict[str, Callable[[], str]] = {
    "ten thousand layers": lambda: "layers: [{repeat: {times: 9999, layers: [relu]}}]",
    "ten thousand convolutions": lambda: (
        "layers: [{repeat: {times: 9999, layers: [{conv2d: {filters: 4, kernel_size: 3, padding: same}}]}}]"
    ),
    "ten thousand that follow": lambda: (
        "layers: [{repeat: {times: 9999, layers: [{conv2d: {filters: $channels, kernel_size: 3, padding: same}}]}}]"
    ),
    "ten thousand names": lambda: "layers:\n" + _each(9999, lambda at: f"elu: {{name: a{at}}}"),
    "five thousand residuals": lambda: (
        "layers: [{repeat: {times: 4900, layers: [{residual: [{conv2d: {filters: 3, kernel_size: 3, padding: same}}]}]}}]"
    ),
    "growing merges": lambda: "layers: [{relu: {name: a}}, {repeat: {times: 9998, layers: [{concatenate: a}]}}]",
    "many branches": lambda: f"layers: [{{branches: [{_flow(9000, lambda at: '[elu]')}]}}]",
    "ignore comments": lambda: "layers:\n- relu\n" + "# cnnspec: ignore[x]\n" * 45_000,
    "long names": lambda: (
        f"layers: [{{repeat: {{times: 5000, name: {'a' * 900}, layers: [{{elu: {{name: {'b' * 900}}}}}]}}}}]"
    ),
}
"""Large specs that hold."""


def everything() -> dict[str, Callable[[], bytes]]:
    """Every one of them as bytes."""
    texts = {**HUGE, **LARGE}
    return {**YAML, **{name: lambda text=text: (_INPUT + text()).encode() for name, text in texts.items()}}

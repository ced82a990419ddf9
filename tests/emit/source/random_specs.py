"""Random specs of blocks, loops, names and shares in which every tensor fits: all maps are of one size."""

from __future__ import annotations

import json
import random
from typing import Any


def random_spec(seed: int) -> str:
    """A spec as text (JSON is YAML)."""
    return json.dumps(_Maker(random.Random(seed)).spec(), indent=1)


class _Maker:
    def __init__(self, generator: random.Random) -> None:
        self.random = generator
        self.blocks: dict[str, dict[str, Any]] = {}
        self.count = 0

    def spec(self) -> dict[str, Any]:
        for name in ("inner", "outer", "two", "from"):
            if self.random.random() < 0.8:
                self.blocks[name] = self.block(name)
        names: list[str] = []
        layers = self.entries(names, [], depth=0, least=4)
        if self.random.random() < 0.6:
            layers += self.shared(names)
        blocks = {name: {key: block[key] for key in block if key != "names"} for name, block in self.blocks.items()}
        spec: dict[str, Any] = {"input": [6, 6, 3], "blocks": blocks, "layers": layers}
        if len(names) > 1 and self.random.random() < 0.4:
            spec["outputs"] = {"one": names[-1], "class": self.random.choice(names)}
        return spec

    def block(self, name: str) -> dict[str, Any]:
        parameters = {"f": None, "k": 3, "flag": False}
        names: list[str] = []
        block: dict[str, Any] = {"parameters": parameters}
        if name == "two":
            block["inputs"] = ["x", "class"]
            names += ["x", "class"]
        block["layers"] = self.entries(names, ["f"], depth=1, least=2, flags=["flag"], sizes=["k"])
        block["names"] = names
        return block

    def entries(
        self, names: list[str], numbers: list[str], depth: int, least: int, flags: list[str] | None = None,
        sizes: list[str] | None = None,
    ) -> list[Any]:  # fmt: skip
        made = []
        for _ in range(self.random.randint(least, least + 3)):
            made.append(self.entry(names, numbers, depth, flags or [], sizes or []))
        return made

    def number(self, numbers: list[str]) -> Any:
        if numbers and self.random.random() < 0.7:
            name = self.random.choice(numbers)
            return self.random.choice(
                [f"${name}", f"$(2 * {name})", f"$({name} + 1)", f"$({name} if {name} > 2 else 3)"]
            )
        return self.random.choice([2, 3, 4, "$channels", "$(min(channels, 6))"])

    def entry(self, names: list[str], numbers: list[str], depth: int, flags: list[str], sizes: list[str]) -> Any:
        kinds = ["conv", "conv", "plain", "merge", "name", "activation"]
        if depth < 3:
            kinds += ["residual", "branches", "repeat", "over", "when", "call", "call"]
        kind = self.random.choice(kinds)
        inner = lambda: self.entries(list(names), numbers, depth + 1, 1, flags, sizes)  # noqa: E731
        entry: dict[str, Any]
        match kind:
            case "merge" if names:
                return {"concatenate": self.random.choice(names)}
            case "name":
                return {"name": self.new(names)}
            case "activation":
                return self.random.choice(
                    [{"activation": {"activation": {"leaky_relu": 0.1}}}, "relu", {"relu": {"max_value": 6}}]
                )
            case "plain" | "merge":
                return self.random.choice(["batch_normalization", {"dropout": 0.2}, {"dense": self.number(numbers)}])
            case "residual":
                filters = self.random.choice([4, *(f"${name}" for name in numbers)])
                fit = {"conv2d": {"filters": filters, "kernel_size": 1}}
                entry = {"layers": [*inner(), fit], "shortcut": [fit]}
                if self.random.random() < 0.7:
                    word = f'$("identity" if channels == {str(filters).strip("$")} else "projection")'
                    entry["shortcut"] = word if self.random.random() < 0.5 else "projection"
                if self.random.random() < 0.7:
                    entry["activation"] = "relu"
            case "branches":
                entry = {
                    "paths": [inner() if self.random.random() < 0.8 else [] for _ in range(self.random.randint(1, 3))]
                }
            case "repeat":
                entry = {"times": self.random.randint(0, 3), "layers": inner()}
            case "over":
                variable = f"n{depth}"
                values = [self.random.choice([2, 3, 4]) for _ in range(self.random.randint(1, 4))]
                layers = self.entries(list(names), [*numbers, variable], depth + 1, 1, flags, sizes)
                kind, entry = "repeat", {"over": values, "as": variable, "layers": layers}
            case "when":
                flag = self.random.choice([*(f"${flag}" for flag in flags), "$(channels > 3)", "$(channels % 2 == 0)"])
                entry = {
                    "condition": flag,
                    "layers": inner(),
                    "otherwise": inner() if self.random.random() < 0.4 else [],
                }
            case "call" if self.blocks:
                kind = self.random.choice(list(self.blocks))
                entry = {"f": self.number(numbers)}
                if self.random.random() < 0.4:
                    entry["flag"] = self.random.choice([True, False, *(f"${flag}" for flag in flags)])
                if self.random.random() < 0.3:
                    entry["k"] = self.random.choice([1, 5, *(f"${size}" for size in sizes)])
                if kind == "two":
                    if not names:
                        return "relu"
                    entry["inputs"] = self.random.choice(names)
            case _:
                size = self.random.choice([1, 3, *(f"${size}" for size in sizes)])
                kind, entry = "conv2d", {"filters": self.number(numbers), "kernel_size": size, "padding": "same"}
                if self.random.random() < 0.3:
                    entry["activation"] = self.random.choice(["relu", {"elu": 0.5}, "linear"])
                if self.random.random() < 0.2 and names:
                    entry["inputs"] = self.random.choice(names)
                if self.random.random() < 0.2:
                    entry["padding"] = f"$({size[1:]} // 2)" if isinstance(size, str) else size // 2
        if self.random.random() < 0.4:
            entry["name"] = self.new(names)
            inside = self.blocks.get(kind, {}).get("names", [])
            names += [f"{entry['name']}.{one}" for one in inside if "." not in one and one not in ("x", "class")]
        return {kind: entry}

    def shared(self, names: list[str]) -> list[Any]:
        fit = {"conv2d": {"filters": 4, "kernel_size": 1}}
        self.count += 1
        tower = f"tower{self.count}"
        layers = [{"conv2d": {"filters": 4, "kernel_size": 3, "padding": "same"}}, "relu"]
        made: dict[str, Any] = {"repeat": {"times": self.random.randint(1, 2), "layers": layers, "name": tower}}
        if self.random.random() < 0.4:
            made = {"residual": {"layers": layers, "name": tower}}
        share: Any = {"share": tower}
        if self.random.random() < 0.4:
            share = {"repeat": {"times": 2, "layers": [share]}}
        return [fit, made, "relu", fit, share, {"concatenate": tower}]

    def new(self, names: list[str]) -> str:
        self.count += 1
        name = self.random.choice(["x", "filters", "class", "a-b", "conv2d", "skip", "print"]) + str(self.count)
        name = name if self.random.random() < 0.7 else f"n{self.count}.m"
        names.append(name)
        return name

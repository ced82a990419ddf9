"""What is drawn, written into a folder: a file for each item."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, count
from pathlib import Path

from cnnspec.data.columns import Array
from cnnspec.judging.entering import alone
from cnnspec.judging.files import Item
from cnnspec.judging.heads import Head
from cnnspec.judging.pictures import image_picture, mask_picture, write, write_array
from cnnspec.judging.runs import RunError
from cnnspec.judging.served import Served


class Writer:
    """Writes masks and images as PNG, other arrays as .npy: each under the name of its file."""

    def __init__(self, folder: Path, served: Served) -> None:
        self._folder, self._served = folder, served
        self._taken: set[Path] = set()

    def write(self, item: Item, arrays: Mapping[str, Array]) -> dict[str, dict[str, str]]:
        """Write what was drawn of an item: the path by output and by what it is. Raises `RunError`."""
        written: dict[str, dict[str, str]] = {}
        for name, head in self._served.heads.items():
            if not head.drawn:
                continue
            what = {"masks": "mask", "images": "image"}.get(head.kind, "array")
            ending = ".png" if _pictured(head) else ".npy"
            path = self._place(item, name if len(self._served.heads) > 1 else "", ending)
            self._draw(head, arrays[name], item, path)
            written[name] = {what: str(path)}
        return written

    def _place(self, item: Item, output: str, ending: str) -> Path:
        """A path of its own for an item, by the name of its file."""
        if Path(item.file).parent.resolve() == self._folder.resolve():
            raise RunError(f"-o names {self._folder}, where {Path(item.file).name} lies", "name another folder")
        named = Path(item.name)
        marks = ([f"{item.index}"] if item.index is not None else []) + ([output.replace("/", "_")] if output else [])
        for stem in chain((named.stem, named.name), (f"{named.name}-{number}" for number in count(2))):
            path = self._folder / named.parent / (".".join([stem, *marks]) + ending)
            if path not in self._taken:
                break
        self._taken.add(path)
        return path

    def _draw(self, head: Head, array: Array, item: Item, path: Path) -> None:
        if not _pictured(head):
            write_array(array, path)
        elif head.kind == "masks":
            entrance = alone(self._served.entrances)
            size = item.size if entrance is not None and entrance.resize == "stretch" else None
            write(mask_picture(array, size), path)
        else:
            write(image_picture(array, self._served.spans[head.output]), path)


def _pictured(head: Head) -> bool:
    """Whether what an output gives is a picture: the masks of volumes and of sequences are arrays."""
    return head.kind == "images" or (head.kind == "masks" and len(head.shape) == 3)

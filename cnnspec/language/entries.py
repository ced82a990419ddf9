"""The one grammar of entries: `name`, `name: value`, or `name: {arguments}`.

Layers, initializers, optimizers, losses, data sources, ... are classes derived from `Entry`, each registered in the
`Vocabulary` of its kind. Reading an entry looks its name up there and lets its class check the arguments;
what is wrong comes back as `Problem`s, with paths that `nodes.locate` turns into places in the text.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import islice
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from cnnspec.language.habits import ABSENT, NO_CALLBACKS, SCHEDULED, WRITTEN
from cnnspec.language.suggest import meant, nearest, same_word
from cnnspec.language.words import plain_name

Path = tuple[str | int, ...]
Reason = Literal["listed", "given", "section", "elsewhere", "otherwise"]
"""What the help for a strange key rests on: all that there are, another that stands there already, or a table."""

_WORD = re.compile(r"([^:=({\s]+)((?:\s*[:=({]|\s+(?=\S)).*)", re.DOTALL)
_NAMED_BY = ("type", "name", "class_name", "class", "kind")
_VALUE = re.compile(r"[\w.+-]+")
_ARGUMENT = re.compile(r"([A-Za-z_]\w*)=([\w.+-]+|\"\w+\"|'\w+')")
_PYTHON = {"True": "true", "False": "false", "None": "null"}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one value: where (`path`, the key itself with `on_key`), what, and what to write."""

    code: str
    message: str
    path: Path = ()
    on_key: bool = False
    help: str | None = None
    replacement: str | None = None
    about: str = ""
    guess: str | None = None
    """The known name that was likely meant."""
    reason: Reason | None = None
    word: str | None = None
    """What stands there, where it may be the name of a parameter."""


class Invalid(Exception):
    """An entry or section that does not read; holds every problem found in it."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems

    def below(self, *path: str | int) -> "Invalid":
        """The same, seen from further up."""
        return Invalid(*(replace(problem, path=(*path, *problem.path)) for problem in self.problems))


class Vocabulary(Mapping[str, "type[Entry]"]):
    """The entries of one kind, by name.

    `contents` says which module holds which names; a module is imported when one of its names is first asked for,
    so that checking a spec loads the classes of the entries that it uses, and no others.
    """

    def __init__(self, kind: str, contents: Mapping[str, str] | None = None) -> None:
        self.kind = kind
        self._classes: dict[str, type[Entry] | str] = {
            name: module for module, names in (contents or {}).items() for name in names.split()
        }

    def __repr__(self) -> str:
        return f"Vocabulary({self.kind!r})"

    def register(self, name: str, cls: "type[Entry]") -> None:
        """Add a class; two classes of one name are a programming error."""
        assert self._classes.get(name, cls.__module__) == cls.__module__, name
        self._classes[name] = cls

    def __getitem__(self, name: str) -> "type[Entry]":
        found = self._classes[name]
        if isinstance(found, str):
            import_module(found)
            found = self._classes[name]
        assert not isinstance(found, str), f"{found} holds no {name}"
        return found

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._classes

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def __len__(self) -> int:
        return len(self._classes)


class Section(BaseModel):
    """A mapping with fixed keys, strictly typed: the base of entries and of the sections of a spec."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True, arbitrary_types_allowed=True
    )
    spoken: ClassVar[str] = ""

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Self:
        """Check `values` (plain data; lists as tuples). Raises `Invalid` with every problem."""
        from cnnspec.language.problems import problems_of

        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise Invalid(*problems_of(error, cls, values)) from None


class Entry(Section):
    """A thing that a spec names, with its arguments as typed, frozen fields (Keras's names and defaults).

    A subclass states `vocabulary` once for its kind, `first` where `name: value` may be written for its first
    argument, and `entry` where the name is not Keras's class name in snake case. A class whose name starts
    with an underscore is a base, not an entry.
    """

    vocabulary: ClassVar[Vocabulary]
    entry: ClassVar[str] = ""
    keras: ClassVar[str] = ""
    first: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__name__.startswith("_") or not hasattr(cls, "vocabulary") or cls.__dict__.get("abstract"):
            return
        cls.entry = cls.__dict__.get("entry") or snake_case(cls.__name__)
        cls.keras = cls.__dict__.get("keras") or cls.__name__
        cls.spoken = cls.entry
        cls.vocabulary.register(cls.entry, cls)

    @classmethod
    def read_value(cls, value: Any) -> Self:
        """Read what stands after the name: nothing (None), a mapping of arguments, or the first argument's value."""
        if value is None:
            return cls.read({})
        if isinstance(value, Mapping):
            return cls.read(value)
        if isinstance(value, tuple) and value and all(isinstance(item, Mapping) for item in value) and cls.model_fields:
            message = f"`{cls.entry}` takes its arguments as one mapping, not as a list"
            raise Invalid(Problem("entry-form", message, help="take out the `-` before each of its arguments"))
        if not cls.first and not any(name != "trainable" for name in cls.model_fields):
            raise Invalid(Problem("entry-form", f"`{cls.entry}` takes no arguments", help=f"write `{cls.entry}`"))
        if not cls.first:
            message = f"`{cls.entry}` takes its arguments by name"
            raise Invalid(Problem("entry-form", message, help=f"write `{cls.entry}: {{{cls._by_name()}}}`"))
        try:
            return cls.read({cls.first: value})
        except Invalid as invalid:
            missing = [problem for problem in invalid.problems if problem.about]
            raise Invalid(*(missing or invalid.problems)) from None

    @classmethod
    def _by_name(cls) -> str:
        """The arguments that have to be given; without such, the first ones of its own."""
        needed = [name for name, field in cls.model_fields.items() if field.is_required()]
        inherited = getattr(cls.__base__, "model_fields", {})
        names = [name for name in cls.model_fields if name not in ("trainable", "seed")]
        own = [name for name in names if name not in inherited] or names
        return ", ".join(f"{name}: …" for name in needed or own[:2])

    def changed(self) -> dict[str, Any]:
        """The arguments that differ from their defaults, in the order declared."""
        fields = type(self).model_fields
        values = ((name, getattr(self, name), field) for name, field in fields.items())
        return {name: value for name, value, field in values if value != field.get_default(call_default_factory=True)}


def snake_case(name: str) -> str:
    """`MaxPooling2D` → `max_pooling2d`, as Keras does it."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def split_entry(value: Any, kind: str) -> tuple[str, Any]:
    """An entry's name and what stands after it. Raises `Invalid` where `value` is no entry."""
    sure: str | None = None
    match value:
        case str() if value:
            return value, None
        case Mapping() if len(value) == 1:
            ((name, arguments),) = value.items()
            return name, arguments
        case Mapping() if len(value) > 1:
            key = next((key for key in _NAMED_BY if isinstance(value.get(key), str)), None)
            if key is not None:
                rest = [(name, inner) for name, inner in value.items() if name != key]
                listed = ", ".join(f"{name}: {_bare(inner)}" for name, inner in rest)
                message = f"{one(kind)} stands under its own name, not under `{key}:`"
                written = f"{{{value[key].lower()}: {{{listed}}}}}"
                plain = not any(isinstance(inner, list | tuple | Mapping) for _, inner in rest)
                help = f"write `{written}`"
                raise Invalid(Problem("entry-form", message, (key,), True, help, written if plain else None))
            names = " and ".join(f"`{name}`" for name in list(value)[:3])
            (first, nothing), *rest = value.items()
            listed = ", ".join(f"{name}: {_bare(inner)}" for name, inner in rest)
            plain = nothing is None and not any(isinstance(inner, list | tuple | Mapping) for _, inner in rest)
            message = f"one {kind} is wanted here, but {names} stand side by side"
            help = f"write one {kind} an item; indent its arguments below its name"
            help = f"indent `{rest[0][0]}` below `{first}:`" if plain else help
            written = f"{{{first}: {{{listed}}}}}"
            place = (list(value)[1],)
            raise Invalid(Problem("entry-two-names", message, place, True, help, written if plain else None))
        case float() if kind == "regularizer":
            sure = f"{{l2: {value}}}"
        case [str(name)]:
            sure = name
    help = f"write the name of {one(kind)}" + "; several outputs take a mapping by their names" * (kind == "loss")
    help = help if sure is None else f"write `{sure}`"
    raise Invalid(Problem("entry-form", f"{shown(value)} is no {kind}", help=help, replacement=sure))


def one(kind: str) -> str:
    """`a layer`, `an optimizer`."""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def read_entry(value: Any, vocabulary: Vocabulary) -> Entry:
    """Read one entry. Raises `Invalid` with every problem, each path starting with the entry's name."""
    name, arguments = split_entry(value, vocabulary.kind)
    try:
        return find(name, vocabulary).read_value(arguments)
    except Invalid as invalid:
        raise invalid.below(name) from None


def find(name: str, vocabulary: Vocabulary) -> type[Entry]:
    """The class that `name` means. Raises `Invalid` with what it may have been meant to be."""
    if name in vocabulary:
        return vocabulary[name]
    problem = unknown(name, vocabulary, f"no {vocabulary.kind} is called `{name}`", "unknown-" + vocabulary.kind)
    plain = plain_name(name)
    written = ": ".join(WRITTEN.get(plain, ())) if WRITTEN.get(plain, ("",))[0] in vocabulary else None
    if vocabulary.kind == "data source" and name.endswith(".npz"):
        written = f"npz: {name}"
    if "(" in name:
        from cnnspec.language.foreign import called

        written = called(name, vocabulary)
    if written:
        help = f"write `{{{written}}}`" if ":" in written else f"write `{written}`"
        problem = replace(problem, help=help, replacement=written)
    absent = {"layer": ABSENT, "callback": NO_CALLBACKS}.get(vocabulary.kind, {})
    if plain in absent and not problem.replacement:
        problem = replace(problem, help=absent[plain], reason="elsewhere" if plain in SCHEDULED else None)
    if problem.help is None:
        listed = ", ".join(f"`{word}`" for word in [*vocabulary][:20])
        problem = replace(problem, help=f"there are: {listed}" + ", …" * (len(vocabulary) > 20))
    raise Invalid(problem)


def unknown(name: str, known: Any, message: str, code: str, path: Path = ()) -> Problem:
    """The problem of a name that is not known, with the nearest one."""
    code = code.replace(" ", "-")
    several = re.split(r", *| +", name)
    alone = any(same_word(name, word) for word in islice(known, 400))
    if len(several) > 1 and not alone and all(nearest(part, known) for part in several):
        return Problem(code, message, path, True, f"write a list: `[{', '.join(several)}]`")
    found = _WORD.fullmatch(name)
    word, rest = found.groups() if found else (name, "")
    guess = word if word in known else nearest(word, known) if rest.strip()[:1] in tuple(":=({") else None
    if rest and guess:
        return Problem(code, message, path, True, *_mended(guess, rest), guess=guess)
    guess = nearest(name, known)
    help = f"did you mean `{guess}`?" if guess else None
    return Problem(code, message, path, True, help, meant(name, known), guess=guess)


def _mended(word: str, rest: str) -> tuple[str, str | None]:
    """What to write for `filters:32`, `dropout 0.5` or `l2(0.01)`, and the text that mends it, where it is sure."""
    rest = rest.strip() if rest.strip()[0] in ":=({" else rest
    sign, value = rest[0], rest[1:].removesuffix(")").strip()
    plain = _VALUE.fullmatch(value)
    mended = f"{word}: {value}" if plain else None
    if sign == "{":
        return f"put a `:` behind the name: `{word}: {{…}}`", None
    if sign == "(":
        arguments = _call(value)
        if arguments is not None:
            mended = f"{word}: {arguments}" if arguments else word
        return f"write `{mended}`" if mended else f"write `{{{word}: …}}`", mended
    if sign == ":":
        return f"put a space behind the `:`, as in `{mended or word + ': …'}`", mended
    if sign == "=":
        return f"write `{mended or word + ': …'}`", mended
    return f"put a `:` behind the name: `{mended or word + ': …'}`", mended


def _call(arguments: str) -> str | None:
    """`filters=32, kernel_size=3` as a mapping; None where it does not read so."""
    pairs = [_ARGUMENT.fullmatch(part.strip()) for part in arguments.split(",")] if arguments else []
    if not all(pairs):
        return None
    written = (f"{pair[1]}: {_PYTHON.get(pair[2], pair[2])}" for pair in pairs if pair)
    return f"{{{', '.join(written)}}}" if pairs else ""


@dataclass(frozen=True)
class Nested:
    """Reads an entry of `vocabulary` where a field holds one."""

    vocabulary: Vocabulary

    def __call__(self, value: Any) -> Any:
        if value is None or isinstance(value, Entry):
            return value
        try:
            return read_entry(value, self.vocabulary)
        except Invalid as invalid:
            raise PydanticCustomError("nested", "nested", {"problems": invalid.problems}) from None


def vocabulary_of(cls: type[Entry], field: str) -> Vocabulary | None:
    """The entries that a field of `cls` takes."""
    metadata = cls.model_fields[field].metadata if field in cls.model_fields else []
    readers = (item.func for item in metadata if isinstance(item, BeforeValidator))
    return next((reader.vocabulary for reader in readers if isinstance(reader, Nested)), None)


def nested(vocabulary: Vocabulary) -> BeforeValidator:
    """A field that holds an entry of another vocabulary."""
    return BeforeValidator(Nested(vocabulary))


def refuse(
    code: str, message: str, help: str | None = None, *, at: str = "", mend: str | None = None
) -> PydanticCustomError:
    """What a validator raises for a value that is wrong by one of our rules; `at` names the field to point at, `mend`
    is the text that surely belongs in the value's place."""
    return PydanticCustomError(code, "{message}", {"message": message, "help": help, "at": at, "mend": mend})


def shown(value: Any) -> str:
    """A value as a message shows it: text and words in backticks, with what it is where that is the mistake."""
    match value:
        case None:
            return "nothing (`null`)"
        case bool():
            return f"`{str(value).lower()}`"
        case str():
            text = value if len(value) <= 40 else value[:39] + "…"
            return f"the text `{text}`"
        case list() | tuple():
            text = "[" + ", ".join(_bare(item) for item in value[:6]) + (", …]" if len(value) > 6 else "]")
            return f"the list `{text}`"
        case Mapping():
            return "a mapping"
    return f"`{_bare(value)}`"


def _bare(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return f"{value:.1f}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple):
        return "[…]"
    if isinstance(value, float):
        return f"{value:.12g}"
    return "{…}" if isinstance(value, Mapping) else str(value)

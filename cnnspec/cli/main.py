"""The `cnnspec` command: a group whose commands are loaded when they are called."""

from __future__ import annotations

import errno
import gc
import importlib
import io
import os
import sys
from contextlib import suppress
from typing import Any, NoReturn

import click

from cnnspec import __version__

_COMMANDS = {
    "validate": "check that every tensor fits, without a framework",
    "summary": "the table of layers: formula, shape, parameters, multiply-adds",
    "code": "the network as Keras source: functions, loops and build_model()",
    "train": "train a spec on its data",
    "evaluate": "judge a trained run: metrics, confusions, calibration",
    "predict": "classes, masks or values for images",
    "generate": "images from the generator of a GAN",
    "new": "start a spec from a template",
    "layers": "the reference: every layer, block and setting",
    "explain": "what an error or a warning means, and how to mend it",
    "schema": "the language as JSON Schema, for editors",
    "lsp": "the language server, for editors",
    "import": "a Keras model as a spec: a .keras file, or keras.applications:NAME",
}

_MODULES = {"import": "import_"}
"""Commands whose module is called otherwise: Python keeps the word for itself."""

INTERNAL = 70

# Start-up is mostly the making of classes: nothing to collect, and no plug-ins of Pydantic to look for.
gc.disable()
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"cnnspec.cli.{_MODULES.get(cmd_name, cmd_name)}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        from cnnspec.language.suggest import nearest

        name = args[0]
        if not name.startswith("-") and name not in _COMMANDS:
            guess = nearest(name, _COMMANDS)
            ctx.fail(f"no command is called `{name}`" + (f"; did you mean `{guess}`?" if guess else ""))
        return super().resolve_command(ctx, args)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="cnnspec")
def cli() -> None:
    """Convolutional networks as short YAML specs: checked at once, trained properly."""


def main() -> None:
    """The entry point. Exit codes: 0 fine, 1 the spec is wrong, 2 usage or a file that cannot be read or written,
    3 training or data failed, 70 internal error, 130/143 interrupted."""
    if "_CNNSPEC_COMPLETE" in os.environ:
        cli(prog_name="cnnspec")
    _open_streams()
    _leave(_run())


def _run() -> int:
    """Run the command; its exit code."""
    try:
        with cli.make_context("cnnspec", sys.argv[1:]) as context:
            code = cli.invoke(context)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as exit:
        return exit.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        _interrupted()
    except BrokenPipeError:
        _close_quietly()
        return 0
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            click.echo("Error: cannot write the result: the disk is full", err=True)
            _close_quietly()
            return 2
        if isinstance(error, ModuleNotFoundError) and _missing(error):
            return 2
        _internal_error(error)
        return INTERNAL


def _interrupted() -> NoReturn:
    """End at once: a second Ctrl-C shall not find us tearing down a framework."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):
        click.echo("interrupted", err=True)
        sys.stdout.flush()
    os._exit(130)


def _leave(code: int) -> NoReturn:
    """End the process. Where only a spec was checked nothing needs to be torn down, which would take a quarter of
    the time; where training was interrupted, whoever did it waits."""
    if "keras" in sys.modules and code not in (130, 143):
        sys.exit(code)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = code or 2
    os._exit(code)


def _open_streams() -> None:
    """Put nothing in the place of closed standard streams: else the next file to be opened gets what is printed."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    sys.stdin, sys.stdout, sys.stderr = (
        stream or open(os.devnull, mode)  # noqa: SIM115, PTH123
        for stream, mode in ((sys.stdin, "r"), (sys.stdout, "w"), (sys.stderr, "w"))
    )
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # × and ⌊ on a terminal without Unicode


def _close_quietly() -> None:
    """Keep the interpreter from complaining about the closed pipe when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _missing(error: ModuleNotFoundError) -> bool:
    """Say what is not installed, where cnnspec needs it: not every environment has all."""
    from cnnspec.requirements import package

    needed = package(error.name or "")
    if needed:
        click.echo(
            f"Error: {needed} is not installed, which this command needs\n  help: pip install {needed}", err=True
        )
    return needed is not None


def _internal_error(error: Exception) -> None:
    """Say that this is our mistake, and leave the traceback in a file to report."""
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile("w", prefix="cnnspec-error-", suffix=".txt", delete=False) as file:
        file.write(f"cnnspec {__version__}, Python {sys.version}\n\n")
        file.write("".join(traceback.format_exception(error)))
    click.echo(
        f"internal error: this is a mistake in cnnspec, not in your spec ({type(error).__name__}).\n"
        f"Please report it with this file: {file.name}",
        err=True,
    )

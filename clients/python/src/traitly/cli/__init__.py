"""The command line tool ``traitly``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from traitly._version import __version__
from traitly.cli import commands, transfer
from traitly.cli.output import Failure
from traitly.errors import TraitlyError

DESCRIPTION = "Customers and their events, on your Traitly server."
ENDING = (
    "TRAITLY_URL and TRAITLY_API_KEY, where they are set, go before what `traitly login` saved."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; gives the exit status: 0, 1 for a failure, 2 for a wrong command line, 130 when interrupted."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (TraitlyError, Failure) as error:
        print(f"traitly: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `traitly customers | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="traitly", description=DESCRIPTION, epilog=ENDING)
    parser.add_argument("--version", action="version", version=f"traitly {__version__}")
    subparsers = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    commands.add_to(subparsers)
    transfer.add_to(subparsers)
    return parser

#!/usr/bin/env python3
"""Entry of every command. Builds its own environment first, so any Python from 3.11 on will do."""

import os
import sys

if sys.version_info < (3, 11):
    sys.exit(
        "Parley needs Python 3.11 or newer; this is Python %s (%s)."
        % (sys.version.split()[0], sys.executable)
    )

from stack import bootstrap, cli, environment


def main():
    bootstrap.enter(sys.argv)
    if cli.owns(sys.argv[1:]):
        sys.exit(cli.run(sys.argv[1:]))
    environment.load()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

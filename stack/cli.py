"""The commands that run before Django: they start it as their child, so they stay small and quick."""

from __future__ import annotations

USAGE = """Parley

  python manage.py up              start everything and print the address  (--port N, --only chain)
  python manage.py verify          check everything                        (--fast, --deep)
  python manage.py bench           list the measurements, or run one       (NAME --json)
  python manage.py devnet          forward 3d | reset
  python manage.py help            all of Django's commands"""


def owns(arguments: list[str]) -> bool:
    """Whether the command is one of ours rather than Django's."""
    return not arguments or arguments[0] in {"up", "verify"}


def run(arguments: list[str]) -> int:
    """Run the command; the answer is the process's exit code."""
    if not arguments:
        print(USAGE)
        return 0
    if arguments[0] == "up":
        from stack.up import main
    else:
        from stack.verify import main
    return main(arguments[1:])

"""`python -m sunwai`: the same as the command `sunwai`. A role loads only itself, to be back sooner after a fall."""

import sys

from sunwai.roles import ROLES

if sys.argv[1:2] and sys.argv[1] in ROLES:
    from sunwai.role_process import main
else:
    from sunwai.cli import main

if __name__ == "__main__":
    raise SystemExit(main())

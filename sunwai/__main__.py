"""`python -m sunwai`: the same as the command `sunwai`; the parent starts its children this way."""

from sunwai.cli import main

if __name__ == "__main__":
    raise SystemExit(main())

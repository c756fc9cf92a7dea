"""The front door: settings, wiring, the command line, set-up, the parent process and the worker."""

__version__ = "2026.11.0"

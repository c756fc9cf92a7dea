"""The roles: a module for each process of the line, imported in that process alone so that it starts quickly.

Each has `async def run(line: Line) -> None`, which works until it is cancelled and leaves callers where they are.
"""

ROLES = ("controller", "console", "notifications", "worker")

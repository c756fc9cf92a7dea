"""The roles: a module for each process of the line, imported in that process alone so that it starts quickly.

Each has `async def run(line: Line, word: Word) -> None`, which works until it is cancelled and leaves callers where
they are. `word` is awaited once, with everything loaded and before anything outside is touched: a spare waits in it.
"""

ROLES = ("controller", "console", "notifications", "worker", "recogniser")

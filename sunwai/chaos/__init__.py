"""`make chaos`: a line of its own under load, while its processes are killed and stopped; then the books are judged.

How to read what it prints: docs/chaos.md.
"""

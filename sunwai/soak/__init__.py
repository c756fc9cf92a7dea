"""`sunwai soak`: a line of its own under a steady load for minutes; its memory must stay flat, and nothing be left.

Docs: docs/soak.md.
"""

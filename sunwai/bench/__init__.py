"""`make bench`: our line beside a native dialplan of the same flow, interleaved, under sipp on one machine.

It measures and prints; it asserts nothing about speed. How to read it: docs/bench.md.
"""

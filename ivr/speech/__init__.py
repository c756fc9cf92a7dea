"""What callers say: Vosk in processes of its own, and the ears that bring it a caller's sound.

`service` is such a process, with `engine` and `stream` inside; `wire` is what passes between it and a controller, whose
side is `recognisers` (the processes) and `ears` (one caller). `models` looks at a model's folder before anybody speaks.
"""

"""How we talk: flows as data, the walker, the spoken words, and who gets the next call. Pure."""

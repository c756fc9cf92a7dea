"""Written messages: takes them from the outbox, puts them into registered words, sends them, notes the outcome."""

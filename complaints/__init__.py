"""How we treat a complaint: records, the table of legal moves, ladders, clocks and the desk that decides. Pure."""

"""The web: what agents, supervisors and officers see and may do, as an HTTP API, one WebSocket per page and a page."""

"""The telephone: the ARI client, one call, the loop that talks, holding, callbacks, the agents' phones."""

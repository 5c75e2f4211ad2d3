"""Is what is stored what the log says? A replay beside the live data, and a recount of its rows all the time."""

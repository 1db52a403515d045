"""Pure parts of the round: phases, windows, ready configurations, limits of budget heads."""

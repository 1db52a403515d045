"""The competition round: windows, budget, themes, published rules."""

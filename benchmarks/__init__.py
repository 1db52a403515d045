"""Speed, shown as ratios in one run: `make bench`."""

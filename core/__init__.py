"""Building blocks without business words: errors, money, clock, documents."""

"""Which deadlines are near and who must hear of them."""

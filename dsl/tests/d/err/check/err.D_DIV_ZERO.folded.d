BEGIN { trace(5 / (3 - 3)); }

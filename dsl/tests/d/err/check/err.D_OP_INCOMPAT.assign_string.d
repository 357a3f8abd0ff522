BEGIN { x = "s"; x = 5; }

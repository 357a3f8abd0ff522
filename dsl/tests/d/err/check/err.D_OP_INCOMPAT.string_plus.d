BEGIN { x = "s"; x += "t"; }

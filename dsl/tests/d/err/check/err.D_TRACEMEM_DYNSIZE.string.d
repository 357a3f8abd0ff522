BEGIN { tracemem(arg0, 4, "x"); }

BEGIN { tracemem((void)0, 4); }

BEGIN { a["x"] = 2; trace(a[5]); }
